"""Registering one device; many come in by a spreadsheet."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import tree
from console.devices.register import LIST
from console.devices.step import Field, values_of
from console.forms import Form
from console.pages import page, redirect
from console.visit import Visit
from device_registry import queries
from device_registry.http.devices import NewDevice
from device_registry.http.reaching import managed_units, tidy
from device_registry.model import Datum, Mounting, Place, Requirement
from device_registry.problems import UnitUnknown
from device_registry.register import Registration, register_device
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Problem

FIELDS = (
    Field("serial_no", required=True),
    Field("model", required=True),
    Field("maker", required=True),
    Field("mounting", "select", True, "device.mounting", values_of(Mounting)),
    Field("address"),
    Field("place.longitude", "number"),
    Field("place.latitude", "number"),
    Field("place.datum", "select", False, "", values_of(Datum)),
    Field("requirement", "select", False, "device.requirement", (Requirement.MANDATORY,)),
)
MANAGERS = (Role.DEVICE_MANAGER,)


@get("/devices/new", guards=[requires(*MANAGERS)])
async def registration_page(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _page(visit, request.user, database, clock, Form())


@post("/devices/new", guards=[requires(*MANAGERS)], status_code=200)
async def register_at_page(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        device_id = await _register(form.read(NewDevice), request.user, database, clock)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _page(visit, request.user, database, clock, refused, int(problem.status))
    return redirect(f"{LIST}/{device_id}")


async def _register(data: NewDevice, actor: Actor, database: Database, clock: Clock) -> UUID:
    async with database.connection() as db:
        if data.unit_id not in await managed_units(db, actor, clock):
            raise UnitUnknown(field="unit_id")
    place = Place(data.place.longitude, data.place.latitude, data.place.datum) if data.place else None
    registration = Registration(
        tag=tidy(data.tag),
        kind=data.kind,
        serial_no=tidy(data.serial_no),
        model=tidy(data.model),
        maker=tidy(data.maker),
        unit_id=data.unit_id,
        mounting=data.mounting,
        address=tidy(data.address) if data.address else None,
        place=place,
        requirement=data.requirement,
    )
    return (await register_device(database, clock, registration, registered_by=actor.person_id)).id


async def _page(
    visit: Visit, actor: Actor, database: Database, clock: Clock, form: Form, status: int = 200
) -> Response[str]:
    async with database.connection() as db:
        managed = await managed_units(db, actor, clock)
        units = [unit for unit in await tree(db, day_of(clock.now())) if unit.id in managed]
        kinds = await queries.device_kinds(db)
    in_chinese = visit.language == "zh-CN"
    return page(
        visit,
        "devices/registration.html",
        status=status,
        form=form,
        fields_asked=FIELDS,
        units=[(str(unit.id), unit.name_zh if in_chinese else unit.name_en) for unit in units],
        kinds=sorted(((kind.code, kind.name_zh if in_chinese else kind.name_en) for kind in kinds), key=lambda k: k[1]),
    )


ROUTES = [registration_page, register_at_page]
