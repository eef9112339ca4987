"""`/desk/v1/phones`: the phones of my units, and what to do when one is lost."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import PhoneHeld, phones_of, reach
from device_registry.http.reaching import Line, tidy
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import checked_instant, declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from inspection.revoking import revoke

WHO_REVOKES = (Role.ADMINISTRATOR, Role.ENTITY_HEAD)


class NewRevocation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when on nobody vouches for whose hands it is in."""

    lost_at: Annotated[datetime, Meta(tz=True, description="Instant with offset, not in the future")]
    reason: Line


@get(
    "/phones",
    guards=[requires(*WHO_REVOKES)],
    summary="Phones of the people of my units, those that hold first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_phones(
    request: Request[Actor, Any, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[PhoneHeld]:
    async with database.connection() as db:
        return await phones_of(db, await reach(db, request.user, WHO_REVOKES, day_of(clock.now())))


@post(
    "/phones/{phone_id:uuid}/revocation",
    guards=[requires(*WHO_REVOKES)],
    status_code=204,
    summary="Revoke a phone that was lost, from that instant on",
    description="Its sign-ins end. What it told or captured since counts no more; what it still holds of before it may "
    "hand in by its key. Repeated, the earlier instant stands.",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound, TooLarge, UnsupportedContentType),
)
async def revoke_phone(
    phone_id: FromPath[UUID],
    data: JSONBody[NewRevocation],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await revoked(database, clock, request.user, phone_id, data)


async def revoked(database: Database, clock: Clock, actor: Actor, phone_id: UUID, new: NewRevocation) -> None:
    """Raises Malformed for an instant to come, NotFound beyond the actor's units."""
    if checked_instant("lost_at", new.lost_at) > clock.now():
        raise Malformed(field="lost_at", what=Spoken("malformed.order"))
    async with database.transaction() as db:
        units = await reach(db, actor, WHO_REVOKES, day_of(clock.now()))
        if not await phones_of(db, units, phone_id):
            raise NotFound
        await revoke(db, clock, phone_id, actor, new.lost_at, tidy(new.reason))


router = Router("/desk/v1", route_handlers=[list_phones, revoke_phone], tags=["agency"])
