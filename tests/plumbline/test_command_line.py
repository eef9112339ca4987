"""The program as an operator meets it: a process, its output, its exit status."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from plumbline.embedded import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("PLUMBLINE_")}


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        yield Path(folder)


def plumbline(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "plumbline", *words],
        env={**ENVIRON, **environ}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_run_starts_everything_tells_it_and_ends_it_again(data: Path, tmp_path: Path, stop: signal.Signals) -> None:
    log = tmp_path / "output"
    with socket.create_server(("127.0.0.1", 0)) as taken, log.open("w") as output:
        port = taken.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "plumbline", "run", "--data", str(data), "--port", str(port)],
            env=ENVIRON, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            url = address_of(process, data, log)
            assert httpx.get(f"{url}/health").status_code == 200
            children = [
                processes.pid_in(data / "objects" / "weed.pid"),
                processes.pid_in(data / "postgresql" / "cluster" / "postmaster.pid"),
            ]
            assert plumbline("doctor", "--data", str(data)).returncode == 0
            second = plumbline("run", "--data", str(data))
            assert second.returncode == 1
            assert "in use by another Plumbline" in second.stderr
        finally:
            process.send_signal(stop)
            status = process.wait(timeout=60)
    told = log.read_text()
    assert status == 0, told
    assert f"port {port} is taken" in told
    assert f"walkthrough --data {data}" in told
    assert [pid for pid in children if pid is None or processes.command_line(pid)] == []
    assert not (data / "server.url").exists()


def test_a_misspelled_setting_is_one_clear_line() -> None:
    answer = plumbline("run", PLUMBLINE_PROT="1")
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == ["✗ PLUMBLINE_PROT is not a setting. Did you mean PLUMBLINE_PORT?"]


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_command_for_configured_servers_says_so(command: str) -> None:
    answer = plumbline(command)
    assert answer.returncode == 1
    assert "PLUMBLINE_DATABASE_URL is not set" in answer.stderr


def test_an_unreachable_database_is_one_clear_line() -> None:
    answer = plumbline(
        "migrate", PLUMBLINE_DATABASE_URL="postgresql://r:geheim@127.0.0.1:1/d",
        PLUMBLINE_S3_ENDPOINT="http://127.0.0.1:1", PLUMBLINE_S3_ACCESS_KEY="a", PLUMBLINE_S3_SECRET_KEY="s",
    )  # fmt: skip
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert "plumbline doctor" in answer.stderr
    assert "geheim" not in answer.stderr


def test_doctor_names_every_fault_with_its_remedy() -> None:
    answer = plumbline(
        "doctor", PLUMBLINE_DATABASE_URL="postgresql://r:geheim@127.0.0.1:1/d",
        PLUMBLINE_S3_ENDPOINT="http://127.0.0.1:1", PLUMBLINE_S3_ACCESS_KEY="a", PLUMBLINE_S3_SECRET_KEY="s",
    )  # fmt: skip
    assert answer.returncode == 1
    faults = [line for line in answer.stdout.splitlines() if line.startswith("✗")]
    remedies = [line for line in answer.stdout.splitlines() if line.strip().startswith("→")]
    assert [line.split(":")[0] for line in faults] == ["✗ database", "✗ object store"]
    assert len(remedies) == 2
    assert "geheim" not in answer.stdout + answer.stderr


def test_a_walkthrough_without_a_server_says_how_to_start_one(data: Path) -> None:
    answer = plumbline("walkthrough", "--data", str(data))
    assert answer.returncode == 1
    assert "Start `plumbline run`" in answer.stderr


def address_of(process: subprocess.Popen[bytes], data: Path, output: Path) -> str:
    for _ in range(600):
        if (data / "server.url").exists() and "Next" in output.read_text():
            return (data / "server.url").read_text().strip()
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    raise AssertionError(output.read_text())
