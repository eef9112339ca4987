"""Disposal: rehearsed by one, confirmed by another, after a time of waiting; nothing else ends evidence."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from agency.model import Actor, Role
from agency.queries import reach
from device_registry.problems import UnitUnknown
from device_registry.queries import PolicyName, policy_for
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.retention import queries
from evidence.retention.keeping import derive
from evidence.retention.model import DisposalList, Step
from evidence.retention.problems import DisposalDecided, DisposalNotFound, NothingToDispose
from foundation.civil import day_of
from foundation.database import Connection
from foundation.object_store import StoredObject, StoreRefused
from foundation.problem import NotFound

WHO_DISPOSES = (Role.SUPERVISOR, Role.ENTITY_HEAD)
MOST_ON_A_LIST = 1000
AT_ONCE = 200
LOCKED = "disposal_locked"
"""Kept because the object store still locks it; the other names are those of the database."""


async def rehearse(custodian: Custodian, actor: Actor, unit_id: UUID, reason: str) -> UUID:
    """A list of what could be disposed of now. Nothing is touched. Raises UnitUnknown, NothingToDispose."""
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        if unit_id not in await _reached(db, custodian, actor):
            raise UnitUnknown(field="unit_id")
        due = [one for one, _ in await queries.due_for_disposal(db, unit_id, now, MOST_ON_A_LIST)]
        await derive(db, custodian, await queries.kept(db, due))  # a longer policy may have come since
    async with custodian.database.transaction() as db:
        items = await queries.due_for_disposal(db, unit_id, now, MOST_ON_A_LIST)
        if not items:
            raise NothingToDispose
        list_id = await queries.add_list(db, unit_id, reason, items, actor.person_id, now)
        told = {"list_id": list_id, "unit_id": unit_id, "number": len(items), "reason": reason}
        await tell(db, Event.DISPOSAL_REHEARSED, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return list_id


async def confirm(custodian: Custodian, actor: Actor, list_id: UUID) -> None:
    """The waiting time begins. Raises DisposalNotFound, DisposalDecided, RehearserConfirms."""
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        found = await found_list(db, custodian, actor, list_id)
        if found.step is not Step.REHEARSED:
            raise DisposalDecided
        days = await policy_for(db, found.unit_id, PolicyName.DISPOSAL_WAITING_DAYS, day_of(now))
        due_at = now + timedelta(days=days)
        await queries.confirm_list(db, found, actor.person_id, now, due_at)
        told = {"list_id": list_id, "due_at": due_at}
        await tell(db, Event.DISPOSAL_CONFIRMED, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def withdraw(custodian: Custodian, actor: Actor, list_id: UUID, reason: str) -> None:
    """Nothing of it will be disposed of any more. Raises DisposalNotFound, DisposalDecided."""
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        found = await found_list(db, custodian, actor, list_id)
        if found.step not in (Step.REHEARSED, Step.CONFIRMED):
            raise DisposalDecided
        await queries.withdraw_list(db, list_id, reason, actor.person_id, now)
        told = {"list_id": list_id, "reason": reason}
        await tell(db, Event.DISPOSAL_WITHDRAWN, now, evidence_id=None, actor_id=actor.person_id, details=told)


async def strike(custodian: Custodian, actor: Actor, list_id: UUID, evidence_id: UUID, reason: str) -> None:
    """One piece is taken off. Raises DisposalNotFound, NotFound: not on it, or decided."""
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        await found_list(db, custodian, actor, list_id)
        if not await queries.strike(db, list_id, evidence_id, reason, actor.person_id, now):
            raise NotFound
        told = {"list_id": list_id, "reason": reason}
        await tell(db, Event.DISPOSAL_STRUCK, now, evidence_id=evidence_id, actor_id=actor.person_id, details=told)


async def carry_out(custodian: Custodian) -> None:
    """What is due, a batch of it: what the database lets pass is told first, and removed after that.

    A crash in between leaves bytes that the next run removes; never an entry without its cause.
    """
    async with custodian.database.connection() as db:
        items = await queries.undecided(db, custodian.clock.now(), AT_ONCE)
    for list_id, evidence_id, stored in items:
        await _decide(custodian, list_id, evidence_id, stored)
    async with custodian.database.connection() as db:
        left = await queries.to_delete(db, AT_ONCE)
    for stored in left:
        try:
            await custodian.store.remove(stored)
        except StoreRefused:  # a hold that it is yet to let go of: in another run
            continue
        async with custodian.database.transaction() as db:
            await queries.deleted(db, stored.sha256, custodian.clock.now())


async def _decide(custodian: Custodian, list_id: UUID, evidence_id: UUID, stored: StoredObject) -> None:
    now = custodian.clock.now()
    try:
        if await _locked(custodian, stored):
            raise _Kept(LOCKED)
        async with custodian.database.transaction() as db:
            await derive(db, custodian, await queries.kept(db, [evidence_id]))
            await queries.dispose(db, list_id, stored.sha256, now)
            await queries.decide(db, list_id, evidence_id, None, now)
            told = {"list_id": list_id, "sha256": stored.sha256.hex(), "size": stored.size}
            await tell(db, Event.DISPOSED, now, evidence_id=evidence_id, actor_id=None, details=told)
    except asyncpg.CheckViolationError as error:
        await _keep(custodian, list_id, evidence_id, str(error.constraint_name))
    except _Kept as kept:
        await _keep(custodian, list_id, evidence_id, str(kept))


class _Kept(Exception):
    """It stays, for the reason named."""


async def _keep(custodian: Custodian, list_id: UUID, evidence_id: UUID, why: str) -> None:
    async with custodian.database.transaction() as db:
        await queries.decide(db, list_id, evidence_id, why, custodian.clock.now())


async def _locked(custodian: Custodian, stored: StoredObject) -> bool:
    """As the store says, which is asked because its lock may be longer than what is written here."""
    try:
        found = await custodian.store.find(stored.sha256)
    except StoreRefused:
        return True
    lock = found.retained_until if found else None
    return lock is not None and lock > custodian.clock.now()


async def found_list(db: Connection, custodian: Custodian, actor: Actor, list_id: UUID) -> DisposalList:
    """Raises DisposalNotFound."""
    found = await queries.lists(db, await _reached(db, custodian, actor), list_id=list_id)
    if not found:
        raise DisposalNotFound
    return found[0]


async def _reached(db: Connection, custodian: Custodian, actor: Actor) -> frozenset[UUID]:
    return await reach(db, actor, WHO_DISPOSES, day_of(custodian.clock.now()))
