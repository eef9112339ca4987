"""Phones that never stop handing in: shift after shift, until they are told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from random import Random
from uuid import uuid4

import aiohttp
from msgspec.structs import replace

from agency import queries as agency
from agency.model import UnitKind
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.reach import EVERYTHING
from plumbline.phone_simulator import officers, shift
from plumbline.phone_simulator.audit import audit
from plumbline.phone_simulator.network import NetworkGone
from plumbline.phone_simulator.phone import Phone, Restarted, Unexpected
from plumbline.phone_simulator.plan import NONE, Plan
from plumbline.phone_simulator.tally import Tally
from plumbline.settings import Settings
from plumbline.walkthrough.receipts import ReceiptKeys

SHIFT = Plan(inspections=1, photographs=4, photograph_bytes=40_000, photographs_between_pulls=4, trouble=NONE)
LARGE = replace(SHIFT, photographs=1, photograph_bytes=9_000_000)
"""Goes into the store in parts."""
LARGE_EVERY = 6
"""Shifts."""


class Load:
    """`tally` says what went wrong beyond waiting and trying again."""

    def __init__(self, phones: list[Phone], tally: Tally) -> None:
        self.phones, self.tally = phones, tally
        self._over, self._shifts = False, 0

    def stop(self) -> None:
        """What is begun is still handed in."""
        self._over = True

    async def work(self) -> None:
        async with asyncio.TaskGroup() as together:
            for phone in self.phones:
                together.create_task(self._hand_in(phone))

    async def audit(self) -> list[str]:
        """What the phones' own audit finds wrong."""
        told = {id_ for phone in self.phones for id_ in phone.store.told}
        return [fault for phone in self.phones for fault in await audit(phone, told)]

    async def _hand_in(self, phone: Phone) -> None:
        while not self._over:
            self._shifts += 1
            plan = LARGE if self._shifts % LARGE_EVERY == 0 else SHIFT
            shift.work(phone.officer, phone.store, await _anchor(phone), plan, self._shifts)
            while True:
                try:
                    await phone.hand_in(lambda: None)
                except Unexpected as why:  # told in the end, and the phone goes on as people would
                    self.tally.faults.append(str(why))
                    await asyncio.sleep(1)
                else:
                    break


@asynccontextmanager
async def load(settings: Settings, api: str, number: int, seed: int) -> AsyncIterator[Load]:
    """So many phones of officers of their own; `settings` are the operator's."""
    database, clock, tally = (
        await Database.open(settings.database_url, most=2, unless_said=EVERYTHING),
        SystemClock(),
        Tally(),
    )
    try:
        async with database.transaction() as db:
            unit = await agency.add_unit(
                db, UnitKind.CITY, "武汉市", f"Wuhan {uuid4()}", date(2020, 1, 1), division_code="420100"
            )
        made = await officers.make(database, clock, unit.id, number)
    finally:
        await database.close()
    tls = ssl.create_default_context()
    async with (
        aiohttp.ClientSession(api) as http,
        http.get("/.well-known/plumbline-receipt-keys.json", raise_for_status=True) as answer,
    ):
        keys = ReceiptKeys(await answer.json())
    phones = [
        Phone(officer, api, tls, SHIFT, Random(f"{seed}/{index}"), keys, tally) for index, officer in enumerate(made)
    ]
    try:
        yield Load(phones, tally)
    finally:
        for phone in phones:
            await phone.close()


async def _anchor(phone: Phone) -> shift.Anchor:
    while True:
        try:
            return await phone.anchor()
        except (NetworkGone, Restarted):
            await asyncio.sleep(0.2)
