"""What waits for somebody at a desk, oldest first: reviews, announcements, services, rectifications."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from agency.http import requires
from agency.model import Actor, Role, Unit
from agency.queries import reach, tree
from console.devices.columns import Names
from console.home import BLOCKS, Count, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page
from console.visit import HOME, Visit
from device_registry import queries
from device_registry.model import Awaiting
from device_registry.queries import DEFAULTS, Filter, Line, Policy, PolicyName, Sort, Verification
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database

MOST = 100
"""On one page; the others come up as these are done."""


class Queue(NamedTuple):
    """Devices that await one step of these roles. Words: `page.queue.<key>.title` and `.none`."""

    key: str
    page: str
    roles: tuple[Role, ...]
    awaiting: Awaiting
    step: str
    limited: bool = False
    """Whether policy says after how many days it is late (REVIEW_DAYS)."""


QUEUES = (
    Queue("legal-review", "reviews", (Role.LEGAL_REVIEWER,), Awaiting.LEGAL_REVIEW, "review-legal", limited=True),
    Queue(
        "technical-review", "reviews", (Role.TECHNICAL_REVIEWER,), Awaiting.TECHNICAL_REVIEW, "review-technical", True
    ),
    Queue("announcement", "announcements", (Role.PUBLICITY_OFFICER,), Awaiting.ANNOUNCEMENT, "announce"),
    Queue("service", "services", (Role.ENTITY_HEAD,), Awaiting.PUTTING_IN_SERVICE, "put-in-service"),
    Queue(
        "release",
        "services",
        (Role.ENTITY_HEAD, Role.SUPERVISOR, Role.TECHNICAL_REVIEWER),
        Awaiting.RELEASE,
        "release",
    ),
    Queue("rectification", "rectifications", (Role.DEVICE_MANAGER,), Awaiting.RECTIFICATION, "report-rectification"),
)
PAGES = tuple(dict.fromkeys(queue.page for queue in QUEUES))
EVERYBODY = {page: frozenset(role for queue in QUEUES if queue.page == page for role in queue.roles) for page in PAGES}


class Waits(NamedTuple):
    """A device in a queue. `days` since it was proposed; `limit` None: nothing says when it is late."""

    line: Line
    days: int | None
    limit: int | None

    @property
    def late(self) -> bool:
        return self.limit is not None and self.days is not None and self.days > self.limit


async def _shown(
    queue_page: str,
    request: Request[Actor, Any, State],
    visit: Visit,
    database: Database,
    clock: Clock,
) -> Response[str]:
    now = clock.now()
    today = day_of(now)
    mine = [queue for queue in QUEUES if queue.page == queue_page and visit.may(*queue.roles)]
    async with database.connection() as db:
        units = await tree(db, today)
        kinds = await queries.device_kinds(db)
        policies = await queries.policies(db, [unit.id for unit in units])
        found = []
        for queue in mine:
            within = Filter(units=await reach(db, request.user, queue.roles, today), awaiting=queue.awaiting)
            lines = await queries.listed(db, within, now, sort=Sort.PROPOSED, most=MOST)
            count = len(lines) if len(lines) < MOST else await queries.counted(db, within, now)
            found.append((queue, count, lines))
    limits = review_days(units, policies, today)
    return page(
        visit,
        "queue.html",
        queue_page=queue_page,
        names=Names.of(visit.language, units, kinds, today),
        queues=[(queue, count, [waits(line, queue, limits, now) for line in lines]) for queue, count, lines in found],
    )


def waits(line: Line, queue: Queue, limits: Mapping[UUID, int], now: datetime) -> Waits:
    days = None if line.proposed_at is None else (day_of(now) - day_of(line.proposed_at)).days
    return Waits(line, days, limits.get(line.unit_id) if queue.limited else None)


def review_days(units: list[Unit], policies: Collection[Policy], today: date) -> dict[UUID, int]:
    """For each unit what the nearest government at or above it asks for. Parents stand before their children."""
    said = {
        policy.unit_id: policy.value
        for policy in policies
        if policy.name is PolicyName.REVIEW_DAYS
        and (policy.begins is None or policy.begins <= today)
        and (policy.ends is None or today < policy.ends)
    }
    limits: dict[UUID, int] = {}
    for unit in units:
        above = limits.get(unit.parent_id) if unit.parent_id else None
        limits[unit.id] = said.get(unit.id, DEFAULTS[PolicyName.REVIEW_DAYS] if above is None else above)
    return limits


def counting(roles: tuple[Role, ...], **wanted: Any) -> Count:
    """A count for the home page: devices within the reach of these roles that fit."""

    async def count(db: Connection, actor: Actor, clock: Clock) -> int:
        units = await reach(db, actor, roles, day_of(clock.now()))
        return await queries.counted(db, Filter(units=units, **wanted), clock.now())

    return count


def _route(path: str) -> HTTPRouteHandler:
    @get(f"/{path}", guards=[requires(*EVERYBODY[path])], name=f"desk-{path}")
    async def queue_page(
        request: Request[Actor, Any, State],
        visit: NamedDependency[Visit],
        database: NamedDependency[Database],
        clock: NamedDependency[Clock],
    ) -> Response[str]:
        return await _shown(path, request, visit, database, clock)

    return queue_page


ROUTES = [_route(path) for path in PAGES]
ENTRIES.extend(Entry(path, f"{HOME}/{path}", EVERYBODY[path]) for path in PAGES)
BLOCKS.extend(
    Waiting(queue.key, frozenset(queue.roles), f"{HOME}/{queue.page}", counting(queue.roles, awaiting=queue.awaiting))
    for queue in QUEUES
)
_MANAGERS = (Role.DEVICE_MANAGER,)
BLOCKS.extend(
    Waiting(
        verification.lower(),
        frozenset(_MANAGERS),
        f"{HOME}/devices?verification={verification}",
        counting(_MANAGERS, verification=verification),
    )
    for verification in (Verification.OVERDUE, Verification.DUE, Verification.FAILED, Verification.NEVER)
)
