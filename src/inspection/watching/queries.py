"""SQL of watching."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from foundation.database import Connection
from inspection.watching.model import Kind, Search, Watch


async def add(db: Connection, watch: Watch) -> bool:
    """False where the person watches it already."""
    added = await db.fetchval(
        """
        insert into watch (id, person_id, kind, subject_id, search_unit, search_officer, search_device, search_state,
                           label, begun_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict do nothing
        returning true
        """,
        watch.id,
        watch.person_id,
        watch.kind,
        watch.subject_id,
        watch.search.unit_id,
        watch.search.officer_id,
        watch.search.device_tag,
        watch.search.state,
        watch.label,
        watch.begun_at,
    )
    return bool(added)


async def end(db: Connection, watches: Collection[UUID], why: str, now: datetime) -> int:
    """How many of them had not ended."""
    rows = await db.fetch(
        "update watch set ended_at = $3, ended_why = $2 where id = any ($1) and ended_at is null returning id",
        list(watches),
        why,
        now,
    )
    return len(rows)


async def watches_of(db: Connection, person_id: UUID) -> list[Watch]:
    """Those that have not ended, the newest first. Index: watch_already."""
    rows = await db.fetch(
        """
        select id, person_id, kind, subject_id, search_unit, search_officer, search_device, search_state, label,
               begun_at
          from watch
         where person_id = $1
           and ended_at is null
         order by begun_at desc, id
        """,
        person_id,
    )
    return [_watch(*row) for row in rows]


async def watch_of(db: Connection, person_id: UUID, kind: Kind, subject_id: UUID) -> UUID | None:
    """Under which id the person watches it; None where not. Index: watch_already."""
    found: UUID | None = await db.fetchval(
        "select id from watch where person_id = $1 and kind = $2 and subject_id = $3 and ended_at is null",
        person_id,
        kind,
        subject_id,
    )
    return found


async def all_watches(db: Connection) -> list[Watch]:
    """Of everybody."""
    rows = await db.fetch(
        """
        select id, person_id, kind, subject_id, search_unit, search_officer, search_device, search_state, label,
               begun_at
          from watch
         where ended_at is null
        """
    )
    return [_watch(*row) for row in rows]


async def take_marks(db: Connection) -> tuple[int, datetime]:
    """The last leaf that was read, and until when facts were; nobody else reads until the transaction ends."""
    rows = {
        row["source"]: row
        for row in await db.fetch("select source, leaf, until from watch_mark order by source for update")
    }
    return rows["LOG"]["leaf"], rows["FACTS"]["until"]


async def move_marks(db: Connection, leaf: int, until: datetime) -> None:
    await db.execute(
        """
        update watch_mark
           set leaf = case source when 'LOG' then $1::bigint end,
               until = case source when 'FACTS' then $2::timestamptz end
        """,
        leaf,
        until,
    )


def _watch(
    id_: UUID,
    person_id: UUID,
    kind: str,
    subject_id: UUID | None,
    unit_id: UUID | None,
    officer_id: UUID | None,
    device_tag: str | None,
    state: str | None,
    label: str,
    begun_at: datetime,
) -> Watch:
    search = Search(unit_id=unit_id, officer_id=officer_id, device_tag=device_tag, state=state)
    return Watch(
        id=id_,
        person_id=person_id,
        kind=Kind(kind),
        subject_id=subject_id,
        search=search,
        label=label,
        begun_at=begun_at,
    )
