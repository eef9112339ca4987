"""What the application's own role cannot do to the register, whatever the program asks: refused by name."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from device_registry import queries
from device_registry.model import Aspect, Device, Fact, ServiceChange, ServiceEvent
from device_registry.queries.facts import TABLES
from device_registry.register import register_device
from foundation.database import Connection, Database
from tests.device_registry.builders import A_UNIT, a_pass, a_registration, a_review, a_site, beijing
from tests.support import FixedClock

HISTORY = (*TABLES.values(), "correction", "verification_body")
"""Added to, and nothing else."""
SPANNED = ("device_holding", "jurisdiction_policy")
"""Of which the end may be told later, and nothing else."""


async def columns_of(db: Connection, table: str) -> list[str]:
    rows = await db.fetch(
        "select column_name from information_schema.columns where table_schema = 'public' and table_name = $1", table
    )
    return [row["column_name"] for row in rows]


@pytest.mark.parametrize("table", [*HISTORY, *SPANNED])
async def test_no_column_of_what_was_recorded_is_edited_and_no_row_deleted(database: Database, table: str) -> None:
    async with database.connection() as db:
        columns = await columns_of(db, table)
    assert columns
    for column in columns:
        if table in SPANNED and column == "span":
            continue
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as db:
                await db.execute(f"update {table} set {column} = {column}")
    for statement in (f"delete from {table}", f"truncate {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction() as db:
                await db.execute(statement)


class Register:
    """A device and another, each with a proposed site, and a report of a rectification about the first."""

    def __init__(self, db: Connection, device: UUID, another: UUID, proposer: UUID) -> None:
        self.db, self.device, self.another, self.proposer = db, device, another, proposer
        self.site, self.other_site = a_site(), a_site()
        self.reviewer = uuid4()
        self.report = ServiceEvent(change=ServiceChange.RECTIFIED, occurred_at=beijing("2026-06-01 10:00"))

    async def fill(self, clock: FixedClock) -> "Register":
        facts: list[tuple[UUID, Fact]] = [(self.device, self.site), (self.another, self.other_site)]
        await queries.add_facts(self.db, [*facts, (self.device, self.report)], self.proposer, clock.now())
        await self.copy_of("person", self.proposer, id=self.reviewer)
        return self

    async def put(self, table: str, **values: Any) -> None:
        names = ", ".join(values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.db.execute(f"insert into {table} ({names}) values ({places})", *values.values())

    async def copy_of(self, table: str, id_: UUID, **changes: Any) -> None:
        """A row like that one in all but the changes."""
        row = await self.db.fetchrow(f"select * from {table} where id = $1", id_)
        assert row is not None
        await self.put(table, **(dict(row) | {"id": uuid4()} | changes))

    async def reviewed(self, recorded_by: UUID, proposed_by: UUID, device: UUID | None = None) -> None:
        review = a_review(self.site, Aspect.LEGAL, "2026-06-01", proposed_by=proposed_by)
        await self.put(
            "review", id=review.id, device_id=device or self.device, site_version_id=self.site.id, aspect="LEGAL",
            outcome="PASSED", reviewing_body="—", document_no="—", reviewed_on=review.reviewed_on, opinion="—",
            points=[], proposed_by=proposed_by, known_from=beijing("2026-06-02 10:00"), recorded_by=recorded_by,
        )  # fmt: skip

    async def announced(self, device: UUID) -> None:
        day = beijing("2026-06-02 10:00")
        await self.put(
            "announcement", id=uuid4(), device_id=device, site_version_id=self.site.id, notice="PUBLISHED",
            announced_on=day.date(), channel="—", content="—", lead_days=0, known_from=day, recorded_by=self.proposer,
        )  # fmt: skip

    async def event(self, **values: Any) -> None:
        day = beijing("2026-06-02 10:00")
        given = {"id": uuid4(), "device_id": self.device, "change": "RESUMED", "occurred_at": day, "known_from": day}
        await self.put("service_event", **(given | values))

    async def corrected(self, **values: Any) -> None:
        given = {"superseded_id": self.report.id, "device_id": self.device, "reason": "—",
                 "known_from": beijing("2026-06-02 10:00"), "recorded_by": self.proposer}  # fmt: skip
        await self.put("correction", **(given | values))

    async def spans(self, statement: str, *spans: str, **named: Any) -> None:
        for span in spans:
            await self.db.execute(statement.replace("SPAN", f"'{span}'::daterange"), *named.values())

    async def holdings(self) -> None:
        """The first covers every day."""
        statement = "insert into device_holding (device_id, unit_id, span, known_from) values ($1, $2, SPAN, now())"
        await self.spans(statement, "[2026-01-01,)", device=self.device, unit=A_UNIT)

    async def policies(self) -> None:
        statement = """insert into jurisdiction_policy (unit_id, name, value, span, source, known_from)
            values ($1, 'LEAD_DAYS', 30, SPAN, '—', now())"""
        await self.spans(statement, "[2026-01-01,2026-03-01)", "[2026-02-28,)", unit=A_UNIT)

    async def bodies(self) -> None:
        statement = "insert into verification_body (name, authorisation_no, span) values ('所', '1', SPAN)"
        await self.spans(statement, "[2026-01-01,2026-03-01)", "[2026-02-28,)")

    async def same_correction(self) -> None:
        await self.corrected()
        await self.corrected()

    async def same_replacement(self) -> None:
        await self.corrected(replacement_id=UUID(int=5))
        await self.corrected(superseded_id=UUID(int=6), replacement_id=UUID(int=5))


REFUSED: dict[str, tuple[str, Callable[[Register], Awaitable[None]]]] = {
    "a review by the proposer": ("reviewer_is_not_proposer", lambda r: r.reviewed(r.proposer, r.proposer)),
    "a review that says another proposed": ("review_names_proposer", lambda r: r.reviewed(r.proposer, r.reviewer)),
    "a review of another device's site": (
        "review_of_site_version", lambda r: r.reviewed(r.reviewer, r.proposer, r.another)),
    "a proposal on a basis too low": (
        "site_version_basis", lambda r: r.copy_of("site_version", r.site.id, number=2, basis_level="RULE")),
    "half a place": (
        "site_version_place_whole", lambda r: r.copy_of("site_version", r.site.id, number=2, longitude=114.3)),
    "a second site of the same number": ("site_version_numbered", lambda r: r.copy_of("site_version", r.site.id)),
    "an announcement of another device's site": ("announcement_of_site_version", lambda r: r.announced(r.another)),
    "service at another device's site": (
        "service_event_of_site_version", lambda r: r.event(change="PUT_IN_SERVICE", site_version_id=r.other_site.id)),
    "a release by who reported": (
        "releaser_is_not_fixer",
        lambda r: r.event(rectified_event=r.report.id, fixed_by=r.proposer, recorded_by=r.proposer)),
    "a release by nobody": (
        "releaser_is_not_fixer", lambda r: r.event(rectified_event=r.report.id, fixed_by=r.proposer)),
    "a release that names another fixer": (
        "release_names_fixer",
        lambda r: r.event(rectified_event=r.report.id, fixed_by=r.reviewer, recorded_by=r.proposer)),
    "a release that names a report and no fixer": (
        "release_names_fixer_whole", lambda r: r.event(rectified_event=r.report.id, recorded_by=r.proposer)),
    "two units that hold a device at once": ("device_holding_pkey", lambda r: r.holdings()),
    "two numbers of one government at once": ("jurisdiction_policy_pkey", lambda r: r.policies()),
    "one authorisation twice on a day": ("verification_body_overlaps", lambda r: r.bodies()),
    "a second correction of a fact": ("correction_pkey", lambda r: r.same_correction()),
    "one fact in the place of two": ("correction_replacement_id_key", lambda r: r.same_replacement()),
    "a correction without a reason": ("correction_reason_check", lambda r: r.corrected(reason="")),
    "a step that is none": ("service_event_change_check", lambda r: r.event(change="LOST")),
}  # fmt: skip
"""What is tried, and the constraint that refuses it."""
# A release that names no report is taken: where nobody is known to have reported the rectification (an import, releases
# from before reports were kept), there is no fixer to name, and life_cycle.release writes it so.


@pytest.mark.parametrize("what", REFUSED)
async def test_what_cannot_be_is_refused_by_the_constraint_that_says_so(
    database: Database, clock: FixedClock, device: Device, someone: UUID, what: str
) -> None:
    constraint, attempt = REFUSED[what]
    another = await register_device(database, clock, a_registration("SLM-042"))

    async def tried() -> None:
        async with database.transaction() as db:
            await attempt(await Register(db, device.id, another.id, someone).fill(clock))
            await db.execute("set constraints all immediate")

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await tried()
    assert refused.value.constraint_name == constraint


async def test_what_can_be_is_taken(database: Database, clock: FixedClock, device: Device, someone: UUID) -> None:
    """So that the refusals above are of what is wrong with each, and not of how it was tried."""
    another = await register_device(database, clock, a_registration("SLM-042"))
    async with database.transaction() as db:
        register = await Register(db, device.id, another.id, someone).fill(clock)
        await register.reviewed(register.reviewer, someone)
        await register.copy_of("site_version", register.site.id, number=2)
        await register.announced(device.id)
        await register.event(change="PUT_IN_SERVICE", site_version_id=register.site.id)
        await register.event(rectified_event=register.report.id, fixed_by=someone, recorded_by=register.reviewer)
        await register.event()
        await register.corrected()


async def test_the_end_of_a_holding_may_be_told_and_nothing_else_of_it(
    database: Database, clock: FixedClock, device: Device
) -> None:
    async with database.transaction() as db:
        await db.execute("update device_holding set span = daterange(lower(span), '2026-01-01')")
        await Register(db, device.id, device.id, UUID(int=9)).holdings()


async def test_a_certificate_valid_until_a_day_before_it_was_issued_is_refused(
    database: Database, clock: FixedClock, device: Device
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="verification_certificate"):
        async with database.transaction() as db:
            await queries.add_facts(db, [(device.id, a_pass("2026-05-04", "2026-05-03"))], None, clock.now())
