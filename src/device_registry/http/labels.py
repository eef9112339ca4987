"""The desk's route for QR labels."""

from typing import Annotated, Any, Protocol, runtime_checkable
from uuid import UUID

import msgspec
from anyio import CapacityLimiter, to_process
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from agency.http import requires
from agency.model import Actor
from agency.queries import reach, units_by_id
from device_registry import queries
from device_registry.http.reaching import READERS
from device_registry.labels import Label, sheet
from device_registry.problems import DeviceNotFound
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType

MOST_LABELS = 2000
PDF = "application/pdf"
RENDERED_AT_ONCE = 1
"""Each takes a core, for 2,000 labels about fifteen seconds."""


@runtime_checkable
class LabelSettings(Protocol):
    """What printing labels needs of the settings: the address that they lead to, or ''."""

    @property
    def public_url(self) -> str: ...


class LabelsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_LABELS)]


@post(
    "/device-labels",
    guards=[requires(*READERS)],
    status_code=200,
    summary="QR labels of these devices, in this order, as PDF: A4, 24 a page",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DeviceNotFound, TooLarge, UnsupportedContentType)
    | {200: ResponseSpec(bytes, media_type=PDF, generate_examples=False, description="The sheets")},
)
async def print_labels(
    data: JSONBody[LabelsWanted],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[LabelSettings],
) -> Response[bytes]:
    return await labels_for(request, database, clock, settings, list(dict.fromkeys(data.device_ids)))


async def labels_for(
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    settings: LabelSettings,
    device_ids: list[UUID],
) -> Response[bytes]:
    """The sheets as an answer. Raises DeviceNotFound, also for a device beyond the reader's reach."""
    now = clock.now()
    async with database.connection() as db:
        units = await reach(db, request.user, READERS, day_of(now))
        found = await queries.labelled(db, device_ids, units)
        names = {unit.id: unit.name_zh for unit in await units_by_id(db, {one.unit_id for one in found}, day_of(now))}
    if len(found) < len(device_ids):
        raise DeviceNotFound(field="device_ids")
    labels = [Label(one.tag, one.kind_zh, names.get(one.unit_id, "")) for one in found]
    content = await to_process.run_sync(sheet, labels, settings.public_url, now, limiter=_limiter(request))
    return Response(
        content,
        media_type=PDF,
        headers={
            "Content-Disposition": f'inline; filename="device-labels-{day_of(now)}.pdf"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _limiter(request: Request[Any, Any, State]) -> CapacityLimiter:
    """The application's one: a limiter belongs to the event loop it was made in."""
    state = request.app.state
    if "device_labels" not in state:
        state["device_labels"] = CapacityLimiter(RENDERED_AT_ONCE)
    found: CapacityLimiter = state["device_labels"]
    return found


ROUTES: list[ControllerRouterHandler] = [print_labels]
