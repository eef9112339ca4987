"""What a turn costs each process, read from /proc (Linux)."""

import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

TICK = os.sysconf("SC_CLK_TCK")


class Pids(NamedTuple):
    """Roots of process trees: the server under test, PostgreSQL and the object store."""

    server: int
    database: int
    store: int


class Cost(msgspec.Struct, frozen=True):
    """Wall and CPU seconds. `resident_mb` is the highest of the server process, `workers_mb` that of its children."""

    seconds: float
    server_cpu: float
    database_cpu: float
    store_cpu: float
    client_cpu: float
    resident_mb: float
    workers_mb: float


class Meter:
    """`with Meter(pids) as meter: ...` and then `meter.cost`."""

    cost: Cost
    """Set at the end of the block."""

    def __init__(self, pids: Pids) -> None:
        self._pids = pids

    def __enter__(self) -> Self:
        for pid in family(self._pids.server):
            forget_peak(pid)
        self._before = [cpu_seconds(root) for root in self._pids]
        self._client_before = sum(os.times()[:2])
        self._began = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = perf_counter() - self._began
        server_cpu, database_cpu, store_cpu = (
            cpu_seconds(root) - before for root, before in zip(self._pids, self._before, strict=True)
        )
        server, *workers = family(self._pids.server)
        self.cost = Cost(
            seconds,
            server_cpu,
            database_cpu,
            store_cpu,
            sum(os.times()[:2]) - self._client_before,
            peak_mb(server),
            sum(peak_mb(pid) for pid in workers),
        )


def cpu_seconds(root: int) -> float:
    """Of a process, its living descendants, and those that have ended and been waited for."""
    ticks = 0
    for pid in family(root):
        fields = _stat(pid)
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICK


def family(root: int) -> list[int]:
    """The process and its living descendants, itself first."""
    parents = {
        int(folder.name): _parent(int(folder.name)) for folder in Path("/proc").iterdir() if folder.name.isdigit()
    }
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def children_called(name: str) -> Iterator[int]:
    """Direct children of this process whose program has that name."""
    for pid in family(os.getpid())[1:]:
        if _parent(pid) == os.getpid() and Path(f"/proc/{pid}/comm").read_text().strip() == name:
            yield pid


def resident_mb(pid: int) -> float:
    return _status_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """The most that was resident since `forget_peak`."""
    return _status_mb(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # proc(5): resets VmHWM


def _stat(pid: int) -> list[str]:
    """Fields of proc(5) stat from the third on: the second may hold spaces. Zeros for a process that has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 50


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _status_mb(pid: int, name: str) -> float:
    """0 for a process that has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:")), 0.0)
