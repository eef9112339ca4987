"""`/desk/anomalies`: what was abnormally high in a week, in sentences. For supervisors; no fines, no ranking."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import tree
from console.forms import Form, choices
from console.navigation import ENTRIES, Entry
from console.pages import page
from console.visit import Visit
from device_registry.queries import device_kinds
from evidence.anomalies.http import Order, explained, found_in
from evidence.anomalies.rules import Measure
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database

ENTRIES.append(Entry("anomalies", "/desk/anomalies", frozenset({Role.SUPERVISOR})))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    day: date | None = None
    unit_id: UUID | None = None
    kind: str | None = None
    measure: Measure | None = None
    order: Order = Order.TAG


@get("/anomalies", guards=[requires(Role.SUPERVISOR)])
async def anomalies_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    form = Form(dict(visit.query))
    asked, chinese = form.read(Asked), visit.language == "zh-CN"
    async with database.connection() as db:
        units = await tree(db, day_of(clock.now()))
        kinds = await device_kinds(db)
    week, found = await found_in(
        database,
        request.user,
        clock,
        day=asked.day,
        unit_id=asked.unit_id,
        kind=asked.kind,
        measure=asked.measure,
        order=asked.order,
    )
    names = {unit.id: unit.name_zh if chinese else unit.name_en for unit in units}
    return page(
        visit,
        "anomalies.html",
        form=form,
        week=week,
        rows=[(one, names.get(one.unit_id, ""), explained(one, visit.language)) for one in found],
        units=[(str(unit.id), names[unit.id]) for unit in units],
        kinds=[(kind.code, kind.name_zh if chinese else kind.name_en) for kind in kinds],
        measures=choices(visit.language, "anomaly.measure", Measure),
        orders=choices(visit.language, "anomaly.order", Order),
    )


ROUTES = [anomalies_page]
