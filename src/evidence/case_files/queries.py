"""SQL of case files."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import asyncpg

from evidence.case_files.model import Attached, CaseFile
from evidence.case_files.problems import CaseClosed, CaseNumberTaken
from evidence.problems import EvidenceDisposed
from foundation.database import Connection, sees_every_unit


async def add_case(db: Connection, case: CaseFile, opened_by: UUID, now: datetime) -> None:
    """Raises CaseNumberTaken."""
    try:
        await db.execute(
            """
            insert into case_file (id, number, unit_id, title, opened_on, opened_by, opened_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            case.id,
            case.number,
            case.unit_id,
            case.title,
            case.opened_on,
            opened_by,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise CaseNumberTaken(field="number", number=case.number) from error


async def cases(
    db: Connection,
    units: Collection[UUID],
    *,
    case_id: UUID | None = None,
    evidence_id: UUID | None = None,
    most: int = 200,
) -> list[CaseFile]:
    """Of these units, newest first; the one asked for, or those that rest on the evidence."""
    rows = await db.fetch(
        """
        select id, number, unit_id, title, opened_on
          from case_file
         where unit_id = any ($1)
           and ($2::uuid is null or id = $2)
           and ($3::uuid is null or exists (select from case_evidence
                                             where case_id = case_file.id and evidence_id = $3))
         order by opened_at desc, id
         limit $4
        """,
        list(units),
        case_id,
        evidence_id,
        most,
    )
    return [CaseFile(id=row[0], number=row[1], unit_id=row[2], title=row[3], opened_on=row[4]) for row in rows]


async def by_id(db: Connection, case_ids: Collection[UUID]) -> list[CaseFile]:
    """Of whatever unit: whether the reader may know of them is the caller's to ask."""
    rows = await db.fetch(
        "select id, number, unit_id, title, opened_on from case_file where id = any ($1)", list(case_ids)
    )
    return [CaseFile(id=row[0], number=row[1], unit_id=row[2], title=row[3], opened_on=row[4]) for row in rows]


async def attached_to(db: Connection, case_id: UUID) -> list[Attached]:
    """In the order in which it was attached."""
    rows = await db.fetch(
        """
        select evidence_id, attached_by, attached_at
          from case_evidence
         where case_id = $1
         order by attached_at, evidence_id
        """,
        case_id,
    )
    return [Attached(evidence_id=row[0], attached_by=row[1], attached_at=row[2]) for row in rows]


async def attach(db: Connection, case_id: UUID, evidence_id: UUID, by: UUID, now: datetime) -> bool:
    """False where it is attached already. That it counts is the caller's to check; the database refuses otherwise.

    Raises EvidenceDisposed.
    """
    try:
        added = await db.fetchval(
            """
            insert into case_evidence (case_id, evidence_id, attached_by, attached_at)
            values ($1, $2, $3, $4)
                on conflict (case_id, evidence_id) do nothing
            returning true
            """,
            case_id,
            evidence_id,
            by,
            now,
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "evidence_disposed":
            raise
        raise EvidenceDisposed(field="evidence_id") from error
    return bool(added)


async def add_officers(
    db: Connection, case_id: UUID, officers: Collection[UUID], by: UUID, now: datetime
) -> list[UUID]:
    """Those who were not named before."""
    rows = await db.fetch(
        """
        insert into case_file_officer (case_id, person_id, added_by, added_at)
        select $1, person_id, $3, $4 from unnest($2::uuid[]) as named (person_id)
            on conflict (case_id, person_id) do nothing
        returning person_id
        """,
        case_id,
        list(officers),
        by,
        now,
    )
    return [row[0] for row in rows]


async def officers_of(db: Connection, case_id: UUID) -> list[UUID]:
    """In the order in which they were named."""
    rows = await db.fetch(
        "select person_id from case_file_officer where case_id = $1 order by added_at, person_id", case_id
    )
    return [row[0] for row in rows]


async def close(db: Connection, case_id: UUID, closed_on: date, by: UUID, now: datetime) -> None:
    """Raises CaseClosed."""
    try:
        await db.execute(
            "insert into case_file_closing (case_id, closed_on, closed_by, closed_at) values ($1, $2, $3, $4)",
            case_id,
            closed_on,
            by,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise CaseClosed from error


async def closed_on(db: Connection, case_id: UUID) -> date | None:
    day: date | None = await db.fetchval("select closed_on from case_file_closing where case_id = $1", case_id)
    return day


async def closed_in(db: Connection, units: Collection[UUID], begins: date, ends: date) -> list[tuple[UUID, UUID]]:
    """Each case of these units closed on one of these days, half-open, with its unit."""
    rows = await db.fetch(
        """
        select case_file.id, case_file.unit_id
          from case_file_closing
          join case_file on case_file.id = case_file_closing.case_id
         where case_file.unit_id = any ($1)
           and closed_on >= $2
           and closed_on < $3
        """,
        list(units),
        begins,
        ends,
    )
    return [(row[0], row[1]) for row in rows]


async def opened_in(db: Connection, units: Collection[UUID], begins: date, ends: date) -> list[tuple[UUID, UUID]]:
    """The same by the day on which it was opened."""
    rows = await db.fetch(
        "select id, unit_id from case_file where unit_id = any ($1) and opened_on >= $2 and opened_on < $3",
        list(units),
        begins,
        ends,
    )
    return [(row[0], row[1]) for row in rows]


@sees_every_unit
async def involved(
    db: Connection, case_ids: Collection[UUID], people: Collection[UUID]
) -> list[tuple[UUID, UUID, str]]:
    """Which of these people had a hand in which of these cases, and how: OFFICER, OPENED, ATTACHED."""
    rows = await db.fetch(
        """
        select case_id, person_id, 'OFFICER'
          from case_file_officer
         where case_id = any ($1) and person_id = any ($2)
         union all
        select id, opened_by, 'OPENED'
          from case_file
         where id = any ($1) and opened_by = any ($2)
         union
        select case_id, attached_by, 'ATTACHED'
          from case_evidence
         where case_id = any ($1) and attached_by = any ($2)
        """,
        list(case_ids),
        list(people),
    )
    return [(row[0], row[1], row[2]) for row in rows]


@sees_every_unit
async def numbers_of(db: Connection, case_ids: Collection[UUID]) -> dict[UUID, CaseFile]:
    """Whatever unit they are of: who asks knows that somebody may."""
    rows = await db.fetch(
        "select id, number, unit_id, title, opened_on from case_file where id = any ($1)", list(case_ids)
    )
    return {row[0]: CaseFile(id=row[0], number=row[1], unit_id=row[2], title=row[3], opened_on=row[4]) for row in rows}
