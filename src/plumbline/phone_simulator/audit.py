"""What is at the server, against what every phone stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from plumbline.phone_simulator.network import NetworkGone

if TYPE_CHECKING:
    from collections.abc import Collection

    from plumbline.phone_simulator.phone import Phone

ATTEMPTS, PAUSE_SECONDS = 10, 0.5
"""A server may close a connection that stood idle just when it is used again: nothing is wrong with that."""


async def audit(phone: Phone, told: Collection[str]) -> list[str]:
    """The faults. `told`: the operations of all phones together.

    What was pulled bit by bit, while everything arrived, must be what a pull from the beginning gives; and that must
    hold each operation of the inspections exactly once.
    """
    await _pull(phone)
    bit_by_bit = {id_: Counter(operations) for id_, operations in phone.store.known.items()}
    phone.store.cursor, phone.store.known = "0", {}
    await _pull(phone)
    anew = {id_: Counter(operations) for id_, operations in phone.store.known.items()}
    faults = []
    if bit_by_bit != anew:
        faults.append(f"{phone.officer.credential_no}: what changed, put together, is not what is there")
    mine = set(phone.store.told.values())
    if missing := mine - anew.keys():
        faults.append(f"{phone.officer.credential_no}: {len(missing)} inspections are not told to their officer")
    there = Counter(id_ for operations in anew.values() for id_ in operations.elements())
    faults += [f"operation {id_} is there {number} times" for id_, number in there.items() if number > 1]
    faults += [f"operation {id_} is lost" for id_ in phone.store.told if id_ not in there]
    faults += [f"operation {id_} was told by nobody" for id_ in there if id_ not in told]
    faults += [f"operation {id_} was not acknowledged" for id_ in phone.store.waiting]
    faults += [f"photograph {one.evidence_id} has no receipt" for one in phone.store.photographs if not one.receipt]
    return faults


async def _pull(phone: Phone) -> None:
    for _ in range(ATTEMPTS - 1):
        try:
            await phone.pull()
        except NetworkGone:
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
    await phone.pull()
