"""A full page of inspections with all that was told in them, against an ORM's: see `bench.selectinload`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from itertools import islice
from typing import Any

import aiohttp

from bench.contenders import Contender
from bench.look_ups import asking, changes, opened, signed_in
from bench.plan import ORM_PAGE, OUR_PAGE, Plan
from bench.servers import Server, Stage
from inspection.model import MOST_OPERATIONS
from plumbline.phone_simulator import shift
from plumbline.phone_simulator.officers import SimulatedOfficer
from plumbline.phone_simulator.plan import Plan as Shift
from plumbline.phone_simulator.store import Store

MISSING = [name for name in ("sqlalchemy", "pydantic") if find_spec(name) is None]


@asynccontextmanager
async def page(stage: Stage, plan: Plan) -> AsyncIterator[tuple[Server, list[Contender]]]:
    """Both answer with the same inspections, told by a phone and handed in. Raises RuntimeError where they do not."""
    async with (
        opened(stage) as database,
        signed_in(database, 1) as (officer,),
        stage.api() as api,
        stage.selectinload() as orm,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {officer.token}"}) as session,
    ):
        after = (await changes(session, api, officer.token, "0"))["cursor"]
        await _told(session, api, officer, plan.page_inspections)
        asked = f"?after={after}&most={plan.page_inspections}"
        theirs, ours = f"/changes/{officer.person_id}{asked}", f"/mobile/v1/changes{asked}"
        _check(await _answer(session, orm.url + theirs), await _answer(session, api.url + ours), plan.page_inspections)
        tokens = [officer.token]
        yield (
            api,
            [
                Contender(ORM_PAGE, asking(stage, orm, theirs, tokens, 1, plan.page_seconds)),
                Contender(OUR_PAGE, asking(stage, api, ours, tokens, 1, plan.page_seconds), ours=True),
            ],
        )


def _check(theirs: Any, ours: Any, number: int) -> None:
    """Of what the yardstick tells nothing may differ; what only phones are told is its advantage."""
    inspections = [
        {name: mine[name] for name in other if name in mine}
        for other, mine in zip(theirs["inspections"], ours["inspections"], strict=True)
    ]
    if len(inspections) != number or {**ours, "inspections": inspections} != theirs:
        raise RuntimeError("The page is not full, or not the same page.")


async def _told(session: aiohttp.ClientSession, api: Server, officer: SimulatedOfficer, number: int) -> None:
    """So many inspections, begun on the spot: each with its findings, statement and outcome."""
    asked = shift.monotonic_ms()
    time = await _answer(session, f"{api.url}/mobile/v1/time?nonce=0123456789abcdef")
    store, anchor = Store(), shift.anchored(time, asked, shift.monotonic_ms())
    shift.work(officer, store, anchor, Shift(inspections=number, photographs=0), 0)
    waiting = iter(store.waiting.values())
    while batch := list(islice(waiting, MOST_OPERATIONS)):
        async with session.post(f"{api.url}/mobile/v1/operations", json={"operations": batch}) as answer:
            answer.raise_for_status()
            if any(one["result"] != "RECORDED" for one in (await answer.json())["results"]):
                raise RuntimeError(await answer.text())


async def _answer(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as answer:
        answer.raise_for_status()
        return await answer.json()
