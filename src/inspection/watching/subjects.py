"""What is watched, and whether somebody may still read it."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from agency.queries import people_by_id, units_by_id
from device_registry.queries import devices_by_id
from evidence import queries as evidence
from evidence.case_files import queries as cases
from evidence.clues import queries as clues
from evidence.clues.access import access_of_person, known
from evidence.clues.problems import ClueNotFound
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from inspection import queries as inspections
from inspection.watching.model import Kind, Subject

LABEL = 80


async def subjects(db: Connection, clock: Clock, kind: Kind, ids: Collection[UUID]) -> dict[UUID, Subject]:
    """Those of the ids that are there, in a statement or two."""
    if kind is Kind.UNIT:
        return {one.id: Subject([one.id], one.name_zh) for one in await units_by_id(db, ids, day_of(clock.now()))}
    return await _FIND[kind](db, ids) if kind in _FIND else {}


async def may_know_clue(db: Connection, clock: Clock, person_id: UUID, clue_id: UUID) -> bool:
    """Whoever a clue is about does not watch it."""
    try:
        await known(db, await access_of_person(db, person_id, clock), clue_id)
    except ClueNotFound:
        return False
    return True


async def _evidence(db: Connection, ids: Collection[UUID]) -> dict[UUID, Subject]:
    units, digests = await evidence.units_of(db, ids), await evidence.digests_of(db, ids)
    return {id_: Subject([unit], digests[id_][:12]) for id_, unit in units.items()}


async def _devices(db: Connection, ids: Collection[UUID]) -> dict[UUID, Subject]:
    found = await devices_by_id(db, ids)
    return {id_: Subject([device.unit_id], device.tag, device.tag) for id_, device in found.items()}


async def _inspections(db: Connection, ids: Collection[UUID]) -> dict[UUID, Subject]:
    found = await inspections.inspections_by_id(db, ids)
    return {id_: Subject([one.unit_id], (one.enterprise.name or one.title)[:LABEL]) for id_, one in found.items()}


async def _cases(db: Connection, ids: Collection[UUID]) -> dict[UUID, Subject]:
    return {one.id: Subject([one.unit_id], f"{one.number} {one.title}"[:LABEL]) for one in await cases.by_id(db, ids)}


async def _clues(db: Connection, ids: Collection[UUID]) -> dict[UUID, Subject]:
    found = {}
    for kept in await clues.clues_by_id(db, ids):
        label = f"{kept.clue.channel.name_zh} {kept.clue.channel_number}".strip()
        units = [kept.clue.unit_id, *(one.unit_id for one in kept.steps if one.unit_id)]
        found[kept.clue.id] = Subject(units, label[:LABEL])
    return found


async def _officers(db: Connection, ids: Collection[UUID]) -> dict[UUID, Subject]:
    return {id_: Subject([one.unit_id], one.name_zh) for id_, one in (await people_by_id(db, ids)).items()}


_FIND: dict[Kind, Callable[[Connection, Collection[UUID]], Awaitable[dict[UUID, Subject]]]] = {
    Kind.EVIDENCE: _evidence,
    Kind.DEVICE: _devices,
    Kind.INSPECTION: _inspections,
    Kind.CASE: _cases,
    Kind.CLUE: _clues,
    Kind.OFFICER: _officers,
}
