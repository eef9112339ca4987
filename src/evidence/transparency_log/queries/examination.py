"""Questions of somebody who believes no row: what the log does not know of, or otherwise."""

from datetime import datetime

from evidence.custody import Event
from evidence.transparency_log.queries.log import Signed
from foundation.database import Connection
from foundation.object_store import StoredObject


async def checkpoints_between(db: Connection, after: int, until: int) -> list[Signed]:
    """Of sizes beyond the one, up to the other."""
    rows = await db.fetch(
        "select size, root, note, at from log_checkpoint where size > $1 and size <= $2 order by size", after, until
    )
    return [Signed(*row) for row in rows]


async def entries_outside(db: Connection, most: int) -> list[int]:
    """Ids of entries that are neither in the log nor waiting for it."""
    rows = await db.fetch(
        """
        select id
          from custody_entry as entry
         where not exists (select from log_leaf where log_leaf.entry_id = entry.id)
           and not exists (select from log_pending where log_pending.entry_id = entry.id)
         order by id
         limit $1
        """,
        most,
    )
    return [row["id"] for row in rows]


async def waiting_since(db: Connection, instant: datetime, most: int) -> list[int]:
    """Ids of entries from before the instant that still wait, or that wait and are not there."""
    rows = await db.fetch(
        """
        select entry_id
          from log_pending
          left join custody_entry as entry on entry.id = entry_id
         where entry.id is null or entry.at < $1
         order by entry_id
         limit $2
        """,
        instant,
        most,
    )
    return [row["entry_id"] for row in rows]


async def rows_untold(db: Connection, most: int) -> list[tuple[int | None, str]]:
    """Rows of evidence that say otherwise than the entry of theirs: index of its leaf, None where there is none.

    What was erased of an entry is not compared.
    """
    rows = await db.fetch(
        """
        with entry as (
            select custody_entry.id, evidence_id, event, index,
                   case when erased_field.entry_id is null then details end as details
              from custody_entry
              left join log_leaf on log_leaf.entry_id = custody_entry.id
              left join erased_field on erased_field.entry_id = custody_entry.id and field = 'details'
             where evidence_id is not null
               and event = any ($2::text[])
        ), verdict_entry as (
            select *, (details ->> 'ordinal')::integer as ordinal from entry where event <> all ($3::text[])
        )
        select index, 'evidence ' || evidence.id as about
          from evidence
          left join entry on entry.evidence_id = evidence.id and event = $3[1]
         where entry.id is null
            or details ->> 'sha256' <> encode(evidence.sha256, 'hex')
         union all
        select index, 'reception ' || reception.evidence_id
          from reception
          join evidence on evidence.id = reception.evidence_id
          left join entry on entry.evidence_id = reception.evidence_id and event = $3[2]
         where entry.id is null
            or details ->> 'sha256' <> encode(reception.sha256, 'hex')
            or reception.sha256 <> evidence.sha256
         union all
        select index, 'verdict ' || coalesce(verdict.evidence_id, entry.evidence_id) || ' '
                      || coalesce(verdict.ordinal, entry.ordinal)
          from verdict
          full join verdict_entry as entry
            on entry.evidence_id = verdict.evidence_id and entry.ordinal = verdict.ordinal
         where (verdict.evidence_id is null and entry.details is not null)
            or (entry.id is null
                and not exists (select from verdict_entry where details is null
                                and verdict_entry.evidence_id = verdict.evidence_id))
            or entry.event <> all (case outcome when 'ADMITTED' then $4::text[] when 'HELD' then $5::text[]
                                   else $6::text[] end)
            or entry.details ->> 'sha256' <> verdict_digest(verdict)
         union all
        select null, 'admission ' || admission.evidence_id
          from admission
         where 'ADMITTED' is distinct from (
               select outcome from verdict where verdict.evidence_id = admission.evidence_id
                order by ordinal desc limit 1)
         limit $1
        """,
        most,
        [*_RECEIVED, *_ADMITTED, *_HELD, *_UNDETERMINED],
        _RECEIVED,
        _ADMITTED,
        _HELD,
        _UNDETERMINED,
    )
    return [(row["index"], row["about"]) for row in rows]


_RECEIVED = [Event.COMMITTED, Event.RECEIVED]
_ADMITTED, _HELD = [Event.ADMITTED], [Event.HELD]
_UNDETERMINED = [Event.UNDETERMINED, Event.SUSPENDED]


async def erasures_untold(db: Connection, most: int) -> list[int]:
    """Ids of entries of which something was erased without an entry that tells exactly that."""
    rows = await db.fetch(
        """
        select min(entry_id) as entry_id
          from erased_field
         group by erased_at
        having not exists (
               select from custody_entry as entry
                where entry.event = $1 and entry.at = erased_at and entry.details ->> 'digest' = encode(sha256(
                      convert_to(string_agg(entry_id || ' ' || field || ' ' || encode(commitment, 'hex'), e'\\n'
                                            order by entry_id, field), 'UTF8')), 'hex'))
         order by entry_id
         limit $2
        """,
        Event.PERSON_ERASED,
        most,
    )
    return [row["entry_id"] for row in rows]


async def objects_after(db: Connection, sha256: bytes, most: int) -> list[StoredObject]:
    rows = await db.fetch(
        """
        select sha256, size, key, version_id, retained_until
          from stored_object
         where sha256 > $1
           and not exists (select from object_disposal where object_disposal.sha256 = stored_object.sha256)
         order by sha256
         limit $2
        """,
        sha256,
        most,
    )
    return [StoredObject(*row) for row in rows]
