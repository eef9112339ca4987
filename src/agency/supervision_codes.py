"""`/desk/v1/supervision-codes`: under which 监督码 an enterprise is known to those who scan in."""

from datetime import date
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency import queries
from agency.http import requires
from agency.identifiers import credit_code, scanned_enterprise
from agency.model import Actor, Role, SupervisionCode
from agency.problems import SupervisionCodePlanned, SupervisionCodeRefused
from agency.working_days import check_whole_city
from foundation.civil import FIRST_DAY, LAST_DAY, day_after, day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType

MOST = 1000
"""In one request, and on a page."""


class NewSupervisionCode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As it is scanned or typed: the code itself, or the address that says it."""

    code: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\s\0]+$", examples=["WH-JD-000123"])]
    uscc: Annotated[str, Meta(min_length=18, max_length=18, examples=["92420102MADEM00114"])]
    begins: date
    last_day: date | None = None


class NewSupervisionCodes(Struct, frozen=True, forbid_unknown_fields=True):
    codes: Annotated[list[NewSupervisionCode], Meta(min_length=1, max_length=MOST)]


class SupervisionCodePage(Struct, frozen=True):
    """In the order of codes. `next` goes into `after` for the following page; null on the last."""

    codes: list[SupervisionCode]
    next: str | None


@post(
    "/desk/v1/supervision-codes",
    tags=["supervision codes"],
    guards=[requires(Role.ADMINISTRATOR)],
    status_code=204,
    summary="Enter which enterprise supervision codes stand for, from a day on; all or none",
    responses=declared(
        Malformed,
        NotSignedIn,
        NotAllowed,
        SupervisionCodeRefused,
        SupervisionCodePlanned,
        TooLarge,
        UnsupportedContentType,
    ),
)
async def add_supervision_codes(
    data: JSONBody[NewSupervisionCodes],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    now, codes = clock.now(), [_checked(one) for one in data.codes]
    if len({one.code for one in codes}) < len(codes):
        raise SupervisionCodeRefused(field="codes", what=Spoken("supervision-code.twice"))
    async with database.transaction() as db:
        await check_whole_city(db, request.user, day_of(now))
        await queries.add_supervision_codes(db, codes, request.user.person_id, now)


@get(
    "/desk/v1/supervision-codes",
    tags=["supervision codes"],
    guards=[requires(*Role)],
    summary="Which enterprise each supervision code stands for on a day",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_supervision_codes(
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    day: Annotated[date | None, QueryParameter(description="Beijing civil day; today where it is not given")] = None,
    after: Annotated[str | None, QueryParameter(max_length=200, description="`next` of the page before")] = None,
) -> SupervisionCodePage:
    after = after.replace("\0", "") if after else None
    async with database.connection() as db:
        found = await queries.supervision_codes(db, day or day_of(clock.now()), after, MOST + 1)
    return SupervisionCodePage(found[:MOST], found[MOST - 1].code if len(found) > MOST else None)


def _checked(new: NewSupervisionCode) -> SupervisionCode:
    """Raises SupervisionCodeRefused, Malformed."""
    uscc, said = credit_code(new.uscc), scanned_enterprise(new.code)
    if uscc is None:
        raise SupervisionCodeRefused(field="codes", what=Spoken("supervision-code.uscc", uscc=new.uscc))
    if said.uscc is not None:
        raise SupervisionCodeRefused(field="codes", what=Spoken("supervision-code.is-uscc", code=new.code))
    last = new.last_day or LAST_DAY
    if not FIRST_DAY <= new.begins <= last <= LAST_DAY or new.last_day == LAST_DAY:
        raise Malformed(field="codes", what=Spoken("malformed.order"))
    return SupervisionCode(said.code, uscc, new.begins, None if new.last_day is None else day_after(new.last_day))


ROUTES: list[ControllerRouterHandler] = [add_supervision_codes, list_supervision_codes]
