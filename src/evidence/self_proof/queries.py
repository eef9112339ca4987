"""SQL of the self-proof: what it keeps, and the statements that must be refused."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from evidence.case_files.model import CaseFile
from evidence.case_files.queries import add_case, attach
from evidence.self_proof.model import Cycle, Step, Tried
from foundation.database import Connection, Database

LOCK = 0x70726F6F66  # "proof"

OF_ROWS = (
    "update evidence set size = size where id = $1",
    "delete from evidence where id = $1",
    "update verdict set outcome = outcome where evidence_id = $1",
    "delete from verdict where evidence_id = $1",
    "update custody_entry set details = details where evidence_id = $1",
    "delete from custody_entry where evidence_id = $1",
    "update receipt set jws = jws where evidence_id = $1",
    "delete from receipt where evidence_id = $1",
    "update reception set received_at = received_at where evidence_id = $1",
    "delete from reception where evidence_id = $1",
    "update log_leaf set hash = hash where entry_id in (select id from custody_entry where evidence_id = $1)",
    "delete from log_leaf where entry_id in (select id from custody_entry where evidence_id = $1)",
)
"""What the program's own role may not do to evidence, each tried on the canary alone."""

CONSTRAINTS = (
    "admission_of_capture",
    "admission_of_tag",
    "admission_of_device",
    "admission_with_conclusion",
    "admission_in_verified_period",
    "admission_in_service_period",
    "admission_names_its_device",
    "admission_verified_or_concluded",
)
TRIGGERS = (
    ("admission", "admission_outside_reverse_trace"),
    ("admission", "content_review_awaits"),
    ("case_evidence", "case_rests_on_what_counts"),
    ("custody_entry", "custody_entry_awaits_log"),
    ("custody_entry", "custody_is_never_changed"),
    ("custody_entry", "custody_is_never_emptied"),
    ("log_checkpoint", "custody_is_never_changed"),
    ("log_leaf", "custody_is_never_changed"),
    ("log_leaf", "log_leaf_follows"),
    ("stored_object", "object_is_read_when_stored"),
)
"""By table. What must stand in the schema, and be switched on."""
REACHED = ("case_file", "evidence", "inspection", "inspection_plan")
"""Tables of which a request reads only the rows that it reaches (decision 0020)."""


class Canary(NamedTuple):
    unit_id: UUID
    officer_id: UUID
    device_id: UUID
    lapsed_id: UUID


async def canary(db: Connection) -> Canary | None:
    row = await db.fetchrow("select unit_id, officer_id, device_id, lapsed_id from self_proof_canary")
    return Canary(*row) if row else None


async def one_at_a_time(db: Connection) -> None:
    """Until the transaction ends."""
    await db.execute("select pg_advisory_xact_lock($1)", LOCK)


async def a_unit_nobody_reaches(db: Connection) -> UUID:
    """It stands on no day, so that it hangs in no tree."""
    unit_id: UUID = await db.fetchval("insert into unit default values returning id")
    return unit_id


async def keep_canary(db: Connection, made: Canary) -> None:
    await db.execute(
        "insert into self_proof_canary (unit_id, officer_id, device_id, lapsed_id) values ($1, $2, $3, $4)", *made
    )


async def keep_cycle(db: Connection, cycle: Cycle) -> None:
    """All steps or none."""
    await db.execute(
        """
        insert into self_proof_step (cycle_id, ordinal, step, held, detail, took_ms, ended_at)
        select $1, ordinal, step, held, detail, took_ms, $2
          from unnest($3::text[], $4::boolean[], $5::text[], $6::integer[])
               with ordinality as tried (step, held, detail, took_ms, ordinal)
        """,
        cycle.id,
        cycle.ended_at,
        [one.step for one in cycle.steps],
        [one.held for one in cycle.steps],
        [one.detail for one in cycle.steps],
        [one.took_ms for one in cycle.steps],
    )


async def last_cycle(db: Connection) -> Cycle | None:
    """Index: self_proof_step_newest."""
    rows = await db.fetch(
        """
        select cycle_id, ended_at, step, held, detail, took_ms
          from self_proof_step
         where cycle_id = (select cycle_id from self_proof_step order by ended_at desc, cycle_id desc limit 1)
         order by ordinal
        """
    )
    if not rows:
        return None
    known = set(Step)
    tried = [Tried(Step(row[2]), *row[3:]) for row in rows if row[2] in known]
    return Cycle(rows[0]["cycle_id"], rows[0]["ended_at"], tried)


async def entries_of(db: Connection, evidence_id: UUID) -> int:
    """Index: custody_entry_evidence."""
    return int(await db.fetchval("select count(*) from custody_entry where evidence_id = $1", evidence_id))


async def guards_missing(db: Connection) -> list[str]:
    """Constraints and triggers that are gone, not enforced or switched off."""
    rows = await db.fetch(
        """
        select name
          from unnest($1::text[]) as name
         where not exists (select from pg_constraint
                            where conrelid = 'admission'::regclass and conname = name
                              and convalidated and conenforced)
         union all
        select on_table || '.' || name
          from unnest($2::text[], $3::text[]) as wanted (on_table, name)
         where not exists (select from pg_trigger
                            where tgrelid = on_table::regclass and tgname = name and tgenabled in ('O', 'A'))
         union all
        select 'row level security of ' || name
          from unnest($4::text[]) as name
         where not exists (select from pg_class where oid = name::regclass and relrowsecurity)
         order by 1
        """,
        list(CONSTRAINTS),
        [table for table, _ in TRIGGERS],
        [name for _, name in TRIGGERS],
        list(REACHED),
    )
    return [row["name"] for row in rows]


# What must be refused: each in a transaction of its own that never commits.


class Refusal(NamedTuple):
    """Of the database; both are empty where it did not refuse."""

    sqlstate: str
    constraint: str


async def changed_anyway(database: Database, evidence_id: UUID) -> list[str]:
    """Which of these statements the role has the right to; those it must not have."""
    allowed = []
    for statement in OF_ROWS:
        try:
            await _tried(database, statement, evidence_id)
        except asyncpg.InsufficientPrivilegeError:
            continue
        except asyncpg.PostgresError as error:  # the right is there; something else stood in the way
            allowed.append(f"{statement}: {error.sqlstate}")
        else:
            allowed.append(statement)
    return allowed


async def admitted_anyway(database: Database, evidence_id: UUID, now: datetime) -> Refusal:
    """An admission of evidence whose device had no verified period, written past every rule of the program."""
    try:
        async with database.transaction() as db:
            await db.execute(
                """
                insert into admission (evidence_id, by_device, device_tag, device_id, verification_needed, captured,
                                       verified_during, admitted_at)
                select evidence.id, by_device, device_tag, device.id, device.verification_needed, captured, captured, $2
                  from evidence
                  join device on device.tag = evidence.device_tag
                 where evidence.id = $1
                """,
                evidence_id,
                now,
            )
            raise _TakenBack
    except asyncpg.PostgresError as error:
        return _refusal(error)
    except _TakenBack:
        return Refusal("", "")


async def attached_anyway(database: Database, case: CaseFile, evidence_id: UUID, by: UUID, now: datetime) -> Refusal:
    """A case that rests on evidence that does not count, past every rule of the program."""
    try:
        async with database.transaction() as db:
            await add_case(db, case, by, now)
            await attach(db, case.id, evidence_id, by, now)
            raise _TakenBack
    except asyncpg.PostgresError as error:
        return _refusal(error)
    except _TakenBack:
        return Refusal("", "")


class _TakenBack(Exception):
    """Rolls back what should have been refused."""


async def _tried(database: Database, statement: str, evidence_id: UUID) -> None:
    try:
        async with database.transaction() as db:
            await db.execute("set local lock_timeout = '2s'")
            await db.execute(statement, evidence_id)
            raise _TakenBack
    except _TakenBack:
        return


def _refusal(error: asyncpg.PostgresError) -> Refusal:
    return Refusal(error.sqlstate or "", getattr(error, "constraint_name", None) or "")
