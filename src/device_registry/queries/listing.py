"""The register as a list: devices in one line each, filtered and sorted, from `device_overview`."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
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


_STATE = "case when state = 'IN_SERVICE' and in_service_until <= $1 then 'SUSPENDED' else state end"
_VERIFICATION = """case last_result
                 when 'FAIL' then 'FAILED'
                 when 'VOIDED' then 'VOIDED'
                 when 'NONE' then 'NEVER'
                 when 'CONCLUDED' then 'CONCLUDED'
                 else case when coalesce(verified_until, '-infinity') <= $1 then 'OVERDUE'
                           when verified_until <= $1 + $3::interval then 'DUE'
                           else 'VALID' end
               end"""
_IN_STANDING = "(in_service_until > $1 and (verified_until > $1 or last_result = 'CONCLUDED'))"
_VALID_UNTIL = "coalesce(verified_until, '-infinity'::timestamptz)"
"""As the indexes device_overview_valid_until and device_overview_results have it."""
_VERIFICATION_IS = {
    Verification.VALID: f"last_result = 'PASS' and {_VALID_UNTIL} > $1",
    Verification.DUE: f"last_result = 'PASS' and {_VALID_UNTIL} > $1 and {_VALID_UNTIL} <= $1 + $3::interval",
    Verification.OVERDUE: f"last_result = 'PASS' and {_VALID_UNTIL} <= $1",
    Verification.FAILED: "last_result = 'FAIL'",
    Verification.VOIDED: "last_result = 'VOIDED'",
    Verification.NEVER: "last_result = 'NONE'",
    Verification.CONCLUDED: "last_result = 'CONCLUDED'",
}
_STATE_IS = {
    State.IN_SERVICE: "state = 'IN_SERVICE' and (in_service_until is null or in_service_until > $1)",
    State.SUSPENDED: "(state = 'SUSPENDED' or (state = 'IN_SERVICE' and in_service_until <= $1))",
}
_KEYS = {
    "tag": "tag",
    "kind": "kind",
    "valid_until": _VALID_UNTIL,
    "proposed": "coalesce(proposed_at, 'infinity'::timestamptz)",
}

EVERY_PARAMETER = "num_nulls($1::timestamptz, $3::interval) = 0"
"""Always true: PostgreSQL wants every parameter in the statement, also where no condition needs it."""


class Asking(NamedTuple):
    """A statement in the making: its conditions, and the values of its parameters so far.

    Each condition that is asked for is written down, and none that is not: one statement for all would leave the
    planner guessing, and cost five times as much on 100,000 devices. $1 is the instant, $2 the units, $3 the interval
    within which an end of validity is near.
    """

    conditions: list[str]
    values: list[object]

    def add(self, condition: str, value: object) -> None:
        """`?` in the condition stands for the value."""
        self.values.append(value)
        self.conditions.append(condition.replace("?", f"${len(self.values)}"))

    @property
    def where(self) -> str:
        return "\n               and ".join(self.conditions)


def asking(wanted: Filter, now: datetime) -> Asking:
    asked = Asking(["unit_id = any ($2)", EVERY_PARAMETER], [now, list(wanted.units), wanted.due_within])
    if wanted.text:
        pairs = "bigrams(search) @> bigrams(lower(?))"
        asked.add(pairs if len(wanted.text) > 1 else "?::text is not null", wanted.text)  # no pair in one character
        asked.conditions.append(f"strpos(search, lower(${len(asked.values)})) > 0")
    if wanted.kind:
        asked.add("kind = ?", wanted.kind)
    if wanted.state in _STATE_IS:
        asked.conditions.append(_STATE_IS[wanted.state])
    elif wanted.state:
        asked.add("state = ?", wanted.state)
    if wanted.verification:
        asked.conditions.append(_VERIFICATION_IS[wanted.verification])
    if wanted.awaiting:
        asked.add("cardinality(awaiting) > 0 and awaiting @> array[?::text]", wanted.awaiting)
    if wanted.in_standing is not None:
        asked.conditions.append(_IN_STANDING if wanted.in_standing else f"{_IN_STANDING} is not true")
    return asked


async def listed(
    db: Connection, wanted: Filter, now: datetime, *, sort: Sort = Sort.TAG, after: str | None = None, most: int
) -> list[Line]:
    """The devices as of `now`, those after the device with the tag `after`."""
    key, down = _KEYS[sort.removeprefix("-")], sort.startswith("-")
    order = f"{key} desc, tag desc" if down else f"{key}, tag"
    asked = asking(wanted, now)
    if after is not None:
        beyond = "<" if down else ">"
        asked.add(f"({key}, tag) {beyond} (select {key}, tag from device_overview where tag = ?)", after)  # noqa: S608
    asked.values.append(most)
    rows = await db.fetch(
        f"""
        select found.device_id, found.tag, found.kind, found.unit_id, {_STATE}, {_VERIFICATION},
               coalesce({_IN_STANDING}, false), verified_until, last_result, last_certificate_no, awaiting, proposed_at,
               announced_on, deadline, found.address, found.requirement, device.mounting, device.serial_no,
               device.model, device.maker
          from (select *
                  from device_overview
                 where {asked.where}
                 order by {order}
                 limit ${len(asked.values)}) as found
          join device on device.id = found.device_id
         order by {order.replace("tag", "found.tag").replace("kind", "found.kind")}
        """,  # noqa: S608 - constants
        *asked.values,
    )
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
    asked = asking(wanted, now)
    asked.values.append(MOST_COUNTED + 1)
    found: int = await db.fetchval(
        f"""
        select count(*)
          from (select
                  from device_overview
                 where {asked.where}
                 limit ${len(asked.values)}) as counted
        """,  # noqa: S608 - constants
        *asked.values,
    )
    return found
