"""`GET /desk/v1/anomalies`: for supervisors, each row with the sentence that explains it. No fines, no ranking."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import anyio.to_thread
from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from evidence.anomalies.queries import weekly
from evidence.anomalies.rules import CUT, Anomaly, Compared, Measure, anomalies
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn
from foundation.words import Language, say


class Order(StrEnum):
    TAG = "TAG"
    UNIT = "UNIT"


class AnomalyShown(Struct, frozen=True):
    anomaly: Anomaly
    words: str


class AnomalyList(Struct, frozen=True):
    """`week` begins on a Monday in Beijing and lasts seven days."""

    week: date
    anomalies: list[AnomalyShown]


@get(
    "/anomalies",
    guards=[requires(Role.SUPERVISOR)],
    summary="Devices of my units that captured, or were refused, abnormally often in a week",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_anomalies(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    day: Annotated[date | None, QueryParameter(description="A day of the week; left out: the last whole week")] = None,
    unit_id: FromQuery[UUID | None] = None,
    kind: Annotated[str | None, QueryParameter(max_length=100)] = None,
    measure: FromQuery[Measure | None] = None,
    order: FromQuery[Order] = Order.TAG,
) -> AnomalyList:
    week, found = await found_in(
        database, request.user, clock, day=day, unit_id=unit_id, kind=kind, measure=measure, order=order
    )
    return AnomalyList(week, [AnomalyShown(one, explained(one, language_of(request))) for one in found])


async def found_in(
    database: Database,
    actor: Actor,
    clock: Clock,
    *,
    day: date | None,
    unit_id: UUID | None,
    kind: str | None,
    measure: Measure | None,
    order: Order,
) -> tuple[date, list[Anomaly]]:
    """The Monday of the week, and what was abnormal in it among the devices that the actor supervises."""
    today = day_of(clock.now())
    asked = min(day or today - timedelta(weeks=1), today)
    week = monday(max(asked, date(2000, 1, 3)))
    async with database.connection() as db:
        units = await reach(db, actor, (Role.SUPERVISOR,), today)
        series = await weekly(db, units, week, kind)
    found = [
        one
        for one in await anyio.to_thread.run_sync(anomalies, series, week)
        if measure in (None, one.measure) and unit_id in (None, one.unit_id)
    ]
    if order is Order.UNIT:
        found.sort(key=lambda one: (one.unit_id, one.tag))
    return week, found


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def explained(anomaly: Anomaly, language: Language) -> str:
    """The count, and each comparison with the numbers it rests on."""
    words = say(language, f"anomaly.{anomaly.measure}", tag=anomaly.tag, week=anomaly.week, count=anomaly.count)
    for name, comparison in (("own", anomaly.own), ("kind", anomaly.same_kind)):
        words += _comparison(name, comparison, language)
    return words


def _comparison(name: str, found: Compared | None, language: Language) -> str:
    if found is None:
        return say(language, f"anomaly.{name}-too-little")
    return say(
        language,
        f"anomaly.{name}",
        size=found.usual.size,
        median=f"{found.usual.median:g}",
        deviation=f"{found.usual.deviation:.4g}",
        by=say(language, f"anomaly.by.{found.usual.by}"),
        z=f"{found.z:.2f}",
        sign="≥" if found.high else "<",
        cut=CUT,
    )
