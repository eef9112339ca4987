"""The harness comes out whole; what it measures in a smoke run means nothing."""

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from bench import load
from bench.plan import (
    BARE,
    BARE_SIGNED_IN,
    GOALS,
    ORM_PAGE,
    OUR_PAGE,
    PULL_ROUTE,
    RAW_LOCKED_PUT,
    RAW_PARTS,
    RAW_PUT,
    STANDING_ROUTE,
    TO_RECEIPT,
    TO_SUBMISSION,
)
from bench.register import Register
from bench.rounds import Section
from bench.shifts import Shift
from bench.table import Judged

ROOT = Path(__file__).parent.parent.parent
CONTENDERS = {
    "photographs": [RAW_PUT, RAW_LOCKED_PUT, TO_RECEIPT, TO_SUBMISSION],
    "videos": [RAW_PARTS, RAW_PUT, TO_RECEIPT],
    "standing": [BARE, BARE_SIGNED_IN, STANDING_ROUTE],
    "pull": [BARE, BARE_SIGNED_IN, PULL_ROUTE],
    "page": [ORM_PAGE, OUR_PAGE],
}


class Result(msgspec.Struct):
    machine: dict[str, object]
    sections: list[Section]
    goals: list[Judged]
    shift: Shift
    register: Register


@pytest.mark.skipif(sys.platform != "linux", reason="costs are read from /proc")
def test_a_quick_run_prints_every_contender_and_goal_and_writes_them(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--results", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    (file,) = tmp_path.iterdir()
    result = msgspec.json.decode(file.read_bytes(), type=Result)
    assert {section.name: [row.contender for row in section.rows] for section in result.sections} == CONTENDERS
    for section in result.sections:
        for row in section.rows:
            assert row.rate.median > 0
            assert set(row.ratios) == set(section.limits)
            assert len(row.turns) == 1
    assert [judged.goal for judged in result.goals] == list(GOALS)
    assert result.machine["cores"]
    assert (result.shift.lost, result.shift.refused, result.shift.slow.missing) == (0, 0, 0)
    assert result.shift.slow.operations_seconds < result.shift.slow.facts_seconds
    assert all(goal.name in run.stdout for goal in result.shift.goals)
    pages = {page.name for page in result.register.pages}
    assert pages >= {"list, first page", "list, deep page", "search, two Chinese characters", "device page"}
    assert all(name in run.stdout for name in pages)
    assert {*result.register.plans} >= {"list, first page", "overdue: how many"}
    works = [work.name for work in result.register.works]
    assert [work.rpartition(" ")[2] for work in works[1:5]] == ["previewed", "written", "previewed", "written"]
    assert works[-1].startswith("roll-up of")
    for section in result.sections:
        assert section.name in run.stdout
    for goal in GOALS:
        assert goal.of in run.stdout


async def test_the_own_client_counts_what_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while b"Authorization: Bearer a" in await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    monkeypatch.setattr("bench.load.shutil.which", lambda _: None)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        report = await load.load(f"http://127.0.0.1:{port}/x", 2, 0.3, ["Bearer a1", "Bearer a2"])
    assert report.requests > 10
    assert 0 < report.p50 <= report.p95
    assert report.failed == 0
