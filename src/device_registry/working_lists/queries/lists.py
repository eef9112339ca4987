"""Working lists, read from `device_overview`: all counts in one pass, and one list page by page."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from device_registry.model import LastResult, State
from device_registry.working_lists.model import Item, PlanStep, WorkingList
from foundation.civil import beginning_of, day_after, day_of
from foundation.database import Connection

_NEEDED = "requirement = 'MANDATORY' and state not in ('RETIRED', 'REJECTED', 'WITHDRAWN')"
_IN_USE = "state in ('IN_SERVICE', 'SUSPENDED', 'RECTIFYING')"
_LAPSED = "state = 'IN_SERVICE' and coalesce(in_service_until, '-infinity') <= present"
_PLANNED = "(plan_step = 'SENT' or (plan_step = 'PLANNED' and plan_until is not distinct from verified_until))"


class Within(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look: for each unit the oldest day on which its signs may have been checked last. And of which kind."""

    signs_since: Mapping[UUID, date]
    kind: str | None = None


class _Row(NamedTuple):
    device_id: UUID
    tag: str
    kind: str
    unit_id: UUID
    state: str
    last_result: str
    address: str | None
    verified_until: datetime | None
    plan_step: str | None
    plan_day: date | None
    plan_body: str | None
    in_service_until: datetime | None
    first_in_service_at: datetime | None
    sign_checked_on: date | None
    deadline: date | None


class _Definition(NamedTuple):
    """Which rows are in a list, by what it is sorted (soonest first), and the civil day that is meant by it."""

    among: str
    """What one partial index holds; lists that share it are counted in one pass."""
    wanted: str
    key: str
    day: Callable[[_Row], date | None]


def _last_valid(row: _Row) -> date | None:
    return day_of(row.verified_until - timedelta(microseconds=1)) if row.verified_until else None


_NEAR = f"{_NEEDED} and last_result = 'PASS' and verified_until <= tomorrow + interval '90 days'"
_UNVERIFIED = f"{_NEEDED} and last_result <> 'PASS'"
_SINCE = "coalesce(verified_until, '-infinity')"
_FIRST_USED = "coalesce(first_in_service_at, 'infinity')"


def _first_used(row: _Row) -> date | None:
    return day_of(row.first_in_service_at) if row.first_in_service_at else None


def _due_within(days: int) -> _Definition:
    wanted = f"verified_until > present and verified_until <= tomorrow + interval '{days} days'"
    return _Definition(_NEAR, wanted, "verified_until", _last_valid)


_LISTS: dict[WorkingList, _Definition] = {
    WorkingList.PAST_DUE: _Definition(_NEAR, "verified_until <= present", "verified_until", _last_valid),
    WorkingList.DUE_30: _due_within(30),
    WorkingList.DUE_60: _due_within(60),
    WorkingList.DUE_90: _due_within(90),
    WorkingList.NO_PLAN: _Definition(
        _NEAR, f"state = 'IN_SERVICE' and not coalesce({_PLANNED}, false)", "verified_until", _last_valid
    ),
    WorkingList.AT_BODY: _Definition("plan_step = 'SENT'", "true", "plan_day::timestamptz", lambda row: row.plan_day),
    WorkingList.FAILED: _Definition(_UNVERIFIED, "last_result = 'FAIL'", _SINCE, _last_valid),
    WorkingList.VOIDED: _Definition(_UNVERIFIED, "last_result = 'VOIDED'", _SINCE, _last_valid),
    WorkingList.NEVER_VERIFIED: _Definition(_UNVERIFIED, "last_result = 'NONE'", _FIRST_USED, _first_used),
    WorkingList.NOT_ANNOUNCED: _Definition(
        f"""siting_needed and state <> 'RETIRED'
            and (awaiting @> array['ANNOUNCEMENT'] or (announced_on is null and {_IN_USE}))""",
        "true",
        _FIRST_USED,
        _first_used,
    ),
    WorkingList.SIGN_CHECK_OLD: _Definition(
        f"""siting_needed and {_IN_USE}
            and coalesce(sign_checked_on, '-infinity') < (select max(latest) from unnest($5::date[]) as latest)""",  # noqa: S608 - constants
        """exists (select from unnest($4::uuid[], $5::date[]) as checks (reached, since)
                    where reached = unit_id and coalesce(sign_checked_on, '-infinity') < since)""",
        "coalesce(sign_checked_on, '-infinity')::timestamptz",
        lambda row: row.sign_checked_on,
    ),
    WorkingList.SUSPENDED_BY_ITSELF: _Definition(
        _LAPSED,
        "true",
        "coalesce(in_service_until, '-infinity')",
        lambda row: day_of(row.in_service_until) if row.in_service_until else None,
    ),
    WorkingList.AWAITING_RELEASE: _Definition(
        "cardinality(awaiting) > 0 and awaiting @> array['RELEASE']",
        "true",
        "coalesce(deadline, 'infinity')::timestamptz",
        lambda row: row.deadline,
    ),
}
_COLUMNS = (
    ", ".join(_Row._fields)
    .replace(" state,", f" case when {_LAPSED} then 'SUSPENDED' else state end,")
    .replace(" in_service_until,", " nullif(in_service_until, 'infinity'),")
)
_FROM = """
          from (select $1::timestamptz as present, $2::timestamptz as tomorrow, $3::text as kind_wanted,
                       $4::uuid[] as units, $5::date[] as signs_since) as asked,
               device_overview
         where unit_id = any (units)
           and (kind_wanted is null or kind = kind_wanted)"""


def _count() -> str:
    """A pass for each partial index, since far from all devices are in a list. Lists that share one stand together."""
    passes = []
    for number, among in enumerate(dict.fromkeys(found.among for found in _LISTS.values())):
        alike = [found.wanted for found in _LISTS.values() if found.among == among]
        if len(alike) == 1:
            passes.append(f"(select count(*) {_FROM} and {among} and {alike[0]}) as pass_{number}")
        else:
            counts = ", ".join(f"count(*) filter (where {wanted})" for wanted in alike)
            passes.append(f"(select {counts} {_FROM} and {among}) as pass_{number}")
    return f"select * from {', '.join(passes)}"  # noqa: S608 - constants


_COUNTS = _count()


def _statement(found: _Definition) -> str:
    return f"""
        select {_COLUMNS}
        {_FROM}
           and {found.among} and {found.wanted}
           and ($6::text is null
                or ({found.key}, tag) > (select {found.key}, tag from device_overview where tag = $6))
         order by {found.key}, tag
         limit $7
        """  # noqa: S608 - constants


STATEMENTS = {name: _statement(found) for name, found in _LISTS.items()}


async def counted(db: Connection, within: Within, now: datetime) -> dict[WorkingList, int]:
    """How many devices are in each list."""
    row = await db.fetchrow(_COUNTS, *_values(within, now))
    assert row is not None
    return dict(zip(_LISTS, row.values(), strict=True))


async def listed(
    db: Connection, wanted: WorkingList, within: Within, now: datetime, *, after: str | None = None, most: int
) -> list[Item]:
    """The most urgent first, those after the device with the tag `after`."""
    rows = await db.fetch(STATEMENTS[wanted], *_values(within, now), after, most)
    today = day_of(now)
    return [_item(_Row(*row), _LISTS[wanted].day, today) for row in rows]


def _values(within: Within, now: datetime) -> tuple[Any, ...]:
    tomorrow = beginning_of(day_after(day_of(now)))
    return now, tomorrow, within.kind, [*within.signs_since], [*within.signs_since.values()]


def _item(row: _Row, day_meant: Callable[[_Row], date | None], today: date) -> Item:
    day = day_meant(row)
    planned = row.plan_step if row.plan_step in ("PLANNED", "SENT") else None
    return Item(
        device_id=row.device_id,
        tag=row.tag,
        kind=row.kind,
        unit_id=row.unit_id,
        state=State(row.state),
        last_result=LastResult(row.last_result),
        address=row.address,
        valid_until=_last_valid(row),
        plan_step=PlanStep(planned) if planned else None,
        plan_day=row.plan_day if planned else None,
        plan_body=row.plan_body if planned else None,
        day=day,
        days_left=(day - today).days if day else None,
    )
