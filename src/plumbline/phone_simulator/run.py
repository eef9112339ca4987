"""The run: a shift is worked offline, the phones come back, everything is handed in, and all of it is looked for."""

from __future__ import annotations

import asyncio
import gc
import ssl
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

import aiohttp

from plumbline.phone_simulator import shift
from plumbline.phone_simulator.audit import audit
from plumbline.phone_simulator.network import NetworkGone
from plumbline.phone_simulator.phone import Phone, Restarted, Unexpected
from plumbline.phone_simulator.tally import Tally
from plumbline.walkthrough.receipts import ReceiptKeys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from plumbline.phone_simulator.officers import SimulatedOfficer
    from plumbline.phone_simulator.plan import Plan

AT_ONCE = 32
"""Phones that are prepared, or looked at in the audit, at the same time."""
LOOK_SECONDS = 0.05
"""How often the run looks whether it is late itself."""


async def run(
    servers: Sequence[str],
    officers: Sequence[SimulatedOfficer],
    plan: Plan,
    say: Callable[[str, int, int], None] = lambda *_: None,
) -> Tally:
    """What it has come to. The phones are dealt to the servers, which share everything. `say`: step, done, of how many.

    Raises aiohttp.ClientError where a server does not answer at all.
    """
    tally = Tally()
    tls = ssl.create_default_context()
    async with (
        aiohttp.ClientSession(servers[0]) as http,
        http.get("/.well-known/plumbline-receipt-keys.json", ssl=tls, raise_for_status=True) as answer,
    ):
        keys = ReceiptKeys(await answer.json())
    phones = []
    for number, officer in enumerate(officers):
        random = Random(f"{plan.seed}/{number}")  # noqa: S311 - troubles, not secrets
        phones.append(Phone(officer, servers[number % len(servers)], tls, plan, random, keys, tally))
    try:
        await _work(phones, plan, say)
        gc.freeze()  # what the phones store is not looked through while times are taken
        tally.times.clear()
        await _hand_in(phones, plan, tally, say)
        handed_in = {kind: list(times) for kind, times in tally.times.items()}
        await _audit(phones, tally, say)
        tally.times = handed_in
    finally:
        gc.unfreeze()
        for phone in phones:
            await phone.close()
    return tally


async def _work(phones: list[Phone], plan: Plan, say: Callable[[str, int, int], None]) -> None:
    """The morning, with a network; then the day, without one."""
    led: list[list[str]] = []
    for number, phone in enumerate(phones):
        anchor = await _anchored(phone)
        led.append(shift.work(phone.officer, phone.store, anchor, plan, number))
        if number:
            shift.join(phone.officer, phone.store, anchor, led[number - 1])
        say("shift", number + 1, len(phones))
    if len(phones) > 1:
        shift.join(phones[0].officer, phones[0].store, await _anchored(phones[0]), led[-1])


async def _anchored(phone: Phone) -> shift.Anchor:
    while True:
        try:
            return await phone.anchor()
        except (NetworkGone, Restarted):
            await asyncio.sleep(0)


async def _hand_in(phones: list[Phone], plan: Plan, tally: Tally, say: Callable[[str, int, int], None]) -> None:
    random = Random(plan.seed)  # noqa: S311
    began, without_facts, done = perf_counter(), len(phones), 0
    photographs = len(phones) * plan.photographs

    async def back(phone: Phone, after: float) -> None:
        nonlocal done
        await asyncio.sleep(after)
        mine, told = perf_counter(), False

        def facts_are_in() -> None:
            nonlocal told, without_facts
            if not told:
                told, without_facts = True, without_facts - 1
                tally.facts_of_a_phone.append(perf_counter() - mine)
                tally.facts_seconds = perf_counter() - began
                say("facts", len(phones) - without_facts, len(phones))

        try:
            await phone.hand_in(facts_are_in)
        except Unexpected as why:  # the others go on; the audit finds what this one still has
            tally.faults.append(f"{phone.officer.credential_no}: {why}")
        done += 1
        say("everything", done, len(phones))

    looking = asyncio.create_task(_look(tally, lambda: say("photographs", tally.photographs, photographs)))
    async with asyncio.TaskGroup() as together:
        for phone in phones:
            together.create_task(back(phone, random.uniform(0, plan.window_seconds)))
    tally.seconds = perf_counter() - began
    looking.cancel()
    say("photographs", tally.photographs, photographs)


async def _look(tally: Tally, say: Callable[[], None]) -> None:
    """Tells how far it is, and notes how late this process is by itself: by so much its times are too long."""
    while True:
        began = perf_counter()
        await asyncio.sleep(LOOK_SECONDS)
        tally.late.append(perf_counter() - began - LOOK_SECONDS)
        if len(tally.late) % round(1 / LOOK_SECONDS) == 0:
            say()


async def _audit(phones: list[Phone], tally: Tally, say: Callable[[str, int, int], None]) -> None:
    for phone in phones:
        phone.calm()
    told = {id_ for phone in phones for id_ in phone.store.told}
    done = 0

    async def looked_at(phone: Phone) -> None:
        nonlocal done
        tally.faults += await audit(phone, told)
        done += 1
        say("audit", done, len(phones))

    await _few_at_once(looked_at(phone) for phone in phones)


async def _few_at_once(work: Iterable[Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(awaited: Awaitable[None]) -> None:
        async with slots:
            await awaited

    async with asyncio.TaskGroup() as together:
        for awaited in work:
            together.create_task(one(awaited))
