"""`/desk`: what waits for the reader, by role."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from agency.model import Actor, Role
from console.pages import page
from console.visit import Visit
from foundation.clock import Clock
from foundation.database import Connection, Database

Count = Callable[[Connection, Actor, Clock], Awaitable[int]]
"""How many things wait for the actor. One indexed statement, please: all of them are asked for one page."""


class Waiting(NamedTuple):
    """A block of the home page; its words are `page.waiting.<key>.title` and `.hint`."""

    key: str
    roles: frozenset[Role]
    path: str
    """Where the reader works on them."""
    counted: Count


BLOCKS: list[Waiting] = []
"""Other pages append theirs where they are made; they are shown in this order."""


class Block(NamedTuple):
    key: str
    path: str
    number: int


@get("/")
async def home(
    request: Request[Actor, Any, State],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    async with database.connection() as db:
        blocks = [
            Block(waiting.key, waiting.path, await waiting.counted(db, request.user, clock))
            for waiting in BLOCKS
            if visit.may(*waiting.roles)
        ]
    return page(visit, "home.html", blocks=blocks)


ROUTES = [home]
