"""A city with a district bureau, its officers and cases, and those who review them, at their desks."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx

from agency import queries as agency
from agency.model import Actor, PersonKind, Role, UnitKind
from evidence.case_files import queries as case_files
from evidence.case_files.attaching import open_case
from evidence.case_files.model import CaseFile
from foundation.clock import Clock
from foundation.database import Database
from tests.builders import LONG_AGO, a_unit
from tests.console.conftest import PASSWORD, PASSWORD_HASH

OPENED, CLOSED = date(2026, 5, 4), date(2026, 6, 10)


class City(NamedTuple):
    city: UUID
    bureau: UUID
    people: dict[str, UUID]
    cases: list[UUID]
    officer: UUID

    def campaign(self, digest: str, **changes: Any) -> dict[str, Any]:
        """Terms of a campaign over the bureau's cases closed in June."""
        return {
            "unit_id": str(self.city), "title": "2026年上半年案卷评查", "basis": "工作计划", "kind": "COMPREHENSIVE",
            "units": [str(self.bureau)], "begins": "2026-06-01", "ends": "2026-07-01", "number": 3, "sheet": digest,
            "reviewers": [str(self.people[name]) for name in ("supervisor", "other", "reviewer")],
        } | changes  # fmt: skip


async def a_city(database: Database, clock: Clock, cases: int = 6) -> City:
    """`head` answers for the bureau; `supervisor` and `other` supervise the city, `reviewer` reviews for it."""
    city = await a_unit(database)
    async with database.transaction() as db:
        day = date(2020, 1, 1)
        bureau = await agency.add_unit(
            db, UnitKind.DEPARTMENT, "城市管理执法局", "Urban Management", day, parent_id=city
        )
        justice = await agency.add_unit(db, UnitKind.DEPARTMENT, "司法局", "Justice", day, parent_id=city)
        people = {}
        for name, role, unit, reached in (
            ("supervisor", Role.SUPERVISOR, justice.id, city),
            ("other", Role.SUPERVISOR, justice.id, city),
            ("reviewer", Role.LEGAL_REVIEWER, justice.id, city),
            ("insider", Role.LEGAL_REVIEWER, bureau.id, bureau.id),
            ("head", Role.ENTITY_HEAD, bureau.id, bureau.id),
        ):
            person = await agency.add_person(db, PersonKind.STAFF, f"{name}（甲）", name, unit)
            await agency.grant(db, person.id, role, reached, LONG_AGO)
            await agency.open_account(db, name, person.id, PASSWORD_HASH)
            people[name] = person.id
        officer = await agency.add_person(db, PersonKind.OFFICER, "执法人员甲", "Officer A", bureau.id)
    made = [
        await a_case(database, clock, bureau.id, officer.id, f"江城管罚〔2026〕{number + 1}号")
        for number in range(cases)
    ]
    return City(city, bureau.id, people, made, officer.id)


async def a_case(
    database: Database, clock: Clock, unit_id: UUID, officer: UUID, number: str, closed_on: date | None = CLOSED
) -> UUID:
    """Opened and handled by the officer."""
    case = CaseFile(id=uuid4(), number=number, unit_id=unit_id, title="占道经营", opened_on=OPENED)
    await open_case(database, clock, Actor(officer, PersonKind.OFFICER, unit_id, None, ()), case)
    async with database.transaction() as db:
        await case_files.add_officers(db, case.id, [officer], officer, clock.now())
        if closed_on:
            await case_files.close(db, case.id, closed_on, officer, clock.now())
    return case.id


async def token(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    answer = await client.post("/desk/v1/sign-in", json={"sign_in_name": name, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json()['token']}"}
