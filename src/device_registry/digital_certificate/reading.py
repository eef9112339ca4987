"""From the bytes of a digital calibration certificate to what it says, by a process that lives for this one file.

XML of strangers is parsed as their pictures and spreadsheets are (decision 0008): by a C library that has had its
holes, so in a process with no file, no socket, little memory and little time.
"""

import subprocess
import sys
from datetime import datetime
from mmap import mmap
from pathlib import Path

import anyio
import msgspec
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from cryptography.x509 import load_pem_x509_certificates

from device_registry.digital_certificate.model import MANIPULATED, DigitalCertificate, Request
from device_registry.problems import DigitalCertificateManipulated, DigitalCertificateUnreadable
from foundation.confinement import bare_environment
from foundation.problem import Spoken

MAX_FILE_BYTES = 8 << 20
"""Published certificates have 20 to 300 kB; some carry pictures or a printable copy."""
WORKER_SECONDS = 60
"""Wall time, generous because a busy machine is not the file's fault; the worker ends itself by its CPU time."""
WORKERS = 2
SUFFIXES = (".pem", ".crt", ".cer")


async def read(content: bytes | mmap, trust: bytes, now: datetime) -> DigitalCertificate:
    """What the certificate says. Raises DigitalCertificateUnreadable, DigitalCertificateManipulated.

    `trust`: certificates (PEM) that vouch for signers.
    """
    if len(content) > MAX_FILE_BYTES:
        raise _unreadable("too-much")
    request = msgspec.msgpack.encode(Request(content[:], trust, now))
    command = [sys.executable, "-P", "-m", "device_registry.digital_certificate.worker"]
    try:
        async with _limiter():
            with anyio.fail_after(WORKER_SECONDS):
                ended = await anyio.run_process(
                    command, input=request, check=False, stderr=subprocess.DEVNULL, env=bare_environment()
                )
    except TimeoutError as error:
        raise _unreadable("too-much") from error
    if ended.returncode != 0:
        raise _unreadable("too-much")
    answer = msgspec.msgpack.decode(ended.stdout, type=DigitalCertificate | str)
    if answer == MANIPULATED:
        raise DigitalCertificateManipulated(field="file")
    if isinstance(answer, str):
        raise _unreadable(answer)
    return answer


def trusted_certificates(path: str) -> bytes:
    """The certificates of a PEM file, or of every file in a folder with one of SUFFIXES; none for an empty path.

    Those that issued themselves are anchors, others help to build chains to them or are trusted as signers themselves.
    Raises ValueError, OSError.
    """
    if not path:
        return b""
    place = Path(path)
    files = sorted(file for file in place.iterdir() if file.suffix in SUFFIXES) if place.is_dir() else [place]
    pem = b"\n".join(file.read_bytes() for file in files)
    load_pem_x509_certificates(pem)
    return pem


def _unreadable(why: str) -> DigitalCertificateUnreadable:
    return DigitalCertificateUnreadable(field="file", why=Spoken(f"digital-certificate.{why}", bytes=MAX_FILE_BYTES))


_slots: RunVar[CapacityLimiter] = RunVar("digital certificate slots")


def _limiter() -> CapacityLimiter:
    """One an event loop, because a limiter belongs to its loop."""
    try:
        return _slots.get()
    except LookupError:
        _slots.set(CapacityLimiter(WORKERS))
        return _slots.get()
