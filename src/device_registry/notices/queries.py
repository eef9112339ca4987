"""Notices are added and read, never changed. For whom a notice is, is asked when somebody looks."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from agency.model import Role
from device_registry.notices.model import NewNotice, Notice
from foundation.database import Connection

Reach = Sequence[tuple[Role, UUID]]
"""Each role somebody has, with each unit it reaches."""


class Mark(NamedTuple):
    """The last notice of a page."""

    read: bool
    id: UUID


async def notify(db: Connection, notices: Collection[NewNotice], now: datetime) -> int:
    """Gives the notices, and returns how many were new: what is to be told `once` is told once."""
    rows = await db.fetch(
        """
        insert into notice (subject, details, role, unit_id, person_id, device_id, once, created_at)
        select given.*, $8
          from unnest($1::text[], $2::jsonb[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[]) as given
            on conflict on constraint notice_given_once do nothing
        returning id
        """,
        [notice.subject for notice in notices],
        [notice.details for notice in notices],
        [notice.role for notice in notices],
        [notice.unit_id for notice in notices],
        [notice.person_id for notice in notices],
        [notice.device_id for notice in notices],
        [notice.once for notice in notices],
        now,
    )
    return len(rows)


async def inbox(db: Connection, person_id: UUID, reach: Reach, *, after: Mark | None = None, most: int) -> list[Notice]:
    """What was not read first, the newest first."""
    roles, units = _columns(reach)
    rows = await db.fetch(
        """
        select id, subject, details, device_id, unit_id, created_at, read_at
          from notice
          left join notice_reading on notice_reading.notice_id = notice.id and notice_reading.person_id = $1
         where (notice.person_id = $1
                or (role, unit_id) in (select * from unnest($2::text[], $3::uuid[])))
           and ($4::boolean is null
                or (read_at is not null) > $4
                or ((read_at is not null) = $4 and id < $5::uuid))
         order by read_at is not null, id desc
         limit $6
        """,
        person_id,
        roles,
        units,
        None if after is None else after.read,
        None if after is None else after.id,
        most,
    )
    return [_notice(*row) for row in rows]


async def unread(db: Connection, person_id: UUID, reach: Reach) -> int:
    roles, units = _columns(reach)
    found: int = await db.fetchval(
        """
        select count(*)
          from notice
         where (notice.person_id = $1
                or (role, unit_id) in (select * from unnest($2::text[], $3::uuid[])))
           and not exists (
               select
                 from notice_reading
                where notice_reading.notice_id = notice.id
                  and notice_reading.person_id = $1
               )
        """,
        person_id,
        roles,
        units,
    )
    return found


async def read(
    db: Connection, person_id: UUID, reach: Reach, now: datetime, *, notice_id: UUID | None = None
) -> list[UUID]:
    """The person has read the notice, or all there are, and which these are. A second reading changes nothing."""
    roles, units = _columns(reach)
    rows = await db.fetch(
        """
        with meant as (
            select id
              from notice
             where (notice.person_id = $1
                    or (role, unit_id) in (select * from unnest($2::text[], $3::uuid[])))
               and ($5::uuid is null or id = $5)
        ), added as (
            insert into notice_reading (notice_id, person_id, read_at)
            select id, $1, $4 from meant
                on conflict do nothing
        )
        select id from meant
        """,
        person_id,
        roles,
        units,
        now,
        notice_id,
    )
    return [row["id"] for row in rows]


async def claim_digests(db: Connection, people: Collection[UUID], day: date, now: datetime) -> list[UUID]:
    """Those of the people who have no digest of that day yet: now they have, and nobody else sends it."""
    rows = await db.fetch(
        """
        insert into notice_digest (person_id, day, queued_at)
        select person_id, $2, $3
          from unnest($1::uuid[]) as given (person_id)
            on conflict do nothing
        returning person_id
        """,
        list(people),
        day,
        now,
    )
    return [row["person_id"] for row in rows]


async def digest(db: Connection, person_id: UUID, reach: Reach, day: date) -> list[Notice]:
    """What was not read of what came since the digest before, at most a week. Empty once it is sent."""
    roles, units = _columns(reach)
    rows = await db.fetch(
        """
        select id, subject, details, device_id, unit_id, created_at, null::timestamptz
          from notice
          join notice_digest as today on today.person_id = $1 and today.day = $4 and today.sent_at is null
         where (notice.person_id = $1
                or (role, unit_id) in (select * from unnest($2::text[], $3::uuid[])))
           and created_at <= today.queued_at
           and created_at > greatest(today.queued_at - interval '7 days', (
               select max(queued_at) from notice_digest where person_id = $1 and day < $4))
           and not exists (
               select
                 from notice_reading
                where notice_reading.notice_id = notice.id
                  and notice_reading.person_id = $1
               )
         order by id
        """,
        person_id,
        roles,
        units,
        day,
    )
    return [_notice(*row) for row in rows]


async def digest_sent(db: Connection, person_id: UUID, day: date, now: datetime) -> None:
    await db.execute("update notice_digest set sent_at = $3 where person_id = $1 and day = $2", person_id, day, now)


def _columns(reach: Reach) -> tuple[list[Role], list[UUID]]:
    return [role for role, _ in reach], [unit_id for _, unit_id in reach]


def _notice(
    id_: UUID,
    subject: str,
    details: dict[str, str | int],
    device_id: UUID | None,
    unit_id: UUID | None,
    created_at: datetime,
    read_at: datetime | None,
) -> Notice:
    return Notice(
        id=id_,
        subject=subject,
        details=details,
        device_id=device_id,
        unit_id=unit_id,
        created_at=created_at,
        read_at=read_at,
    )
