"""Who a request comes from, who may call a route, and the desk's sign-in."""

from datetime import date, datetime
from typing import Annotated, Any, Protocol, runtime_checkable
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import ResponseHeader, State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.openapi.spec import Components, SecurityRequirement, SecurityScheme
from litestar.params import JSONBody
from litestar.types import ASGIApp, ControllerRouterHandler, Guard, Receive, Scope, Send
from msgspec import Meta

from agency import queries, sign_in
from agency.model import Actor, Credential, PersonKind, Role
from agency.problems import SignInRefused, TooManyAttempts
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn, Spoken, TooLarge, UnsupportedContentType
from foundation.reach import EVERYTHING, NOTHING, reach_from_here_on, reaching, units
from foundation.shared_lookup import SharedLookup
from foundation.words import Language, say

OPEN = {"open": True}
"""For the `opt` of a route that needs no sign-in."""
AT_A_PAGE = {"session_cookie": True}
"""For the `opt` of a page, where a browser shows the token as a cookie. It never opens anything else."""
HAND_IN = {"hand_in": True}
"""For the `opt` of a route that a phone may call which proved only its key."""
ACROSS_UNITS = "across_units"
"""For the `opt` of a route that must see rows of every unit: why. What it shows, and to whom, is checked by itself."""
OF_A_PHONE = {ACROSS_UNITS: "a phone works for its officer, wherever inspection and device belong"}
FOR_ANYBODY = OPEN | {ACROSS_UNITS: "what is published is published of all units"}
SESSION_COOKIE = "plumbline_session"
SECURITY: list[SecurityRequirement] = [{"token": []}]
SECURITY_COMPONENTS = Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")})
"""For the app's OpenAPI document; open routes say `security=[{}]`."""


class TokenAuthentication(AbstractAuthenticationMiddleware):
    """Makes `request.user` the Actor behind `Authorization: Bearer <token>`, and `request.auth` the token's digest.

    A page (`AT_A_PAGE`) takes the token as a cookie, and takes no other. A token that only hands in opens the
    routes that say so (`HAND_IN`), and no other.

    What the request reads reaches the units of the actor's roles and those below them; no unit for a stranger, every
    unit where the route says why (`ACROSS_UNITS`).

    One statement for all requests that wait for it, and nothing remembered: what is revoked, is revoked. Needs
    `app.state.database` and `app.state.clock`; routes with `opt=OPEN` pass by.
    """

    def __init__(self, app: ASGIApp, exclude: str | list[str] | None = None) -> None:
        super().__init__(app, exclude=exclude, exclude_from_auth_key="open")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The reach of a request ends with it: a server may use its task for the next one."""
        across = ACROSS_UNITS in scope["route_handler"].opt if "route_handler" in scope else False
        with reaching(EVERYTHING if across else NOTHING):
            await super().__call__(scope, receive, send)

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Raises NotSignedIn."""
        if connection.scope["route_handler"].opt.get("session_cookie"):
            token = connection.cookies.get(SESSION_COOKIE, "")
        else:
            scheme, _, token = connection.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                raise NotSignedIn
        token_hash = sign_in.digest(token.strip())
        actor = await _actors(connection.app.state).get(token_hash)
        if actor is None or (actor.hand_in and not connection.scope["route_handler"].opt.get("hand_in")):
            raise NotSignedIn
        if ACROSS_UNITS not in connection.scope["route_handler"].opt:
            clock: Clock = connection.app.state.clock
            reach_from_here_on(units([grant.unit_id for grant in actor.roles], day_of(clock.now())))
        return AuthenticationResult(user=actor, auth=token_hash)


def _actors(state: State) -> SharedLookup[bytes, Actor]:
    """The application's one look-up of who is behind a token."""
    if "actors" not in state:
        database: Database = state.database
        clock: Clock = state.clock

        async def load(token_hashes: list[bytes]) -> dict[bytes, Actor]:
            async with database.connection() as db:
                return await queries.actors_behind(db, token_hashes, clock.now())

        state["actors"] = SharedLookup(load)
    found: SharedLookup[bytes, Actor] = state["actors"]
    return found


def requires(*roles: Role) -> Guard:
    """A guard for people with one of these roles, wherever it reaches; where it reaches is the use case's to check."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        actor = connection.scope.get("user")
        if not isinstance(actor, Actor):
            raise NotSignedIn
        if not any(grant.role in roles for grant in actor.roles):
            raise NotAllowed(members={"needed": [Spoken(f"role.{role}") for role in roles]})

    return guard


@runtime_checkable
class SignInSettings(Protocol):
    """What signing in needs of the settings: how many hours a sign-in lasts."""

    @property
    def sign_in_hours(self) -> int: ...


class DeskSignIn(sign_in.Confidential, frozen=True, forbid_unknown_fields=True):
    sign_in_name: Annotated[str, Meta(min_length=1, max_length=100, examples=["officer-a"])]
    password: Annotated[str, Meta(min_length=1, max_length=1000, examples=["correct horse battery staple"])]


class DeskSignedIn(sign_in.Confidential, frozen=True):
    """The token is told this once; send it as `Authorization: Bearer <token>`."""

    token: str
    expires_at: datetime


class MyRole(msgspec.Struct, frozen=True):
    role: Role
    name: str
    unit_id: UUID
    unit_name: str | None


class Me(msgspec.Struct, frozen=True):
    """Who is signed in, in the reader's language. `unit_name` is None for a unit that no longer stands today."""

    person_id: UUID
    kind: PersonKind
    kind_name: str
    name: str
    unit_id: UUID
    unit_name: str | None
    phone_id: UUID | None
    roles: list[MyRole]
    credential_no: str | None
    """Of the credential of today that ends last."""
    credential_until: date | None


@post(
    "/desk/v1/sign-in",
    opt=OPEN,
    security=[{}],
    tags=["sign-in"],
    summary="Sign in at a desk",
    responses=declared(Malformed, SignInRefused, TooLarge, UnsupportedContentType, TooManyAttempts),
    response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
)
async def sign_in_at_desk(
    data: JSONBody[DeskSignIn],
    request: Request[Any, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[SignInSettings],
) -> DeskSignedIn:
    attempt = sign_in.SignIn(data.sign_in_name, data.password, caller_address(request))
    signed_in = await sign_in.sign_in(database, clock, attempt, hours=settings.sign_in_hours)
    return DeskSignedIn(signed_in.token, signed_in.expires_at)


@delete("/desk/v1/sign-in", tags=["sign-in"], summary="Sign out: revokes the token", responses=declared(NotSignedIn))
async def sign_out_at_desk(
    request: Request[Actor, bytes, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> None:
    await sign_in.sign_out(database, clock, request.auth)


@get("/desk/v1/me", tags=["sign-in"], summary="Who is signed in", responses=declared(NotSignedIn))
async def me(
    request: Request[Actor, bytes, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Me:
    async with database.connection() as db:
        return await described(db, request.user, day_of(clock.now()), language_of(request))


class MyEmail(sign_in.Confidential, frozen=True, forbid_unknown_fields=True):
    """None: no mail."""

    email: Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$", examples=["someone@example.org"])] | None


@put(
    "/desk/v1/me/email",
    tags=["sign-in"],
    status_code=204,
    summary="Where I get mail about notices",
    responses=declared(Malformed, NotSignedIn, TooLarge, UnsupportedContentType),
)
async def set_my_email(
    data: JSONBody[MyEmail], request: Request[Actor, bytes, State], database: NamedDependency[Database]
) -> None:
    async with database.transaction() as db:
        await queries.set_email(db, request.user.person_id, data.email)


ROUTES: list[ControllerRouterHandler] = [sign_in_at_desk, sign_out_at_desk, me, set_my_email]


def caller_address(request: Request[Any, Any, Any]) -> str:
    """Where the request comes from; behind a balancer the server must be told to trust its headers."""
    return request.client.host if request.client else ""


async def described(db: Connection, actor: Actor, day: date, language: Language) -> Me:
    """The actor in words, units as they stand on that Beijing civil day."""
    person = await queries.person(db, actor.person_id)
    units = await queries.units_by_id(db, {actor.unit_id, *(grant.unit_id for grant in actor.roles)}, day)
    names = {unit.id: unit.name_zh if language == "zh-CN" else unit.name_en for unit in units}
    held = (await queries.credentials_of(db, [person.id])).get(person.id, [])
    today = max((one for one in held if one.valid_from <= day <= one.valid_until), key=_ends, default=None)
    return Me(
        person.id,
        person.kind,
        say(language, f"person-kind.{person.kind}"),
        person.name_zh if language == "zh-CN" else person.name_en,
        person.unit_id,
        names.get(person.unit_id),
        actor.phone_id,
        [
            MyRole(grant.role, say(language, f"role.{grant.role}"), grant.unit_id, names.get(grant.unit_id))
            for grant in actor.roles
        ],
        today.credential_no if today else None,
        today.valid_until if today else None,
    )


def _ends(credential: Credential) -> date:
    return credential.valid_until
