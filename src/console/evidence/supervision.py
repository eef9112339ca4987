"""`/desk/supervision`: does the house hold, then what needs a person, then what does not count and why."""

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency

from agency.http import requires
from agency.model import Actor
from agency.queries import reach, tree
from console.evidence import attention
from console.evidence.attention import Look
from console.home import BLOCKS, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page
from console.visit import Visit
from device_registry.queries import devices_by_tags
from evidence.fixity import queries as fixity
from evidence.http.refusals import DAYS, READERS, refusals
from evidence.queries.refusals import not_counting_since
from evidence.self_proof.queries import last_cycle
from evidence.self_proof.rules import light
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database

PATH = "/desk/supervision"
RECENTLY = timedelta(days=7)


async def _refused(db: Connection, actor: Actor, clock: Clock) -> int:
    now = clock.now()
    return await not_counting_since(db, await reach(db, actor, READERS, day_of(now)), now - RECENTLY)


ENTRIES.append(Entry("supervision", PATH, frozenset(READERS)))


async def _faulty(db: Connection, actor: Actor, clock: Clock) -> int:
    return len(await fixity.faulty(db, await reach(db, actor, READERS, day_of(clock.now()))))


BLOCKS.append(Waiting("fixity", frozenset(READERS), PATH, _faulty))
BLOCKS.append(Waiting("refusals", frozenset(READERS), PATH, _refused))


@get("/supervision", guards=[requires(*READERS)])
async def supervision_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    async with database.connection() as db:
        found = await refusals(db, request.user, clock, DAYS, visit.language)
        now = clock.now()
        reached = await reach(db, request.user, READERS, day_of(now))
        look = Look(db, reached, now, found.since, found, visit.language)
        blocks = [(block, await block.found(look)) for block in attention.BLOCKS]
        cycle = await last_cycle(db)
        devices = await devices_by_tags(db, [one.device_tag for one in found.devices])
        oldest = await fixity.oldest_reading(db)
        units = await tree(db, day_of(now))
    totals: dict[str, int] = {}
    for one in found.reasons:
        totals[one.code] = totals.get(one.code, 0) + one.number
    return page(
        visit,
        "evidence/supervision.html",
        found=found,
        cycle=cycle,
        devices=devices,
        light=light(cycle, now),
        blocks=[(block, one) for block, one in blocks if one.number],
        quiet=[block.key for block, one in blocks if not one.number],
        oldest=oldest,
        days=DAYS,
        totals=sorted(totals.items(), key=lambda total: (-total[1], total[0])),
        words={one.code: one.words for one in found.reasons},
        names={unit.id: unit.name_zh if visit.language == "zh-CN" else unit.name_en for unit in units},
    )


ROUTES = [supervision_page]
