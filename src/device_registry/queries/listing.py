"""The register as a list: devices in one line each, filtered and sorted, from `device_overview`."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.model import Awaiting, LastResult, Mounting, Requirement, State
from foundation.database import Connection

MOST_COUNTED = 10_000
"""Beyond that many nobody needs the number, and counting would cost more than the page."""


class Verification(StrEnum):
    """Where a device is with its verification, as lists are asked for it."""

    VALID = "VALID"
    DUE = "DUE"
    """Valid, and ends within `due_within`."""
    OVERDUE = "OVERDUE"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    NEVER = "NEVER"
    """Also: needs none, but the written conclusion is missing."""
    CONCLUDED = "CONCLUDED"


class Sort(StrEnum):
    """A minus: descending. Devices that sort alike are in the order of their tags."""

    TAG = "tag"
    TAG_DOWN = "-tag"
    VALID_UNTIL = "valid_until"
    VALID_UNTIL_DOWN = "-valid_until"
    KIND = "kind"
    KIND_DOWN = "-kind"
    STATE = "state"
    STATE_DOWN = "-state"
    PROPOSED = "proposed"
    PROPOSED_DOWN = "-proposed"


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices: all of these, where given. `text` is part of tag, serial, model, maker, address or certificate."""

    units: Collection[UUID]
    text: str | None = None
    kind: str | None = None
    state: State | None = None
    verification: Verification | None = None
    in_standing: bool | None = None
    """Whether what the device captures now may count."""
    due_within: timedelta = timedelta(days=30)
    awaiting: Awaiting | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A device in a list. `state` and `verification` are those of the instant asked for."""

    device_id: UUID
    tag: str
    kind: str
    unit_id: UUID
    state: State
    verification: Verification
    in_standing: bool
    verified_until: datetime | None
    last_result: LastResult
    last_certificate_no: str | None
    awaiting: tuple[Awaiting, ...]
    proposed_at: datetime | None
    announced_on: date | None
    deadline: date | None
    address: str | None
    requirement: Requirement
    mounting: Mounting
    serial_no: str
    model: str
    maker: str


_STATE = "case when state = 'IN_SERVICE' and not coalesce(in_service_until > $2, false) then 'SUSPENDED' else state end"
_VERIFICATION = """case last_result
                 when 'FAIL' then 'FAILED'
                 when 'VOIDED' then 'VOIDED'
                 when 'NONE' then 'NEVER'
                 when 'CONCLUDED' then 'CONCLUDED'
                 else case when coalesce(verified_until, '-infinity') <= $2 then 'OVERDUE'
                           when verified_until <= $2 + $7::interval then 'DUE'
                           else 'VALID' end
               end"""
_IN_STANDING = """coalesce(in_service_until > $2 and (verified_until > $2 or last_result = 'CONCLUDED'), false)"""
_WANTED = f"""
         where device_overview.unit_id = any ($1)
           and ($3::text is null or strpos(search, lower($3)) > 0)
           and ($4::text is null or device_overview.kind = $4)
           and ($5::text is null or {_STATE} = $5)
           and ($6::text is null or {_VERIFICATION} = $6 or ($6 = 'VALID' and {_VERIFICATION} = 'DUE'))
           and ($8::text is null or (cardinality(awaiting) > 0 and awaiting @> array[$8]))
           and ($9::boolean is null or {_IN_STANDING} = $9)
"""
_KEYS = {
    "tag": "device_overview.tag",
    "kind": "device_overview.kind",
    "valid_until": "coalesce(verified_until, '-infinity'::timestamptz)",
    "state": _STATE,
    "proposed": "coalesce(proposed_at, 'infinity'::timestamptz)",
}


def _statement(sort: Sort) -> str:
    key = _KEYS[sort.removeprefix("-")]
    down = sort.startswith("-")
    order = " desc" if down else ""
    return f"""
        select device_overview.device_id, device_overview.tag, device_overview.kind, device_overview.unit_id,
               {_STATE}, {_VERIFICATION}, {_IN_STANDING},
               verified_until, last_result, last_certificate_no, awaiting, proposed_at, announced_on,
               deadline, device_overview.address, device_overview.requirement, device.mounting, device.serial_no,
               device.model, device.maker
          from device_overview
          join device on device.id = device_overview.device_id
        {_WANTED}
           and ($10::text is null
                or ({key}, device_overview.tag) {"<" if down else ">"} (
                   select {key}, tag from device_overview where tag = $10))
         order by {key}{order}, device_overview.tag{order}
         limit $11
        """  # noqa: S608 - constants


STATEMENTS = {sort: _statement(sort) for sort in Sort}


async def listed(
    db: Connection, wanted: Filter, now: datetime, *, sort: Sort = Sort.TAG, after: str | None = None, most: int
) -> list[Line]:
    """The devices as of `now`, those after the device with the tag `after`."""
    rows = await db.fetch(STATEMENTS[sort], *_values(wanted, now), after, most)
    return [
        Line(
            device_id=row[0],
            tag=row[1],
            kind=row[2],
            unit_id=row[3],
            state=State(row[4]),
            verification=Verification(row[5]),
            in_standing=row[6],
            verified_until=row[7],
            last_result=LastResult(row[8]),
            last_certificate_no=row[9],
            awaiting=tuple(Awaiting(step) for step in row[10]),
            proposed_at=row[11],
            announced_on=row[12],
            deadline=row[13],
            address=row[14],
            requirement=Requirement(row[15]),
            mounting=Mounting(row[16]),
            serial_no=row[17],
            model=row[18],
            maker=row[19],
        )
        for row in rows
    ]


async def counted(db: Connection, wanted: Filter, now: datetime) -> int:
    """How many they are; MOST_COUNTED + 1: more than MOST_COUNTED."""
    found: int = await db.fetchval(
        f"""
        select count(*)
          from (select
                  from device_overview
                {_WANTED}
                 limit $10) as counted
        """,  # noqa: S608 - constants
        *_values(wanted, now),
        MOST_COUNTED + 1,
    )
    return found


def _values(wanted: Filter, now: datetime) -> tuple[object, ...]:
    return (
        list(wanted.units),
        now,
        wanted.text or None,
        wanted.kind,
        wanted.state,
        wanted.verification,
        wanted.due_within,
        wanted.awaiting,
        wanted.in_standing,
    )
