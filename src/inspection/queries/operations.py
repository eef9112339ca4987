"""Operations as they are kept, and what may be told about whose inspection."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from evidence.model import Courier
from foundation.database import Connection
from inspection.model import Operation, Told


class Arrived(NamedTuple):
    """An operation whose signature holds, as it came."""

    operation: Operation
    author_unit: UUID
    jws: str
    sha256: bytes
    """Of the payload that was signed; the same statement signed again is the same statement."""


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
                                          told_latest, replaces, what, jws, sha256, received_at)
        select id, inspection_id, author_id, phone_id, $13, type, key, told_earliest, told_latest,
               string_to_array(replaces, ' ')::uuid[], what, jws, sha256, $14
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
                      $8::timestamptz[], $9::text[], $10::jsonb[], $11::text[], $12::bytea[])
               as told (id, inspection_id, author_id, phone_id, type, key, told_earliest, told_latest, replaces, what,
                        jws, sha256)
            on conflict (id) do nothing
        returning id
        """,
        *_columns(arrived),
        courier.person_id,
        now,
    )
    return {row["id"] for row in rows}


def _columns(arrived: Sequence[Arrived]) -> list[list[object]]:
    told = [
        (
            operation.id,
            operation.inspection_id,
            operation.author,
            operation.phone,
            type(operation.what).__struct_config__.tag,
            operation.key,
            operation.earliest,
            operation.latest,
            " ".join(sorted(map(str, operation.replaces))),  # a list of lists would be an array of two dimensions
            msgspec.to_builtins(operation.what),
            signed,
            sha256,
        )
        for operation, _, signed, sha256 in arrived
    ]
    return [list(column) for column in zip(*told, strict=True)]


async def kept_as(db: Connection, ids: Collection[UUID]) -> dict[UUID, bytes]:
    """The digest of each operation that is kept under one of these ids."""
    rows = await db.fetch("select id, sha256 from inspection_operation where id = any ($1)", list(ids))
    return {row["id"]: row["sha256"] for row in rows}


async def operations_of(db: Connection, inspection_ids: Collection[UUID]) -> dict[UUID, list[Operation]]:
    """What may be told of each by who told it, by id. Waiting ones of strangers are left out."""
    rows = await db.fetch(
        """
        select told.id, told.inspection_id, told.author_id, told.phone_id, told.replaces, told.told_earliest,
               told.told_latest, told.what
          from inspection_operation as told
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
    found: dict[UUID, list[Operation]] = {id_: [] for id_ in inspection_ids}
    for id_, inspection_id, author, phone, replaces, earliest, latest, what in rows:
        found[inspection_id].append(
            Operation(
                id=id_,
                inspection_id=inspection_id,
                author=author,
                phone=phone,
                replaces=frozenset(replaces),
                earliest=earliest,
                latest=latest,
                what=msgspec.convert(what, Told),
            )
        )
    return found
