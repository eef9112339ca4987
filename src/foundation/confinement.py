"""For programs of their own that open strangers' files (decision 0008): what they may not do, and are not told."""

import os
import resource
import sys


def confine(memory_bytes: int) -> None:
    """From here on this process opens no file and no socket and writes no core; what is open stays open.

    Whatever will be needed must be loaded, modules and codecs too. `memory_bytes` of address space.
    """
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NOFILE: 0}
    if sys.platform == "linux":  # others refuse or ignore it
        limits[resource.RLIMIT_AS] = memory_bytes
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def bare_environment() -> dict[str, str]:
    """For such a process: where to find the same modules as here, and none of our settings and secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
