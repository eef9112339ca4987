"""The register at its size: lists, search, working lists and the device page; imports; a city's roll-up.

Made-up devices fill the demonstration city first (`plumbline synthesize`). Every request of a page alternates with one
of the yardstick, a primary-key SELECT behind the same sign-in, so that both meet the same machine.
"""

import os
import statistics
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any, cast
from uuid import UUID

import aiohttp
import msgspec
from rich.console import Console
from rich.table import Table

from agency import queries as agency
from agency.model import UnitKind
from bench.meter import forget_peak, peak_mb, resident_mb
from bench.plan import IMPORT, REGISTER, ROLL_UP, Plan
from bench.servers import Server, Stage
from device_registry import queries as registry
from device_registry.annual_report import filing, roll_up
from device_registry.annual_report.rules.reporting import REPORTERS, below
from device_registry.queries import Filter, Sort, Verification
from device_registry.working_lists.model import WorkingList
from foundation.civil import day_of
from foundation.clock import SystemClock
from foundation.database import Connection, Database
from foundation.reach import EVERYTHING
from plumbline.synthetic.filling import fill

MANAGER = "device-manager"
DEVICE_HEADINGS = "设备编号,设备类别,出厂编号,型号,制造单位,使用方式,安装地点,经度,纬度,坐标系,建设资金来源,备注\n"
CERTIFICATE_HEADINGS = "设备编号,检定结论,证书编号,检定机构,检定日期,有效期至,检定类型,检定规程\n"
MOST_MS = 50
"""Of server time, for each page."""


class Page(msgspec.Struct, frozen=True):
    """Milliseconds from the request to the last byte, on one connection. `ratio`: to the yardstick's in between."""

    name: str
    path: str
    p50: float
    p95: float
    ratio: float
    kilobytes: int


class Work(msgspec.Struct, frozen=True):
    """`grown_mb`: how much more was resident at the peak than before, in the process that did it."""

    name: str
    seconds: float
    grown_mb: float | None


class Register(msgspec.Struct, frozen=True):
    devices: int
    yardstick_ms: float | None
    pages: list[Page]
    works: list[Work]
    plans: dict[str, list[str]]
    """EXPLAIN (ANALYZE, BUFFERS) of the statements behind the lists."""


async def measured(on: Stage, plan: Plan, chosen: set[str], say: Callable[[str], None]) -> Register:
    settings = on.settings
    assert settings.database_url is not None
    began = perf_counter()
    await fill(
        settings.database_url, settings.owner_url, devices=plan.devices, certificates=plan.certificates, seed=1,
        say=lambda done: say(f"{REGISTER}: {done} of {plan.devices} devices made up"),
    )  # fmt: skip
    works = [
        Work(f"{plan.devices:,} devices, {plan.certificates} certificates each, made up", perf_counter() - began, None)
    ]
    yardstick, pages, plans = None, list[Page](), dict[str, list[str]]()
    if REGISTER in chosen:
        plans = await _plans(settings.database_url)
        async with on.api() as api, on.bare(signed_in=True) as bare, _signed_in(on, api) as session:
            device_id = await _device_in_the_middle(session, api, plan)
            yardstick, pages = await _paged(session, api, bare, device_id, plan, say)
    if IMPORT in chosen:
        async with on.api() as api, _signed_in(on, api) as session:
            works += [work async for work in _imported(session, api, plan, say)]
    if ROLL_UP in chosen:
        works += [work async for work in _rolled_up(settings.database_url, plan, say)]
    return Register(plan.devices, yardstick, pages, works, plans)


def show(out: Console, found: Register) -> None:
    if found.pages:
        table = Table(title=f"{REGISTER}: {found.devices:,} devices", title_justify="left")
        for heading in ("page", "p50 ms", "p95 ms", "to bare SELECT behind sign-in", "kB", f"p50 ≤ {MOST_MS} ms"):
            table.add_column(heading, justify="left" if heading == "page" else "right")
        for page in found.pages:
            met = "[green]yes[/]" if page.p50 <= MOST_MS else "[red]no[/]"
            table.add_row(
                page.name, f"{page.p50:.1f}", f"{page.p95:.1f}", f"{page.ratio:.1f}", str(page.kilobytes), met
            )
        out.print(table)
        for name, lines in found.plans.items():
            out.print(f"[bold]{name}[/]", highlight=False)
            for line in _in_short(lines):
                out.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)
    table = Table("work", "seconds", "resident grown by MB", title="import and roll-up", title_justify="left")
    for work in found.works:
        table.add_row(work.name, f"{work.seconds:.1f}", "–" if work.grown_mb is None else f"{work.grown_mb:.0f}")
    out.print(table)


def _pages(device_id: str, middle: str) -> Iterator[tuple[str, str]]:
    yield "list, API, first page", "/desk/v1/devices"
    yield "list, API, deep page", f"/desk/v1/devices?after={middle}"
    yield "search, API", "/desk/v1/devices?text=0500"
    yield "list, first page", "/desk/devices"
    yield "list, deep page", f"/desk/devices?after={middle}"
    yield "list by last valid day, deep page", f"/desk/devices?sort=valid_until&after={middle}"
    yield "list by kind, deep page", f"/desk/devices?sort=kind&after={middle}"
    yield "search, two Chinese characters", "/desk/devices?text=合成"
    yield "search, part of a tag", "/desk/devices?text=0500"
    yield "search, nothing found", "/desk/devices?text=无此设备"
    yield "overdue", "/desk/devices?verification=OVERDUE&sort=-valid_until"
    yield "due in 30 days", "/desk/devices?verification=DUE&sort=valid_until"
    yield "failed", "/desk/devices?verification=FAILED&sort=-valid_until"
    yield "not in standing", "/desk/devices?standing=no"
    yield "working lists, counts", "/desk/v1/working-lists"
    for one in WorkingList:
        yield f"working list {one}", f"/desk/v1/working-lists/{one}"
    yield "rectifications", "/desk/rectifications"
    yield "device, API", f"/desk/v1/devices/{device_id}"
    yield "device page", f"/desk/devices/{device_id}"
    yield "first page of the desk", "/desk"


async def _paged(
    session: aiohttp.ClientSession, api: Server, bare: Server, device_id: str, plan: Plan, say: Callable[[str], None]
) -> tuple[float, list[Page]]:
    pages, all_bare = [], list[float]()
    for name, path in _pages(device_id, f"SYN-{plan.devices * 4 // 5:06}"):
        times, beside = list[float](), list[float]()
        size = 0
        for turn in range(plan.register_requests + 1):
            taken, status, size = await _timed(session, f"{api.url}{path}")
            if status != 200:
                say(f"{REGISTER}: {name} is left out, {path} answers {status}")
                break
            bare_taken, _, _ = await _timed(session, f"{bare.url}/device/{device_id}")
            if turn:  # the first makes plans and fills caches
                times.append(taken)
                beside.append(bare_taken)
        if len(times) == plan.register_requests:
            ratio = statistics.median(times) / statistics.median(beside)
            ordered = sorted(times)
            pages.append(
                Page(name, path, statistics.median(times), ordered[int(len(ordered) * 0.95) - 1], ratio, size // 1000)
            )
            all_bare += beside
    return statistics.median(all_bare), pages


async def _timed(session: aiohttp.ClientSession, url: str) -> tuple[float, int, int]:
    began = perf_counter()
    async with session.get(url) as answer:
        size = len(await answer.read())
    return (perf_counter() - began) * 1000, answer.status, size


@asynccontextmanager
async def _signed_in(on: Stage, api: Server) -> AsyncIterator[aiohttp.ClientSession]:
    person = next(person for person in on.people if person.sign_in_name == MANAGER)
    body = {"sign_in_name": person.sign_in_name, "password": person.password}
    timeout = aiohttp.ClientTimeout(total=300)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{api.url}/desk/v1/sign-in", json=body) as answer,
    ):
        answer.raise_for_status()
        token = (await answer.json())["token"]
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"plumbline_session={token}"}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        yield session


async def _device_in_the_middle(session: aiohttp.ClientSession, api: Server, plan: Plan) -> str:
    async with session.get(f"{api.url}/desk/v1/devices", params={"text": f"SYN-{plan.devices // 2:06}"}) as answer:
        answer.raise_for_status()
        return str((await answer.json())["devices"][0]["id"])


async def _imported(
    session: aiohttp.ClientSession, api: Server, plan: Plan, say: Callable[[str], None]
) -> AsyncIterator[Work]:
    devices = DEVICE_HEADINGS + "".join(_device_line(number) for number in range(plan.import_rows))
    certificates = CERTIFICATE_HEADINGS + "".join(_certificate_line(number) for number in range(plan.import_rows))
    for name, path, content in (
        (f"{plan.import_rows:,} devices", "device-imports", devices),
        (f"{plan.import_rows:,} certificates", "certificate-imports", certificates),
    ):
        preview = None
        for doing in ("previewed", "written"):
            params = {"dry_run": "true"} if preview is None else {"preview": preview}
            forget_peak(api.pid)
            before, began = resident_mb(api.pid), perf_counter()
            async with session.post(
                f"{api.url}/desk/v1/{path}", params=params, data=content.encode(), headers={"Content-Type": "text/csv"}
            ) as answer:
                told = await answer.json()
                if answer.status != 200 or told["refused"]:
                    raise RuntimeError(f"{path}: {str(told)[:2000]}")
            preview = told["preview"]
            yield Work(f"{name} {doing}", perf_counter() - began, peak_mb(api.pid) - before)
            say(f"{IMPORT}: {name} {doing}")


def _device_line(number: int) -> str:
    return (
        f"IMP-{number:06},声级计,IM{number:07},HC-1,合成厂家甲,手持式,合成路{number % 997}号,"
        f"{114 + number % 1000 / 1000:.5f},{30 + number % 700 / 1000:.5f},CGCS2000,财政资金,合成数据\n"
    )


def _certificate_line(number: int) -> str:
    on = date(2021, 3, 1) + timedelta(days=350 * (number % 5))
    return (
        f"IMP-{number // 5:06},合格,IC-{number:07},合成检定机构,{on},{on + timedelta(days=364)},周期检定,JJG 188-2017\n"
    )


class _Seal:
    """Instead of the product's signer, whose key is not what is measured."""

    def sign(self, payload: dict[str, Any]) -> str:
        return str(payload)


async def _rolled_up(database_url: str, plan: Plan, say: Callable[[str], None]) -> AsyncIterator[Work]:
    """Every unit's report of the year is drafted, filed and received; what is timed beside is the city's roll-up."""
    database, clock = await Database.open(database_url, unless_said=EVERYTHING), SystemClock()
    now = clock.now()
    try:
        async with database.connection() as db:
            units = await agency.tree(db, day_of(now))
            people = {}
            for name in (MANAGER, "device-manager-b", "entity-head", "report-receiver"):
                actor = await agency.actor_called(db, name, now)
                assert actor is not None
                people[name] = filing.Desk(database, clock, actor.person_id)
        city = next(unit for unit in units if unit.kind is UnitKind.CITY)
        began, year = perf_counter(), day_of(now).year
        reporting = [unit for unit in below(units, city.id) if unit.kind in REPORTERS]
        for done, unit in enumerate(reporting, start=1):
            report_id = await filing.begin(people[MANAGER], unit.id, year, None)
            await filing.check(people["device-manager-b"], report_id)
            await filing.sign_off(people["entity-head"], report_id)
            await filing.file(people[MANAGER], report_id, _Seal())
            await filing.receive(people["report-receiver"], report_id, _Seal())
            say(f"{ROLL_UP}: {done} of {len(reporting)} reports filed and received")
        yield Work(f"reports of {len(reporting)} units filed and received", perf_counter() - began, None)

        async def progress(done: int, total: int) -> None:
            pass

        own = os.getpid()
        forget_peak(own)
        before, began = resident_mb(own), perf_counter()
        result = await roll_up.roll_up(database, city.id, year, clock.now(), progress)
        seconds, grown = perf_counter() - began, peak_mb(own) - before
        if result.missing or not result.balanced:
            raise RuntimeError(f"{ROLL_UP}: {len(result.missing)} units missing, balanced: {result.balanced}")
        yield Work(f"roll-up of {plan.devices:,} devices in {len(reporting)} units", seconds, grown)
    finally:
        await database.close()


class _Explaining:
    """A connection that says how a statement is planned, and what it read, instead of doing it."""

    def __init__(self, db: Connection) -> None:
        self._db, self.lines = db, list[str]()

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        rows = await self._db.fetch(f"explain (analyze, buffers) {statement}", *values)
        self.lines += [row[0] for row in rows]
        return []

    async def fetchval(self, statement: str, *values: object) -> int:
        await self.fetch(statement, *values)
        return 0


async def _plans(database_url: str) -> dict[str, list[str]]:
    database, now = await Database.open(database_url, most=1, unless_said=EVERYTHING), datetime.now(UTC)
    plans = {}
    try:
        async with database.connection() as db:
            units: list[UUID] = [unit.id for unit in await agency.tree(db, day_of(now))]
            for name, wanted, sort, after in (
                ("list, first page", {}, Sort.TAG, None),
                ("list, deep page", {}, Sort.TAG, "SYN-000300"),
                ("list by last valid day", {}, Sort.VALID_UNTIL, None),
                ("search, two Chinese characters", {"text": "合成"}, Sort.TAG, None),
                ("search, part of a tag", {"text": "0500"}, Sort.TAG, None),
                ("overdue", {"verification": Verification.OVERDUE}, Sort.VALID_UNTIL_DOWN, None),
                ("failed", {"verification": Verification.FAILED}, Sort.VALID_UNTIL_DOWN, None),
            ):
                explaining = _Explaining(db)
                asked = msgspec.convert({"units": units, **wanted}, Filter, strict=False)
                spied = cast("Connection", explaining)
                await registry.listed(spied, asked, now, sort=sort, after=after, most=51)
                plans[name] = explaining.lines
                explaining = _Explaining(db)
                await registry.counted(cast("Connection", explaining), asked, now)
                plans[f"{name}: how many"] = explaining.lines
    finally:
        await database.close()
    return plans


def _in_short(lines: list[str]) -> Iterator[str]:
    """The nodes that read, and the time."""
    for line in lines:
        if "Scan" in line or "Execution Time" in line:
            yield line.strip().removeprefix("->  ")[:150]
