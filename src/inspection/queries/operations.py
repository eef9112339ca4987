"""Operations as they are kept, and what may be told about whose inspection."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from evidence.model import Courier
from foundation.database import Connection
from inspection.model import DECODE_TOLD, Operation
from inspection.rules.revocation import told_after_revocation


class Arrived(NamedTuple):
    """An operation whose signature holds, as it came."""

    operation: Operation
    author_unit: UUID
    jws: str
    sha256: bytes
    """Of the payload that was signed."""
    latest_by_clock: datetime | None = None
    """By the phone's readings alone; None where it sent none."""
    phone_revoked_at: datetime | None = None

    @property
    def statement(self) -> tuple[UUID, bytes]:
        """Who says what. Signed again, also with another key of theirs, it is the same statement."""
        return self.operation.author, self.sha256


class Known(NamedTuple):
    """Whose an inspection is."""

    unit_id: UUID
    officers: frozenset[UUID]

    def takes(self, arrived: Arrived) -> bool:
        """Its officers may tell of it, and their colleagues of the same unit."""
        return arrived.author_unit == self.unit_id or arrived.operation.author in self.officers


async def one_by_one(db: Connection, inspection_ids: Collection[UUID]) -> None:
    """From here to the end of the transaction nobody else changes these inspections, known here already or not."""
    await db.execute(
        """
        select pg_advisory_xact_lock(key)
          from (select distinct hashtextextended(id::text, 25) as key
                  from unnest($1::uuid[]) as id
                 order by key) as keys
        """,
        list(inspection_ids),
    )


async def known(db: Connection, inspection_ids: Collection[UUID]) -> dict[UUID, Known]:
    """Those of the inspections that are known here."""
    rows = await db.fetch(
        """
        select inspection.id, inspection.unit_id,
               array(select person_id from inspection_officer where inspection_id = inspection.id)
          from inspection
         where inspection.id = any ($1)
        """,
        list(inspection_ids),
    )
    return {id_: Known(unit_id, frozenset(officers)) for id_, unit_id, officers in rows}


async def add_operations(db: Connection, arrived: Sequence[Arrived], courier: Courier, now: datetime) -> set[UUID]:
    """The ids of those that were not known before."""
    rows = await db.fetch(
        """
        insert into inspection_operation (id, inspection_id, author_id, phone_id, courier_id, type, key, told_earliest,
                                          told_latest, replaces, what, jws, sha256, latest_by_clock, received_at)
        select id, inspection_id, author, phone, $2, what ->> 'type', key, earliest, latest, replaces, what, jws,
               decode(sha256, 'hex'), latest_by_clock, $3
          from jsonb_to_recordset($1) as told (
               id uuid, inspection_id uuid, author uuid, phone uuid, key text, earliest timestamptz,
               latest timestamptz, replaces uuid[], what jsonb, jws text, sha256 text, latest_by_clock timestamptz)
            on conflict (id) do nothing
        returning id
        """,
        [_columns(one) for one in arrived],
        courier.person_id,
        now,
    )
    return {row["id"] for row in rows}


def _columns(one: Arrived) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(one.operation),
        "key": one.operation.key,
        "jws": one.jws,
        "sha256": one.sha256.hex(),
        "latest_by_clock": one.latest_by_clock,
    }


async def kept_as(db: Connection, ids: Collection[UUID]) -> dict[UUID, tuple[UUID, bytes]]:
    """The statement that is kept under each of these ids: its author and digest."""
    rows = await db.fetch("select id, author_id, sha256 from inspection_operation where id = any ($1)", list(ids))
    return {row["id"]: (row["author_id"], row["sha256"]) for row in rows}


class Statements(NamedTuple):
    """What was told of an inspection, by id."""

    counted: list[Operation]
    after_revocation: list[Operation]
    """Kept, and no part of what holds: see decision 0014."""


async def operations_of(db: Connection, inspection_ids: Collection[UUID]) -> dict[UUID, list[Operation]]:
    """What counts of all that was told of each."""
    return {id_: told.counted for id_, told in (await all_told(db, inspection_ids)).items()}


async def all_told(db: Connection, inspection_ids: Collection[UUID]) -> dict[UUID, Statements]:
    """What may be told of each by who told it. Waiting ones of strangers are left out."""
    rows = await db.fetch(
        """
        select told.id, told.inspection_id, told.author_id, told.phone_id, told.replaces, told.told_earliest,
               told.told_latest, told.what::text, told.received_at, told.latest_by_clock, phone.revoked_at,
               vouched.vouched_at
          from inspection_operation as told
          join phone on phone.id = told.phone_id
          left join operation_vouched as vouched on vouched.operation_id = told.id
          join inspection on inspection.id = told.inspection_id
          join person on person.id = told.author_id
         where told.inspection_id = any ($1)
           and (person.unit_id = inspection.unit_id
                or exists (select from inspection_officer
                            where inspection_id = told.inspection_id and person_id = told.author_id))
         order by told.id
        """,
        list(inspection_ids),
    )
    found = {id_: Statements([], []) for id_ in inspection_ids}
    for id_, inspection_id, author, phone, replaces, earliest, latest, what, *arrival in rows:
        received_at, by_clock, revoked_at, vouched_at = arrival
        operation = Operation(
            id=id_,
            inspection_id=inspection_id,
            author=author,
            phone=phone,
            replaces=frozenset(replaces),
            earliest=earliest,
            latest=latest,
            what=DECODE_TOLD.decode(what),
        )
        late = vouched_at is None and told_after_revocation(revoked_at, received_at, by_clock)
        (found[inspection_id].after_revocation if late else found[inspection_id].counted).append(operation)
    return found


async def vouch(db: Connection, operation_ids: Collection[UUID], vouched_by: UUID, reason: str, now: datetime) -> None:
    """From now on they count. Those vouched for already are left alone."""
    await db.execute(
        """
        insert into operation_vouched (operation_id, vouched_by, vouched_at, reason)
        select id, $2, $3, $4 from unnest($1::uuid[]) as id
            on conflict (operation_id) do nothing
        """,
        list(operation_ids),
        vouched_by,
        now,
        reason,
    )


async def told_by_phone(db: Connection, phone_id: UUID, since: datetime) -> list[UUID]:
    """Inspections of which it told anything that may lie after the instant. Index: inspection_operation_phone."""
    rows = await db.fetch(
        """
        select distinct inspection_id
          from inspection_operation
         where phone_id = $1
           and (received_at >= $2 or told_latest >= $2)
        """,
        phone_id,
        since,
    )
    return [row["inspection_id"] for row in rows]
