"""One visit to one page: who reads it, in which language, and the token with which its forms come back."""

import secrets
from typing import Any, Protocol, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Request
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency

from agency.http import Me, described
from agency.model import Actor, Role
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.words import DEFAULT, Language

LANGUAGE_COOKIE = "plumbline_language"
FORM_COOKIE = "plumbline_form"
HOME = "/desk"
A_YEAR = 365 * 24 * 3600


class Named(Protocol):
    """A unit, a person, whatever has a name in both languages."""

    @property
    def name_zh(self) -> str: ...

    @property
    def name_en(self) -> str: ...


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """`me` is None for a stranger, and on a page that says what went wrong."""

    language: Language
    path: str
    query: tuple[tuple[str, str], ...]
    form_token: str
    token_is_new: bool
    secure: bool
    me: Me | None = None
    roles: frozenset[Role] = frozenset()

    @property
    def at_desk(self) -> bool:
        """Otherwise a page that anybody may read: no cookie is set there, so that it can be kept for everybody."""
        return self.path.startswith(HOME)

    def may(self, *roles: Role) -> bool:
        """Whether the reader has one of these roles, wherever it reaches."""
        return not self.roles.isdisjoint(roles)

    def named(self, one: Named) -> str:
        """Its name in the reader's language."""
        return one.name_zh if self.language == DEFAULT else one.name_en

    def link(self, **changed: object) -> str:
        """The same page with other values in its query; None takes a name out."""
        kept = [(name, value) for name, value in self.query if name not in changed]
        added = [(name, str(value)) for name, value in changed.items() if value is not None]
        query = urlencode([*kept, *added])
        return f"{self.path}?{query}" if query else self.path

    def cookies(self) -> list[Cookie]:
        """What the browser has to remember from now on."""
        return [self.cookie(FORM_COOKIE, self.form_token, A_YEAR, HOME)] if self.token_is_new and self.at_desk else []

    def cookie(self, name: str, value: str, seconds: int, path: str) -> Cookie:
        """A cookie that no script reads, that no other site makes a browser send, and that https keeps to itself."""
        return Cookie(
            name, value=value, max_age=seconds, path=path, httponly=True, samesite="strict", secure=self.secure
        )


def stranger(request: Request[Any, Any, Any]) -> Visit:
    """A visit as far as the request alone tells."""
    token = request.cookies.get(FORM_COOKIE, "")
    return Visit(
        language=language_of_page(request),
        path=request.url.path,
        query=tuple((name, value) for name, value in request.query_params.multi_items() if name != "language"),
        form_token=token or secrets.token_urlsafe(24),
        token_is_new=not token,
        secure=request.url.scheme == "https",
    )


async def visit(
    request: Request[Any, Any, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Visit:
    """For the `dependencies` of pages: the reader is named on every page, because desks are shared."""
    who = request.scope.get("user")
    if not isinstance(who, Actor):
        return stranger(request)
    language = language_of_page(request)
    async with database.connection() as db:
        me = await described(db, who, day_of(clock.now()), language)
    return msgspec.structs.replace(stranger(request), me=me, roles=frozenset(grant.role for grant in who.roles))


def language_of_page(request: Request[Any, Any, Any]) -> Language:
    """What the reader chose, else Chinese: the browser's own language says little on an office computer."""
    return chosen(request.cookies.get(LANGUAGE_COOKIE)) or DEFAULT


def chosen(language: str | None) -> Language | None:
    return next((known for known in get_args(Language) if known == language), None)
