"""SQL of retention."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from evidence.problems import EvidenceDisposed
from evidence.retention.model import Basis, Category, DisposalItem, DisposalList, Hold, HoldSource, Kept, Step
from evidence.retention.problems import DisposalDecided, RehearserConfirms
from foundation.civil import beginning_of, day_after
from foundation.database import Connection
from foundation.object_store import StoredObject

_KEPT = """
    select reception.evidence_id, evidence.unit_id, upper(evidence.captured),
           coalesce(facts ->> 'inspection_id', '') <> '',
           (select coalesce(array_agg(distinct closed_on), '{}')
              from case_evidence join case_file_closing using (case_id)
             where case_evidence.evidence_id = reception.evidence_id)
      from reception
      join evidence on evidence.id = reception.evidence_id
"""
_AWAITED = f"""
    {_KEPT}
     where reception.evidence_id in (select evidence_id from retention_awaited limit $1)
"""  # noqa: S608 - of constants
_WITH_THE_SAME_BYTES = f"""
    {_KEPT}
     where reception.sha256 in (select sha256 from reception where evidence_id = any ($1))
"""  # noqa: S608 - of constants


async def awaited(db: Connection, most: int) -> list[Kept]:
    """What is new here, or rests in a case that was closed since."""
    return [_kept(row) for row in await db.fetch(_AWAITED, most)]


async def no_longer_awaited(db: Connection, evidence_ids: Collection[UUID]) -> None:
    await db.execute("delete from retention_awaited where evidence_id = any ($1)", list(evidence_ids))


async def kept(db: Connection, evidence_ids: Collection[UUID]) -> list[Kept]:
    """These, and whatever shares their bytes."""
    return [_kept(row) for row in await db.fetch(_WITH_THE_SAME_BYTES, list(evidence_ids))]


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(row[0], row[1], row[2], row[3], [beginning_of(day_after(day)) for day in row[4]])


async def add_bases(db: Connection, found: Sequence[tuple[UUID, Basis]], now: datetime) -> None:
    """What is known already is left as it is."""
    await db.execute(
        """
        insert into retention_basis (evidence_id, category, starts_at, keep_until, known_at)
        select * , $5::timestamptz from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
        on conflict do nothing
        """,
        [evidence_id for evidence_id, _ in found],
        [basis.category for _, basis in found],
        [basis.starts_at for _, basis in found],
        [basis.keep_until for _, basis in found],
        now,
    )


async def bases_of(db: Connection, evidence_id: UUID) -> list[Basis]:
    """The longest first."""
    rows = await db.fetch(
        """
        select category, starts_at, keep_until
          from retention_basis
         where evidence_id = $1
         order by keep_until desc, category
        """,
        evidence_id,
    )
    return [Basis(Category(row[0]), row[1], row[2]) for row in rows]


async def locked_too_short(db: Connection, evidence_ids: Collection[UUID]) -> list[tuple[StoredObject, datetime]]:
    """Objects of these whose lock ends before the longest term of all that shares them, and when that ends."""
    rows = await db.fetch(
        """
        select stored_object.sha256, size, key, version_id, retained_until, keep_until
          from stored_object
          join lateral (
               select max(basis.keep_until) as keep_until
                 from reception join retention_basis as basis using (evidence_id)
                where reception.sha256 = stored_object.sha256
          ) as longest on keep_until > retained_until
         where stored_object.sha256 in (select sha256 from reception where evidence_id = any ($1))
        """,
        list(evidence_ids),
    )
    return [(StoredObject(*row[:5]), row[5]) for row in rows]


async def lock_is(db: Connection, sha256: bytes, until: datetime) -> None:
    await db.execute(
        "update stored_object set retained_until = greatest(retained_until, $2) where sha256 = $1", sha256, until
    )


async def holds_of(db: Connection, evidence_ids: Collection[UUID]) -> list[Hold]:
    """What holds these now, oldest first."""
    rows = await db.fetch(
        """
        select held.evidence_id, held.source, since, legal_hold.id, coalesce(legal_hold.reason, '')
          from evidence_hold as held
          left join legal_hold on legal_hold.id = held.reference
         where held.evidence_id = any ($1)
         order by since, held.reference
        """,
        list(evidence_ids),
    )
    return [Hold(*row) for row in rows]


async def holds_in(db: Connection, units: Collection[UUID], most: int) -> list[Hold]:
    """What is held of these units, the oldest first."""
    rows = await db.fetch(
        """
        select held.evidence_id, held.source, since, legal_hold.id, coalesce(legal_hold.reason, '')
          from evidence_hold as held
          join evidence on evidence.id = held.evidence_id
          left join legal_hold on legal_hold.id = held.reference
         where evidence.unit_id = any ($1)
         order by since, held.reference
         limit $2
        """,
        list(units),
        most,
    )
    return [Hold(*row) for row in rows]


async def place_hold(
    db: Connection, evidence_id: UUID, source: HoldSource, reason: str, person_id: UUID, now: datetime
) -> UUID:
    """Raises EvidenceDisposed."""
    try:
        hold_id: UUID = await db.fetchval(
            """
            insert into legal_hold (evidence_id, source, reason, placed_by, placed_at)
            values ($1, $2, $3, $4, $5)
            returning id
            """,
            evidence_id,
            source,
            reason,
            person_id,
            now,
        )
    except asyncpg.CheckViolationError as error:
        raise EvidenceDisposed from error
    return hold_id


async def held_evidence(db: Connection, hold_id: UUID) -> UUID | None:
    """What a hold placed by hand holds; None where there is none or it was lifted."""
    found: UUID | None = await db.fetchval(
        """
        select evidence_id
          from legal_hold
         where id = $1
           and not exists (select from legal_hold_lifting where hold_id = legal_hold.id)
        """,
        hold_id,
    )
    return found


async def lift_hold(db: Connection, hold_id: UUID, reason: str, person_id: UUID, now: datetime) -> bool:
    """False where it was lifted already."""
    done = await db.execute(
        """
        insert into legal_hold_lifting (hold_id, reason, lifted_by, lifted_at)
        values ($1, $2, $3, $4)
        on conflict do nothing
        """,
        hold_id,
        reason,
        person_id,
        now,
    )
    return bool(done == "INSERT 0 1")


async def holds_to_change(db: Connection, most: int) -> list[tuple[StoredObject, bool]]:
    """Objects on which the store has a hold that it should not have, or the other way round; and what it should be."""
    rows = await db.fetch(
        """
        with wanted as (
            select distinct sha256 from evidence_hold join reception using (evidence_id)
        ), changing as (
            select sha256, true as held from wanted
             where not exists (select from object_hold where object_hold.sha256 = wanted.sha256 and object_hold.held)
             union all
            select sha256, false from object_hold
             where object_hold.held
               and not exists (select from wanted where wanted.sha256 = object_hold.sha256)
        )
        select stored_object.sha256, size, key, version_id, retained_until, changing.held
          from changing
          join stored_object on stored_object.sha256 = changing.sha256
         where not exists (select from object_disposal where object_disposal.sha256 = stored_object.sha256
                                                        and deleted_at is not null)
         limit $1
        """,
        most,
    )
    return [(StoredObject(*row[:5]), row[5]) for row in rows]


async def hold_is(db: Connection, sha256: bytes, held: bool, now: datetime) -> None:
    await db.execute(
        """
        insert into object_hold (sha256, held, changed_at)
        values ($1, $2, $3)
        on conflict (sha256) do update set held = excluded.held, changed_at = excluded.changed_at
        """,
        sha256,
        held,
        now,
    )


async def due_for_disposal(db: Connection, unit_id: UUID, now: datetime, most: int) -> list[tuple[UUID, datetime]]:
    """What has outlived its term and its lock, is not held, and is on no list that still stands; oldest term first."""
    rows = await db.fetch(
        """
        select reception.evidence_id, longest.keep_until
          from reception
          join evidence on evidence.id = reception.evidence_id
          join stored_object on stored_object.sha256 = reception.sha256
          join lateral (
               select max(keep_until) as keep_until from retention_basis
                where retention_basis.evidence_id = reception.evidence_id
          ) as longest on longest.keep_until <= $2
         where evidence.unit_id = $1
           and stored_object.retained_until <= $2
           and not exists (select from evidence_hold where evidence_hold.evidence_id = reception.evidence_id)
           and not exists (select from object_disposal where object_disposal.sha256 = reception.sha256)
           and not exists (
               select from disposal_item as item
                where item.evidence_id = reception.evidence_id
                  and not exists (select from disposal_withdrawal where disposal_withdrawal.list_id = item.list_id)
                  and not exists (select from disposal_result as result
                                   where result.list_id = item.list_id and result.evidence_id = item.evidence_id))
         order by longest.keep_until, reception.evidence_id
         limit $3
        """,
        unit_id,
        now,
        most,
    )
    return [(row[0], row[1]) for row in rows]


async def add_list(
    db: Connection, unit_id: UUID, reason: str, items: Sequence[tuple[UUID, datetime]], by: UUID, now: datetime
) -> UUID:
    list_id: UUID = await db.fetchval(
        """
        with list as (
            insert into disposal_list (unit_id, reason, rehearsed_by, rehearsed_at)
            values ($1, $2, $3, $4)
            returning id
        ), items as (
            insert into disposal_item (list_id, evidence_id, kept_until)
            select list.id, item.* from list, unnest($5::uuid[], $6::timestamptz[]) as item
        )
        select id from list
        """,
        unit_id,
        reason,
        by,
        now,
        [evidence_id for evidence_id, _ in items],
        [kept_until for _, kept_until in items],
    )
    return list_id


async def lists(
    db: Connection, units: Collection[UUID], *, list_id: UUID | None = None, most: int = 100
) -> list[DisposalList]:
    """Newest first."""
    rows = await db.fetch(
        """
        select list.id, list.unit_id, list.reason,
               case when withdrawn.list_id is not null then 'WITHDRAWN'
                    when confirmed.list_id is null then 'REHEARSED'
                    when items.decided = items.number then 'CARRIED_OUT'
                    else 'CONFIRMED' end,
               list.rehearsed_by, list.rehearsed_at, confirmed.confirmed_by, confirmed.due_at,
               items.number, items.size, items.disposed
          from disposal_list as list
          left join disposal_confirmation as confirmed on confirmed.list_id = list.id
          left join disposal_withdrawal as withdrawn on withdrawn.list_id = list.id
          join lateral (
               select count(*) as number, coalesce(sum(evidence.size), 0)::bigint as size,
                      count(result.at) as decided,
                      count(result.at) filter (where kept_for is null) as disposed
                 from disposal_item as item
                 join evidence on evidence.id = item.evidence_id
                 left join disposal_result as result
                   on result.list_id = item.list_id and result.evidence_id = item.evidence_id
                where item.list_id = list.id
          ) as items on true
         where list.unit_id = any ($1)
           and ($2::uuid is null or list.id = $2)
         order by list.rehearsed_at desc, list.id
         limit $3
        """,
        list(units),
        list_id,
        most,
    )
    return [DisposalList(row[0], row[1], row[2], Step(row[3]), *row[4:]) for row in rows]


async def to_confirm(db: Connection, units: Collection[UUID], person_id: UUID) -> int:
    """How many lists of these units wait for somebody other than who drew them up, as this person is."""
    number: int = await db.fetchval(
        """
        select count(*)
          from disposal_list as list
         where unit_id = any ($1)
           and rehearsed_by <> $2
           and not exists (select from disposal_confirmation where list_id = list.id)
           and not exists (select from disposal_withdrawal where list_id = list.id)
        """,
        list(units),
        person_id,
    )
    return number


async def items_of(db: Connection, list_id: UUID, most: int = 1000) -> list[DisposalItem]:
    """By when their term ended."""
    rows = await db.fetch(
        """
        select item.evidence_id, encode(evidence.sha256, 'hex'), evidence.size, item.kept_until, struck.reason,
               result.at is not null, result.kept_for
          from disposal_item as item
          join evidence on evidence.id = item.evidence_id
          left join disposal_strike as struck on struck.list_id = item.list_id and struck.evidence_id = item.evidence_id
          left join disposal_result as result on result.list_id = item.list_id and result.evidence_id = item.evidence_id
         where item.list_id = $1
         order by item.kept_until, item.evidence_id
         limit $2
        """,
        list_id,
        most,
    )
    return [DisposalItem(*row) for row in rows]


async def confirm_list(db: Connection, found: DisposalList, by: UUID, now: datetime, due_at: datetime) -> None:
    """Raises DisposalDecided, RehearserConfirms."""
    try:
        await db.execute(
            """
            insert into disposal_confirmation (list_id, rehearsed_by, confirmed_by, confirmed_at, due_at)
            values ($1, $2, $3, $4, $5)
            """,
            found.id,
            found.rehearsed_by,
            by,
            now,
            due_at,
        )
    except asyncpg.UniqueViolationError as error:
        raise DisposalDecided from error
    except asyncpg.CheckViolationError as error:
        raise RehearserConfirms from error


async def withdraw_list(db: Connection, list_id: UUID, reason: str, by: UUID, now: datetime) -> None:
    """Raises DisposalDecided."""
    try:
        await db.execute(
            """
            insert into disposal_withdrawal (list_id, reason, withdrawn_by, withdrawn_at)
            values ($1, $2, $3, $4)
            """,
            list_id,
            reason,
            by,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise DisposalDecided from error


async def strike(db: Connection, list_id: UUID, evidence_id: UUID, reason: str, by: UUID, now: datetime) -> bool:
    """False where it is not on the list, was struck or is decided already."""
    done = await db.execute(
        """
        insert into disposal_strike (list_id, evidence_id, reason, struck_by, struck_at)
        select list_id, evidence_id, $3, $4, $5
          from disposal_item
         where list_id = $1 and evidence_id = $2
           and not exists (select from disposal_result where list_id = $1 and evidence_id = $2)
        on conflict do nothing
        """,
        list_id,
        evidence_id,
        reason,
        by,
        now,
    )
    return bool(done == "INSERT 0 1")


async def undecided(db: Connection, now: datetime, most: int) -> list[tuple[UUID, UUID, StoredObject]]:
    """Items of lists that are due, with the object behind each."""
    rows = await db.fetch(
        """
        select item.list_id, item.evidence_id, stored_object.sha256, size, key, version_id, retained_until
          from disposal_confirmation as confirmed
          join disposal_item as item on item.list_id = confirmed.list_id
          join reception on reception.evidence_id = item.evidence_id
          join stored_object on stored_object.sha256 = reception.sha256
         where confirmed.due_at <= $1
           and not exists (select from disposal_withdrawal where disposal_withdrawal.list_id = item.list_id)
           and not exists (select from disposal_result as result
                            where result.list_id = item.list_id and result.evidence_id = item.evidence_id)
         order by confirmed.due_at, item.list_id, item.evidence_id
         limit $2
        """,
        now,
        most,
    )
    return [(row[0], row[1], StoredObject(*row[2:])) for row in rows]


async def dispose(db: Connection, list_id: UUID, sha256: bytes, now: datetime) -> None:
    """Raises asyncpg.CheckViolationError with the name of what forbids it; again it changes nothing."""
    await db.execute(
        "insert into object_disposal (sha256, list_id, disposed_at) values ($1, $2, $3) on conflict do nothing",
        sha256,
        list_id,
        now,
    )


async def decide(db: Connection, list_id: UUID, evidence_id: UUID, kept_for: str | None, now: datetime) -> None:
    await db.execute(
        """
        insert into disposal_result (list_id, evidence_id, kept_for, at)
        values ($1, $2, $3, $4)
        on conflict do nothing
        """,
        list_id,
        evidence_id,
        kept_for,
        now,
    )


async def to_delete(db: Connection, most: int) -> list[StoredObject]:
    rows = await db.fetch(
        """
        select stored_object.sha256, size, key, version_id, retained_until
          from object_disposal
          join stored_object on stored_object.sha256 = object_disposal.sha256
         where deleted_at is null
         limit $1
        """,
        most,
    )
    return [StoredObject(*row) for row in rows]


async def deleted(db: Connection, sha256: bytes, now: datetime) -> None:
    await db.execute("update object_disposal set deleted_at = $2 where sha256 = $1", sha256, now)


async def disposed_at(db: Connection, sha256: bytes) -> datetime | None:
    """When the bytes were disposed of; None while they are kept."""
    at: datetime | None = await db.fetchval("select disposed_at from object_disposal where sha256 = $1", sha256)
    return at
