"""A confined process can neither open, nor connect, nor grow; and it never hears of our secrets."""

import subprocess
import sys

import pytest

from foundation.confinement import bare_environment

CONFINED = """
import os, socket, tempfile
from foundation.confinement import confine
confine(300 << 20)
def tried(what):
    try:
        what()
    except (OSError, MemoryError) as error:
        print(type(error).__name__)
    else:
        print("done")
tried(lambda: open("/dev/null"))
tried(lambda: socket.socket())
tried(lambda: bytes(400 << 20))
tried(lambda: bytes(1 << 20))
print(sorted(name for name in os.environ if "PLUMBLINE" in name))
"""


def test_what_a_confined_process_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_S3_SECRET_KEY", "secret")
    ended = subprocess.run(
        [sys.executable, "-P", "-c", CONFINED], capture_output=True, check=True, text=True, env=bare_environment()
    )
    assert ended.stdout.split("\n") == ["OSError", "OSError", "MemoryError", "done", "[]", ""]
