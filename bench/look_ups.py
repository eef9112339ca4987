"""Small questions that phones ask most, against one primary-key SELECT: see `bench.bare`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import msgspec

from agency import queries as agency
from bench import load
from bench.contenders import DEVICE_TAG, PERSON, Contender, Turn
from bench.meter import Meter
from bench.plan import BARE, BARE_SIGNED_IN, PULL, PULL_ROUTE, STANDING, STANDING_ROUTE, Plan
from bench.servers import Server, Stage
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.phone_simulator import officers
from plumbline.phone_simulator.officers import SimulatedOfficer
from plumbline.seed_inspections import add_tasks

OURS = {
    STANDING: (STANDING_ROUTE, f"/mobile/v1/standing?device_tag={DEVICE_TAG}"),
    PULL: (PULL_ROUTE, "/mobile/v1/changes?after={cursor}"),
}


@asynccontextmanager
async def look_up(stage: Stage, plan: Plan, section: str) -> AsyncIterator[tuple[Server, list[Contender]]]:
    """The API with both yardsticks beside it. Each officer has the tasks of the city, and knows them."""
    async with (
        opened(stage) as database,
        signed_in(database, plan.asking_phones) as known,
        stage.api() as api,
        stage.bare(signed_in=False) as bare,
        stage.bare(signed_in=True) as bare_signed_in,
    ):
        name, path = OURS[section]
        device = f"/device/{await _device_id(database)}"
        tokens = [one.token for one in known]
        contenders = [
            (BARE, bare, device),
            (BARE_SIGNED_IN, bare_signed_in, device),
            (name, api, path.format(cursor=await _cursor(api, tokens))),
        ]
        yield (
            api,
            [
                Contender(
                    who, asking(stage, server, where, tokens, plan.asking_clients, plan.asking_seconds), server is api
                )
                for who, server, where in contenders
            ],
        )


def asking(
    stage: Stage, server: Server, path: str, tokens: Sequence[str], clients: int, seconds: float
) -> Callable[[int], Awaitable[Turn]]:
    """A turn: so many clients ask for one address, again as soon as they are answered."""

    async def turn(_: int) -> Turn:
        with Meter(stage.pids(server)) as meter:
            report = await load.load(server.url + path, clients, seconds, [f"Bearer {token}" for token in tokens])
        cost = msgspec.structs.replace(meter.cost, seconds=report.seconds)
        return Turn(report.requests, report.p50, report.p95, cost)

    return turn


@asynccontextmanager
async def opened(stage: Stage) -> AsyncIterator[Database]:
    database = await Database.open(stage.settings.database_url, most=2, unless_said=EVERYTHING)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def signed_in(database: Database, number: int) -> AsyncIterator[list[SimulatedOfficer]]:
    """So many officers of the unit of `PERSON`, each with a phone and the city's tasks."""
    clock = SystemClock()
    async with database.connection() as db:
        actor = await agency.actor_called(db, PERSON, clock.now())
    assert actor is not None
    made = await officers.make(database, clock, actor.unit_id, number)
    async with database.transaction() as db:
        await add_tasks(db, clock, actor.unit_id, [one.person_id for one in made], actor.person_id)
    yield made
    await officers.dismiss(database, clock, made)


async def changes(session: aiohttp.ClientSession, api: Server, token: str, after: str) -> Mapping[str, Any]:
    """The answer to a pull."""
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(f"{api.url}/mobile/v1/changes?after={after}", headers=headers) as answer:
        answer.raise_for_status()
        told: Mapping[str, Any] = await answer.json()
        return told


async def _cursor(api: Server, tokens: Sequence[str]) -> str:
    """The one that all have reached. Raises RuntimeError where they have not, or were told nothing on the way."""
    async with aiohttp.ClientSession() as session:
        told = [await changes(session, api, token, "0") for token in tokens]
        cursors = {one["cursor"] for one in told}
        if len(cursors) != 1 or not all(one["inspections"] for one in told):
            raise RuntimeError(f"cursors {cursors} of officers who were told the same")
        return str(cursors.pop())


async def _device_id(database: Database) -> UUID:
    async with database.connection() as db:
        found: UUID = await db.fetchval("select id from device where tag = $1", DEVICE_TAG)
    return found
