"""SQL of case files."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg

from evidence.case_files.model import Attached, CaseFile
from evidence.case_files.problems import CaseNumberTaken
from foundation.database import Connection


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
    """False where it is attached already. That it counts is the caller's to check; the database refuses otherwise."""
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
    return bool(added)
