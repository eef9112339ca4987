"""Addresses of calendar feeds by their secret, and the days in one."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from foundation.database import Connection

MOST_DEVICES = 3000
"""In one feed, the soonest; calendar programs read all of it every few hours."""


class Feed(NamedTuple):
    person_id: UUID
    created_at: datetime


class Dates(NamedTuple):
    """The days of one device; what is None is not to come."""

    device_id: UUID
    tag: str
    kind_zh: str
    kind_en: str
    verified_until: datetime | None
    planned_for: date | None
    deadline: date | None


async def renew_feed(db: Connection, person_id: UUID, secret_hash: bytes, now: datetime) -> None:
    """A new address; the one before leads nowhere any more. Call it in a transaction."""
    await revoke_feed(db, person_id, now)
    await db.execute(
        "insert into calendar_feed (person_id, secret_hash, created_at) values ($1, $2, $3)",
        person_id,
        secret_hash,
        now,
    )


async def revoke_feed(db: Connection, person_id: UUID, now: datetime) -> None:
    await db.execute(
        "update calendar_feed set revoked_at = $2 where person_id = $1 and revoked_at is null", person_id, now
    )


async def feed_of(db: Connection, person_id: UUID) -> Feed | None:
    """The feed that the person has now."""
    row = await db.fetchrow(
        "select person_id, created_at from calendar_feed where person_id = $1 and revoked_at is null", person_id
    )
    return Feed(*row) if row else None


async def feed_behind(db: Connection, secret_hash: bytes) -> Feed | None:
    row = await db.fetchrow(
        "select person_id, created_at from calendar_feed where secret_hash = $1 and revoked_at is null", secret_hash
    )
    return Feed(*row) if row else None


async def dates(db: Connection, units: Collection[UUID], since: datetime, until: datetime) -> list[Dates]:
    """Of the devices of these units: ends of validity in that time, and whatever is planned or demanded."""
    rows = await db.fetch(
        """
        select device_id, tag, name_zh, name_en,
               case when device_overview.requirement = 'MANDATORY' and last_result = 'PASS'
                     and verified_until > $2 and verified_until <= $3
                    then verified_until end as ends,
               case when plan_step = 'PLANNED' and plan_until is not distinct from verified_until
                    then plan_day end as planned_for,
               case when state = 'RECTIFYING' then deadline end as demanded
          from device_overview
          join device_kind on device_kind.code = device_overview.kind
         where unit_id = any ($1)
           and state not in ('RETIRED', 'REJECTED', 'WITHDRAWN')
           and ((device_overview.requirement = 'MANDATORY' and last_result = 'PASS'
                 and verified_until > $2 and verified_until <= $3)
                or (plan_step = 'PLANNED' and plan_until is not distinct from verified_until)
                or (state = 'RECTIFYING' and deadline is not null))
         order by verified_until, tag
         limit $4
        """,
        list(units),
        since,
        until,
        MOST_DEVICES,
    )
    return [Dates(*row) for row in rows]
