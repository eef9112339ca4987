"""One inspection as a desk looks at it: everything that was told, what holds, what is missing, what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Point
from agency.model import Person
from evidence import queries as evidence
from evidence.custody import Event, tell
from evidence.model import State as EvidenceState
from foundation.civil import day_of
from foundation.database import Connection
from inspection import queries
from inspection.documents import queries as documents
from inspection.documents.queries import Issued
from inspection.gaps import gaps_of, held_on
from inspection.model import EvidenceListed, Inspection, Operation, State, Wish
from inspection.rules import guard, merging
from inspection.rules.guard import Gap


class Look(Struct, frozen=True, kw_only=True):
    inspection: Inspection
    state: State
    counted: Sequence[Operation]
    after_revocation: Sequence[Operation]
    """Kept, and no part of what holds: see decision 0014."""
    fields: merging.Fields
    gaps: Sequence[Gap]
    points: Sequence[Point]
    """Of the checklist as it was when the visit began."""
    listed: Mapping[Operation, EvidenceListed]
    evidence: Mapping[UUID, EvidenceState]
    """Of what is listed, as far as it has been committed to here."""
    wishes: Mapping[UUID, Wish]
    """By evidence: what somebody asked for first."""
    issued: Sequence[Issued]
    people: Mapping[UUID, Person]
    phones: Mapping[UUID, str]


async def look(db: Connection, inspection: Inspection, now: datetime) -> Look:
    id_ = inspection.id
    counted, late = (await queries.all_told(db, [id_]))[id_]
    fields = merging.merged(counted)
    gaps = await gaps_of(db, id_, now)
    wishes = {one.evidence_id: one for one in (await queries.wishes_of(db, [id_])).get(id_, [])}
    acting = {*(one.author for one in [*counted, *late]), *(one.asked_by for one in wishes.values())}
    listed = {one: one.what for one in counted if isinstance(one.what, EvidenceListed)}
    began, _ = guard.visit(counted) or (now, now)
    versions = await items.checklist_versions(db, [inspection.checklist])
    return Look(
        inspection=inspection,
        state=guard.state(fields, gaps),
        counted=counted,
        after_revocation=late,
        fields=fields,
        gaps=gaps,
        points=next((one.items for one in versions if held_on(one, day_of(began))), ()),
        listed=listed,
        evidence=await evidence.states_of(db, [what.evidence_id for what in listed.values()]),
        wishes=wishes,
        issued=await documents.issued_of(db, id_),
        people=await agency.people_by_id(db, {*inspection.officers, *guard.joined(fields), *acting}),
        phones=await agency.phone_labels(db, [one.phone for one in [*counted, *late]]),
    )


async def tell_of_look(db: Connection, inspection_id: UUID, viewer: UUID, now: datetime) -> None:
    """Whoever looks stands in the custody chain."""
    seen = {"inspection_id": inspection_id}
    await tell(db, Event.INSPECTION_VIEWED, now, evidence_id=None, actor_id=viewer, details=seen)
