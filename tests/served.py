"""The program as an operator starts it, in processes of its own on free ports."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from plumbline.settings import PREFIX, Settings, variable

START_SECONDS = 60


@contextmanager
def served(settings: Settings, log: Path) -> Iterator[str]:
    """`plumbline api` on the servers of these settings; gives its URL. `log` takes what it says."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = msgspec.structs.asdict(settings)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environ |= {variable(name): str(value) for name, value in given.items() if value != ""}
    command = [sys.executable, "-m", "plumbline", "api", "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=subprocess.STDOUT)
        try:
            _await_health(process, f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await_health(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(f"{url}/health", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())
