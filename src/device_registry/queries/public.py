"""What was announced, for anybody to read.

Only what an announcement has told is looked at and searched: a site that is still under review shows nowhere, and no
search reaches a serial number, a maker or a model.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from device_registry.model import (
    Channel,
    Datum,
    LastResult,
    Notice,
    NoticeTold,
    Place,
    Published,
    Purpose,
    Requirement,
    Site,
)
from device_registry.model import State as LifeCycleState
from device_registry.rules.spans import FOR_EVER
from foundation.civil import day_of
from foundation.database import Connection

SHORTEST_TEXT = 2
"""Characters of a search: one alone has no pair for the indexes to find it by."""

_TOLD = """announcement.announced_on <= $1
                   and not exists (select from correction where superseded_id = announcement.id)"""
_WORDS = "lower(address || ' ' || coalesce(road, '') || ' ' || coalesce(direction, ''))"
"""As the index site_version_words has it."""
_COLUMNS = """device_id, tag, kind, unit_id, requirement, state, in_service_until, verified_until, last_result"""
_EVER_PUBLISHED = f"""siting_needed
           and exists (
               select from announcement
                where announcement.device_id = device_overview.device_id
                  and notice = 'PUBLISHED'
                  and {_TOLD})"""
_SITE = f"""
          join lateral (
               select address, road, direction, longitude, latitude, datum, monitored_items, speed_limit,
                      announced_on, latest_notice = 'WITHDRAWN' as withdrawn, since
                 from site_version
                 join lateral (
                      select min(announced_on) filter (where notice = 'PUBLISHED') as announced_on,
                             (array_agg(notice order by announced_on desc, notice = 'WITHDRAWN' desc)
                              filter (where notice <> 'STOPPED'))[1] as latest_notice
                        from announcement
                       where site_version_id = site_version.id
                         and {_TOLD}) as told on told.announced_on is not null
                cross join lateral (
                      select min(occurred_at) as since, max(occurred_at) as latest
                        from service_event
                       where device_id = found.device_id
                         and site_version_id = site_version.id
                         and change = 'PUT_IN_SERVICE'
                         and occurred_at <= $2
                         and not exists (select from correction where superseded_id = service_event.id)) as used
                where site_version.device_id = found.device_id
                order by latest desc nulls last, number desc
                limit 1) as site on true
         order by found.tag"""  # noqa: S608 - constants
"""Of several announced versions the one put in service last; before any was, the newest."""
_LISTED = f"""
        select found.*, site.*
          from (
               select {_COLUMNS}
                 from device_overview
                where ($3::uuid[] is null or unit_id = any ($3))
                  and ($4::text is null or kind = $4)
                  and ($5::text is null or tag > $5)
                  and {_EVER_PUBLISHED}
                order by tag
                limit $6) as found{_SITE}
        """  # noqa: S608 - constants
_MATCHED = f"""
        (select device_id
           from device_overview
          where bigrams(search) @> bigrams(lower($1))
            and strpos(lower(tag), lower($1)) > 0
          limit $2)
         union all
        (select device_id
           from site_version
          where bigrams({_WORDS}) @> bigrams(lower($1))
            and strpos({_WORDS}, lower($1)) > 0
          limit $2)
        """  # noqa: S608 - constants
_SEARCHED = f"""
        select found.*, site.*
          from (
               select {_COLUMNS}
                 from device_overview
                where ($3::uuid[] is null or unit_id = any ($3))
                  and ($4::text is null or kind = $4)
                  and ($5::text is null or tag > $5)
                  and ($8::uuid[] is null or device_id = any ($8))
                  and (strpos(lower(tag), lower($7)) > 0
                       or exists (
                           select from site_version
                             join announcement on announcement.site_version_id = site_version.id
                            where site_version.device_id = device_overview.device_id
                              and strpos({_WORDS}, lower($7)) > 0
                              and notice = 'PUBLISHED'
                              and {_TOLD}))
                  and {_EVER_PUBLISHED}
                order by tag
                limit $6) as found{_SITE}
        """  # noqa: S608 - constants
FEW = 2000
"""So many matches are looked at one by one; where there are more, a walk along the tags soon finds a page of them."""


async def published(
    db: Connection,
    now: datetime,
    *,
    units: Collection[UUID] | None = None,
    kind: str | None = None,
    text: str | None = None,
    after: str | None = None,
    most: int,
) -> list[Published]:
    """Announced devices in the order of their tags; `units` None: all. `text`: part of a tag or an announced place."""
    asked = [day_of(now), now, None if units is None else list(units), kind, after, most]
    if text:
        matched = {row[0] for row in await db.fetch(_MATCHED, text, FEW + 1)}
        rows = await db.fetch(_SEARCHED, *asked, text, list(matched) if len(matched) <= FEW else None)
    else:
        rows = await db.fetch(_LISTED, *asked)
    return [_published(row) for row in rows]


async def published_by_tag(db: Connection, tag: str, now: datetime) -> Published | None:
    """None: no device, none that needs announcing, or one that never was. One statement for all three."""
    row = await db.fetchrow(
        f"""
        select found.*, site.*
          from (
               select {_COLUMNS}
                 from device_overview
                where tag = $3
                  and {_EVER_PUBLISHED}) as found{_SITE}
        """,  # noqa: S608 - constants
        day_of(now),
        now,
        tag,
    )
    return None if row is None else _published(row)


async def notices_told(
    db: Connection,
    today: date,
    *,
    tag: str | None = None,
    before: tuple[date, str, int] | None = None,
    most: int,
) -> list[NoticeTold]:
    """Withdrawals and stops of announced devices, newest first; `before`: day, tag and site number of the last read."""
    rows = await db.fetch(
        f"""
        select overview.tag, overview.kind, overview.unit_id, site_version.number, notice,
               announcement.announced_on, channel, url, content, site_version.address, site_version.direction
          from announcement
          join site_version on site_version.id = announcement.site_version_id
          join device_overview as overview on overview.device_id = announcement.device_id
         where notice <> 'PUBLISHED'
           and {_TOLD}
           and ($2::text is null or overview.tag = $2)
           and ($3::date is null or announcement.announced_on < $3
                or (announcement.announced_on = $3 and (overview.tag, site_version.number) > ($4::text, $5::int)))
           and overview.siting_needed
           and exists (
               select from announcement as published
                where published.device_id = overview.device_id
                  and published.notice = 'PUBLISHED'
                  and published.announced_on <= $1
                  and not exists (select from correction where superseded_id = published.id))
         order by announcement.announced_on desc, overview.tag, site_version.number
         limit $6
        """,  # noqa: S608 - constants
        today,
        tag,
        *(before or (None, None, None)),
        most,
    )
    return [
        NoticeTold(
            tag=row[0],
            kind=row[1],
            unit_id=row[2],
            site_number=row[3],
            notice=Notice(row[4]),
            announced_on=row[5],
            channel=row[6],
            url=row[7],
            content=row[8],
            address=row[9],
            direction=row[10],
        )
        for row in rows
    ]


async def channels_on(db: Connection, day: date) -> list[Channel]:
    """Every channel that units name for that Beijing civil day."""
    rows = await db.fetch("select unit_id, purpose, words_zh, words_en from public_channel where span @> $1::date", day)
    return [Channel(unit_id=row[0], purpose=Purpose(row[1]), words_zh=row[2], words_en=row[3]) for row in rows]


async def set_channel(
    db: Connection, channel: Channel, begins: date, known_from: datetime, recorded_by: UUID | None
) -> None:
    """From that day on; the one before ends the day before. Call it in a transaction."""
    await db.execute(
        """
        update public_channel
           set span = daterange(lower(span), $3)
         where unit_id = $1
           and purpose = $2
           and span @> $3::date
           and coalesce(lower(span), '-infinity') < $3
        """,
        channel.unit_id,
        channel.purpose,
        begins,
    )
    await db.execute(
        """
        insert into public_channel (unit_id, purpose, words_zh, words_en, span, known_from, recorded_by)
        values ($1, $2, $3, $4, daterange($5, null), $6, $7)
        """,
        *msgspec.structs.astuple(channel),
        begins,
        known_from,
        recorded_by,
    )


def _published(row: Any) -> Published:
    longitude, latitude, datum = row["longitude"], row["latitude"], row["datum"]
    until = row["in_service_until"]
    return Published(
        device_id=row["device_id"],
        tag=row["tag"],
        kind=row["kind"],
        unit_id=row["unit_id"],
        requirement=Requirement(row["requirement"]),
        state=LifeCycleState(row["state"]),
        in_service_until=FOR_EVER if until == datetime.max else until,  # noqa: DTZ901 - how asyncpg reads infinity
        verified_until=row["verified_until"],
        last_result=LastResult(row["last_result"]),
        site=Site(
            address=row["address"],
            road=row["road"],
            direction=row["direction"],
            place=None if datum is None else Place(longitude, latitude, Datum(datum)),
            monitored_items=tuple(row["monitored_items"]),
            speed_limit=row["speed_limit"],
            announced_on=row["announced_on"],
            withdrawn=row["withdrawn"],
            in_use_since=row["since"],
        ),
    )
