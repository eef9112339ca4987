"""Somebody exports evidence for a reason: what the bundle is made of is fixed, and told of each piece."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from agency.model import Actor, Role
from agency.queries import reach
from evidence import queries as evidence
from evidence.court_bundle import queries
from evidence.court_bundle.model import Export
from evidence.court_bundle.problems import ExportNotFound, NothingSignedYet
from evidence.custody import Event, tell_each
from evidence.transparency_log import queries as log
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import NotFound

WHO_EXPORTS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)


async def export(database: Database, clock: Clock, actor: Actor, evidence_ids: Sequence[UUID], reason: str) -> Export:
    """Raises NotFound for evidence beyond the reach of who exports, NothingSignedYet."""
    wanted = sorted(set(evidence_ids))
    async with database.transaction() as db:
        if not await _all_within(db, actor, clock, wanted):
            raise NotFound
        signed = await log.latest_checkpoint(db)
        if signed is None:
            raise NothingSignedYet
        now = clock.now()
        made = Export(
            id=uuid4(),
            reason=reason,
            log_size=signed.size,
            note=signed.note,
            made_by=actor.person_id,
            made_at=now,
            evidence=wanted,
        )
        await queries.add_export(db, made)
        told = {"export_id": made.id, "reason": reason}
        await tell_each(db, Event.EXPORTED, now, wanted, told, actor_id=actor.person_id)
    return made


async def export_within(db: Connection, actor: Actor, clock: Clock, export_id: UUID) -> Export:
    """Raises ExportNotFound, also where any of its evidence is beyond the reader's units."""
    found = await queries.export_by_id(db, export_id)
    if found is None or not await _all_within(db, actor, clock, found.evidence):
        raise ExportNotFound
    return found


async def _all_within(db: Connection, actor: Actor, clock: Clock, evidence_ids: Sequence[UUID]) -> bool:
    units = await evidence.units_of(db, evidence_ids)
    reached = await reach(db, actor, WHO_EXPORTS, day_of(clock.now()))
    return len(units) == len(set(evidence_ids)) and reached.issuperset(units.values())
