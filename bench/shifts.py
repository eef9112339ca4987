"""The end of a shift: many phones come back at once, and one comes back to a slow line with gigabytes waiting.

Both are phones of `plumbline phone-simulator`, which keep the order that docs/api/phone.md asks for.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random
from time import perf_counter

import aiohttp
import msgspec
from rich.console import Console
from rich.table import Table

from bench.look_ups import opened, signed_in
from bench.plan import SHIFT, Plan
from bench.servers import Server, Stage
from foundation.database import Database
from plumbline.phone_simulator import shift
from plumbline.phone_simulator.officers import SimulatedOfficer
from plumbline.phone_simulator.phone import Phone
from plumbline.phone_simulator.plan import NONE
from plumbline.phone_simulator.plan import Plan as Run
from plumbline.phone_simulator.run import run
from plumbline.phone_simulator.tally import Tally, percentiles
from plumbline.walkthrough.receipts import ReceiptKeys

PIECE = 1024
"""Bytes that pass the slow line at a time: an eighth of a second."""


class SlowLine(msgspec.Struct, frozen=True):
    """A phone with `queued_mb` waiting. Seconds from its return, as the phone sees it, over both directions of the
    line; bytes are those that had gone up by then.
    """

    bits_per_second: int
    inspections: int
    operations: int
    commitments: int
    queued_mb: float
    operations_seconds: float
    facts_seconds: float
    sent_bytes: int
    missing: int
    """Facts that are not in the database at that moment."""


class Goal(msgspec.Struct, frozen=True):
    name: str
    most: float
    reached: float

    @property
    def met(self) -> bool:
        return self.reached <= self.most


class Shift(msgspec.Struct, frozen=True):
    """`requests`: of each kind how many, and the 50th and 95th percentile of their seconds, as the phones see it."""

    phones: int
    inspections: int
    photographs: int
    facts: int
    facts_seconds: float
    seconds: float
    requests: dict[str, tuple[int, float, float]]
    lost: int
    refused: int
    slow: SlowLine
    goals: list[Goal]


async def measured(on: Stage, plan: Plan, say: Callable[[str], None]) -> Shift:
    size = Run(
        phones=plan.shift_phones, inspections=plan.shift_inspections, photographs=plan.shift_photographs,
        window_seconds=plan.shift_window_seconds,
    )  # fmt: skip
    async with opened(on) as database, on.api() as api:
        async with signed_in(database, size.phones) as officers:
            tally = await run([api.url], officers, size)
        say(f"{SHIFT}: {size.phones} phones handed in {tally.facts} facts, {tally.photographs} photographs")
        async with signed_in(database, 1) as (officer,):
            slow = await _slow_line(database, api, officer, plan)
        say(f"{SHIFT}: {slow.operations + slow.commitments} facts in {slow.facts_seconds:.1f} s on a slow line")
    requests = {
        kind: (len(times), *percentiles(times)[:2]) for kind, times in sorted(tally.times.items())
    }  # fmt: skip
    goals = [
        Goal("p95 of a pull, s", 0.2, requests["GET changes"][2]),
        Goal("lost, there twice, or without a receipt", 0, len(tally.faults)),
        Goal("refused wrongly", 0, len(tally.refused)),
        Goal(f"facts on {slow.bits_per_second // 1000} kbit/s, s", 60, slow.facts_seconds),
        Goal("facts missing then", 0, slow.missing),
    ]
    return Shift(
        size.phones, size.inspections, size.photographs, tally.facts, tally.facts_seconds, tally.seconds, requests,
        len(tally.faults), len(tally.refused), slow, goals,
    )  # fmt: skip


def show(out: Console, found: Shift) -> None:
    title = f"{SHIFT}: {found.phones} phones, each {found.inspections} inspections, {found.photographs} photographs"
    table = Table("request", title=title, title_justify="left")
    for heading in ("answered", "p50 ms", "p95 ms"):
        table.add_column(heading, justify="right")
    for kind, (number, half, most) in found.requests.items():
        table.add_row(kind, f"{number:,}", f"{half * 1000:.0f}", f"{most * 1000:.0f}")
    out.print(table)
    slow = found.slow
    facts = f"{found.facts:,} facts, all in after {found.facts_seconds:.1f} s; everything after {found.seconds:.1f} s"
    waiting = (
        f"{slow.queued_mb:,.0f} MB waiting on {slow.bits_per_second // 1000} kbit/s: {slow.operations} operations of "
        f"{slow.inspections} inspections in after {slow.operations_seconds:.1f} s, with {slow.commitments} commitments "
        f"after {slow.facts_seconds:.1f} s, {slow.sent_bytes / 1000:.0f} kB sent"
    )
    for line in (facts, waiting):
        out.print(line, highlight=False, soft_wrap=True)
    goals = Table("goal", "reached", "met", title=f"{SHIFT}: goals", title_justify="left")
    for goal in found.goals:
        met = "[green]yes[/]" if goal.met else "[red]no[/]"
        goals.add_row(f"{goal.name} ≤ {goal.most:g}", f"{goal.reached:.3g}", met)
    out.print(goals)


async def _slow_line(database: Database, api: Server, officer: SimulatedOfficer, plan: Plan) -> SlowLine:
    """The phone is switched off once its facts are in: what waits behind them would take three days."""
    size = Run(
        inspections=plan.shift_inspections, photographs=plan.shift_photographs,
        photograph_bytes=plan.queue_bytes // plan.shift_photographs, trouble=NONE,
    )  # fmt: skip
    tally, tls = Tally(), ssl.create_default_context()
    async with (
        aiohttp.ClientSession(api.url) as http,
        http.get("/.well-known/plumbline-receipt-keys.json", raise_for_status=True) as answer,
    ):
        keys = ReceiptKeys(await answer.json())
    async with _line(api, plan.slow_bits_per_second / 8) as line:
        phone = Phone(officer, line.url, tls, size, Random(size.seed), keys, tally)
        try:
            anchor = await phone.anchor()
            await asyncio.to_thread(shift.work, officer, phone.store, anchor, size, 0)
            operations, commitments = len(phone.store.waiting), len(phone.store.photographs)
            facts_are_in, came = asyncio.Event(), list[float]()
            line.sent, began = 0, perf_counter()

            def told() -> None:
                came.append(perf_counter() - began)
                facts_are_in.set()

            tally.times.clear()
            handing_in = asyncio.create_task(phone.hand_in(told))
            waiting = asyncio.create_task(facts_are_in.wait())
            await asyncio.wait([handing_in, waiting], return_when=asyncio.FIRST_COMPLETED)
            sent = line.sent
            there = await _facts_of(database, officer)
            for task in (waiting, handing_in):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await handing_in
        finally:
            await phone.close()
    return SlowLine(
        plan.slow_bits_per_second, size.inspections, operations, commitments,
        sum(one.size for one in phone.store.photographs) / 1e6,
        sum(tally.times["POST operations"]), came[0], sent, operations + commitments - there,
    )  # fmt: skip


async def _facts_of(database: Database, officer: SimulatedOfficer) -> int:
    async with database.connection() as db:
        there: int = await db.fetchval(
            """
            select (select count(*) from inspection_operation where phone_id = $1)
                 + (select count(*) from evidence where phone_id = $1)
            """,
            officer.phone_id,
        )
    return there


class _Line:
    """A connection to the server that carries so many bytes a second in each direction, all connections together."""

    def __init__(self, bytes_per_second: float) -> None:
        self.url, self.sent = "", 0
        self._rate, self._free_at = bytes_per_second, {"up": 0.0, "down": 0.0}

    async def carry(self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while piece := await reader.read(PIECE):
            self._free_at[way] = max(loop.time(), self._free_at[way]) + len(piece) / self._rate
            await asyncio.sleep(self._free_at[way] - loop.time())
            writer.write(piece)
            await writer.drain()
            self.sent += len(piece) if way == "up" else 0


@asynccontextmanager
async def _line(api: Server, bytes_per_second: float) -> AsyncIterator[_Line]:
    line, carrying = _Line(bytes_per_second), set[asyncio.Task[None]]()
    host, port = api.url.removeprefix("http://").split(":")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, int(port))
        both = [
            asyncio.create_task(line.carry("up", reader, to_server)),
            asyncio.create_task(line.carry("down", from_server, writer)),
        ]
        carrying.update(both)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        for end in (writer, to_server):
            end.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
