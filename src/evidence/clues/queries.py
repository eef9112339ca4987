"""SQL of clues."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import asyncpg

from evidence.clues.model import Channel, Clue, Concerned, Done, Kept, Reference, Reporter, Step
from evidence.clues.problems import ClueHandledBySelf, ClueMovedOn, ClueNumberTaken, ClueRefused
from foundation.database import Connection, sees_every_unit
from foundation.problem import Spoken

MOST_OPEN = 2000
"""Open clues of one reader; beyond it the newest are not shown."""


async def channels(db: Connection, day: date) -> dict[str, Channel]:
    """As their terms hold on that Beijing civil day."""
    rows = await db.fetch(
        """
        select distinct on (code)
               code, holds_from, name_zh, name_en, complaint, accept_days, reply_days, extension_days, source
          from clue_channel
         where holds_from <= $1
         order by code, holds_from desc
        """,
        day,
    )
    return {row["code"]: Channel(**dict(row)) for row in rows}


async def add_channel(db: Connection, channel: Channel, by: UUID) -> bool:
    """False where its terms from that day on are known already."""
    added = await db.fetchval(
        """
        insert into clue_channel (code, holds_from, name_zh, name_en, complaint, accept_days, reply_days,
                                  extension_days, source, recorded_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict do nothing
        returning true
        """,
        channel.code,
        channel.holds_from,
        channel.name_zh,
        channel.name_en,
        channel.complaint,
        channel.accept_days,
        channel.reply_days,
        channel.extension_days,
        channel.source,
        by,
    )
    return bool(added)


async def add_clue(db: Connection, clue: Clue, reporter: Reporter | None) -> None:
    """Raises ClueNumberTaken."""
    try:
        await db.execute(
            """
            insert into clue (id, unit_id, channel, terms_from, channel_number, received_at, text, registered_by,
                              registered_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            clue.id,
            clue.unit_id,
            clue.channel.code,
            clue.channel.holds_from,
            clue.channel_number,
            clue.received_at,
            clue.text,
            clue.registered_by,
            clue.registered_at,
        )
    except asyncpg.UniqueViolationError as error:
        raise ClueNumberTaken(field="channel_number", number=clue.channel_number) from error
    if reporter is not None:
        await db.execute(
            "insert into clue_reporter (clue_id, name, contact) values ($1, $2, $3)",
            clue.id,
            reporter.name,
            reporter.contact,
        )


async def add_references(
    db: Connection, clue_id: UUID, references: Collection[Reference], by: UUID, now: datetime
) -> None:
    """What it refers to already stays once. Raises ClueRefused for what is not known here."""
    try:
        await db.executemany(
            """
            insert into clue_reference (clue_id, unit_id, officer_id, uscc, device_tag, inspection_id, evidence_id,
                                        case_id, added_by, added_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                on conflict do nothing
            """,
            [
                (
                    clue_id,
                    one.unit_id,
                    one.officer_id,
                    one.uscc,
                    one.device_tag,
                    one.inspection_id,
                    one.evidence_id,
                    one.case_id,
                    by,
                    now,
                )
                for one in references
            ],
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ClueRefused(field="about", what=Spoken("clue.unknown-reference")) from error


async def add_step(db: Connection, clue_id: UUID, done: Done) -> None:
    """Raises ClueMovedOn where somebody was faster, ClueHandledBySelf."""
    try:
        await db.execute(
            """
            insert into clue_step (clue_id, ordinal, step, by_id, at, text, unit_id, person_id)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            clue_id,
            done.ordinal,
            done.step,
            done.by_id,
            done.at,
            done.text,
            done.unit_id,
            done.person_id,
        )
    except asyncpg.PostgresError as error:
        match getattr(error, "constraint_name", None):
            case "clue_moved_on" | "clue_closed" | "clue_extended_once" | "clue_step_order":
                raise ClueMovedOn from error
            case "clue_closed_by_another":
                raise ClueHandledBySelf from error
        raise


async def clue_by_id(db: Connection, clue_id: UUID) -> Kept | None:
    return next(iter(await clues_by_id(db, [clue_id])), None)


async def clues_by_id(db: Connection, clue_ids: Collection[UUID]) -> list[Kept]:
    """Whether or not the reader may know of them is the caller's to ask."""
    return await _kept(db, await db.fetch(_CLUES_BY_ID, list(clue_ids)))


async def open_clues(
    db: Connection, units: Collection[UUID], assigned: Collection[UUID], most: int = MOST_OPEN
) -> list[Kept]:
    """Those not closed that belong to these units, or are assigned to those; what came first first."""
    return await _kept(
        db,
        await db.fetch(
            """
            select clue.id, clue.unit_id, channel_number, received_at, text, registered_by, registered_at,
                   code, holds_from, name_zh, name_en, complaint, accept_days, reply_days, extension_days, source,
                   exists (select from clue_reporter where clue_id = clue.id)
              from clue
              join clue_channel on clue_channel.code = clue.channel and clue_channel.holds_from = clue.terms_from
             where (clue.unit_id = any ($1)
                    or (select step.unit_id
                          from clue_step as step
                         where step.clue_id = clue.id and step.step = 'ASSIGNED'
                         order by step.ordinal desc
                         limit 1) = any ($2))
               and not exists (select from clue_step where clue_id = clue.id and step = 'CLOSED')
             order by received_at, clue.id
             limit $3
            """,
            list(units),
            list(assigned),
            most,
        ),
    )


async def how_many_open(db: Connection, units: Collection[UUID], assigned: Collection[UUID]) -> int:
    """As `open_clues`, counted."""
    number: int = await db.fetchval(
        """
        select count(*)
          from clue
         where (unit_id = any ($1)
                or (select step.unit_id
                      from clue_step as step
                     where step.clue_id = clue.id and step.step = 'ASSIGNED'
                     order by step.ordinal desc
                     limit 1) = any ($2))
           and not exists (select from clue_step where clue_id = clue.id and step = 'CLOSED')
        """,
        list(units),
        list(assigned),
    )
    return number


async def closed_clues(db: Connection, units: Collection[UUID], most: int = 50) -> list[Kept]:
    """Those of these units that were closed, the last first."""
    return await _kept(
        db,
        await db.fetch(
            """
            select clue.id, clue.unit_id, channel_number, received_at, clue.text, registered_by, registered_at,
                   code, holds_from, name_zh, name_en, complaint, accept_days, reply_days, extension_days, source,
                   exists (select from clue_reporter where clue_id = clue.id)
              from clue
              join clue_channel on clue_channel.code = clue.channel and clue_channel.holds_from = clue.terms_from
              join clue_step as closing on closing.clue_id = clue.id and closing.step = 'CLOSED'
             where clue.unit_id = any ($1)
             order by closing.at desc, clue.id
             limit $2
            """,
            list(units),
            most,
        ),
    )


async def references_of(db: Connection, clue_id: UUID) -> list[Reference]:
    """In the order in which they were added."""
    rows = await db.fetch(
        """
        select unit_id, officer_id, uscc, device_tag, inspection_id, evidence_id, case_id
          from clue_reference
         where clue_id = $1
         order by id
        """,
        clue_id,
    )
    return [Reference(**dict(row)) for row in rows]


@sees_every_unit
async def concerned(db: Connection, clue_ids: Collection[UUID]) -> dict[UUID, Concerned]:
    """Of each, whom it is about."""
    rows = await db.fetch(
        """
        select clue_id, array_remove(array_agg(distinct clue_reference.officer_id), null)
                        || array_remove(array_agg(distinct evidence.officer_id), null),
               array_remove(array_agg(distinct clue_reference.unit_id), null)
          from clue_reference
          left join evidence on evidence.id = clue_reference.evidence_id
         where clue_id = any ($1)
         group by clue_id
        """,
        list(clue_ids),
    )
    found = {row[0]: Concerned(frozenset(row[1]), frozenset(row[2])) for row in rows}
    nobody = Concerned(frozenset(), frozenset())
    return {clue_id: found.get(clue_id, nobody) for clue_id in clue_ids}


async def clues_about(db: Connection, evidence_id: UUID) -> list[Kept]:
    """Whether or not the reader may know of them is the caller's to ask."""
    rows = await db.fetch(
        """
        select clue_id
          from clue_reference
         where evidence_id = $1
         order by id
        """,
        evidence_id,
    )
    return await clues_by_id(db, [row["clue_id"] for row in rows])


@sees_every_unit
async def reporter_of(db: Connection, clue_id: UUID) -> Reporter | None:
    row = await db.fetchrow("select name, contact from clue_reporter where clue_id = $1", clue_id)
    return Reporter(*row) if row else None


async def erase_reporter(db: Connection, clue_id: UUID) -> bool:
    """False where nobody is kept."""
    erased = await db.fetchval("delete from clue_reporter where clue_id = $1 returning true", clue_id)
    return bool(erased)


_CLUES_BY_ID = """
select clue.id, clue.unit_id, channel_number, received_at, text, registered_by, registered_at,
       code, holds_from, name_zh, name_en, complaint, accept_days, reply_days, extension_days, source,
       exists (select from clue_reporter where clue_id = clue.id)
  from clue
  join clue_channel on clue_channel.code = clue.channel and clue_channel.holds_from = clue.terms_from
 where clue.id = any ($1)
"""


async def _kept(db: Connection, rows: list[asyncpg.Record]) -> list[Kept]:
    """The clues of these rows with their steps, in the same order."""
    steps: dict[UUID, list[Done]] = {row[0]: [] for row in rows}
    for row in await db.fetch(
        """
        select clue_id, ordinal, step, by_id, at, text, unit_id, person_id
          from clue_step
         where clue_id = any ($1)
         order by clue_id, ordinal
        """,
        list(steps),
    ):
        steps[row[0]].append(
            Done(
                ordinal=row[1],
                step=Step(row[2]),
                by_id=row[3],
                at=row[4],
                text=row[5],
                unit_id=row[6],
                person_id=row[7],
            )
        )
    return [Kept(clue=_clue(row), steps=tuple(steps[row[0]]), has_reporter=row[16]) for row in rows]


def _clue(row: asyncpg.Record) -> Clue:
    return Clue(
        id=row[0],
        unit_id=row[1],
        channel=Channel(
            code=row[7],
            holds_from=row[8],
            name_zh=row[9],
            name_en=row[10],
            complaint=row[11],
            accept_days=row[12],
            reply_days=row[13],
            extension_days=row[14],
            source=row[15],
        ),
        channel_number=row[2],
        received_at=row[3],
        text=row[4],
        registered_by=row[5],
        registered_at=row[6],
    )
