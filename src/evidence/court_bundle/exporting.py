"""Somebody exports evidence for a reason: what the bundle is made of is fixed, told of each piece; a job makes it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from agency.model import Actor, Role
from agency.queries import people_by_id, reach
from evidence import queries as evidence
from evidence.court_bundle import queries
from evidence.court_bundle.model import Export, Standing, State
from evidence.court_bundle.problems import BundleNotThere, ExportNotFound, NothingSignedYet
from evidence.custodian import Custodian
from evidence.custody import Event, tell_each
from evidence.transparency_log import queries as log
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from foundation.jobs import enqueue
from foundation.problem import NotFound

WHO_EXPORTS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)
JOB = "make-bundle"
ONE_DOWNLOAD = timedelta(hours=1)
"""What the same person fetches within it, in parts or again, is one download in the custody chain."""


async def export(custodian: Custodian, actor: Actor, evidence_ids: Sequence[UUID], reason: str) -> Export:
    """Raises NotFound for evidence beyond the reach of who exports, NothingSignedYet."""
    wanted, now = sorted(set(evidence_ids)), custodian.clock.now()
    async with custodian.database.transaction() as db:
        if not await _all_within(db, actor, custodian.clock, wanted):
            raise NotFound
        signed = await log.latest_checkpoint(db)
        if signed is None:
            raise NothingSignedYet
        officers = await queries.officers_of(db, wanted)
        people = await people_by_id(db, {actor.person_id, *officers.values()})
        made = Export(
            id=uuid4(),
            reason=reason,
            log_size=signed.size,
            note=signed.note,
            made_by=actor.person_id,
            made_by_name=people[actor.person_id].name_zh,
            made_at=now,
            log_keys=await log.verifier_keys(db),
            receipt_keys=[dict(custodian.signer.public_key())],
            pieces=[],
        )
        await queries.add_export(db, made, {one: people[officers[one]].name_zh for one in wanted})
        told = {"export_id": made.id, "reason": reason}
        await tell_each(db, Event.EXPORTED, now, wanted, told, actor_id=actor.person_id)
        await enqueue(db, JOB, {"export_id": str(made.id)}, now)
        frozen = await queries.export_by_id(db, made.id)
        assert frozen is not None
    return frozen


async def make_again(custodian: Custodian, actor: Actor, export_id: UUID) -> None:
    """Orders the file anew where it failed or was dropped; harmless where it is there. Raises ExportNotFound."""
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        await export_within(db, actor, custodian.clock, export_id)
        if await queries.order_again(db, export_id, now):
            await enqueue(db, JOB, {"export_id": str(export_id)}, now)


async def export_within(db: Connection, actor: Actor, clock: Clock, export_id: UUID) -> Export:
    """Raises ExportNotFound, also where any of its evidence is beyond the reader's units."""
    found = await queries.export_by_id(db, export_id)
    if found is None or not await _all_within(db, actor, clock, found.evidence):
        raise ExportNotFound
    return found


async def standing_within(custodian: Custodian, actor: Actor, export_id: UUID) -> tuple[Export, Standing]:
    """How far its file is. Raises ExportNotFound."""
    async with custodian.database.connection() as db:
        found = await export_within(db, actor, custodian.clock, export_id)
        standing = await queries.standing_of(db, export_id)
    return found, standing or _never_kept(found)


async def fetched(custodian: Custodian, actor: Actor, export_id: UUID) -> Standing:
    """Told in the custody chain of each piece, once a download, before a byte leaves; also where none can yet.

    Raises ExportNotFound, BundleNotThere.
    """
    found, standing = await standing_within(custodian, actor, export_id)
    if standing.state in (State.FAILED, State.DROPPED):
        raise BundleNotThere
    if standing.state is State.READY:
        now, by = custodian.clock.now(), actor.person_id
        async with custodian.database.transaction() as db:
            if await queries.add_download(db, export_id, by, now, ONE_DOWNLOAD):
                told = {"export_id": export_id}
                await tell_each(db, Event.BUNDLE_DOWNLOADED, now, found.evidence, told, actor_id=by)
    return standing


def _never_kept(found: Export) -> Standing:
    """Exported before files were kept: as if it had been dropped."""
    return Standing(
        state=State.DROPPED,
        epoch=0,
        pieces=len(found.pieces),
        pieces_done=0,
        bytes_all=sum(piece.size or 0 for piece in found.pieces),
        bytes_done=0,
        sha256=None,
        size=None,
        failure=None,
        changed_at=found.made_at,
    )


async def _all_within(db: Connection, actor: Actor, clock: Clock, evidence_ids: Sequence[UUID]) -> bool:
    units = await evidence.units_of(db, evidence_ids)
    reached = await reach(db, actor, WHO_EXPORTS, day_of(clock.now()))
    return len(units) == len(set(evidence_ids)) and reached.issuperset(units.values())
