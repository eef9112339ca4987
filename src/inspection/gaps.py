"""What is missing of an inspection, and who still holds it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Checklist
from agency.identifiers import scanned_enterprise
from device_registry import queries as registry
from device_registry.queries import PolicyName
from evidence import queries as evidence
from foundation.civil import day_of
from foundation.database import Connection
from inspection import queries
from inspection.model import EvidenceListed, Inspection, Operation
from inspection.rules import guard, merging
from inspection.rules.guard import Gap, Seen


async def gaps_of(db: Connection, inspection_id: UUID, now: datetime) -> list[Gap]:
    """Empty for an inspection that is not known here. Says which of them a phone filled only after its revocation."""
    inspections = await queries.inspections_by_id(db, [inspection_id])
    if inspection_id not in inspections:
        return []
    counted, late = (await queries.all_told(db, [inspection_id]))[inspection_id]
    found = (await gaps_of_all(db, inspections, {inspection_id: counted}, now))[inspection_id]
    if not late:
        return found
    with_late = await gaps_of_all(db, inspections, {inspection_id: [*counted, *late]}, now)
    return guard.filled_after_revocation(found, with_late[inspection_id])


async def gaps_of_all(
    db: Connection,
    inspections: Mapping[UUID, Inspection],
    told: Mapping[UUID, Sequence[Operation]],
    now: datetime,
) -> dict[UUID, list[Gap]]:
    """Of each of them, with as many statements for many as for one."""
    return {id_: guard.gaps(seen) for id_, seen in (await seen_of_all(db, inspections, told, now)).items()}


async def seen_of_all(
    db: Connection,
    inspections: Mapping[UUID, Inspection],
    told: Mapping[UUID, Sequence[Operation]],
    now: datetime,
) -> dict[UUID, Seen]:
    """All that bears on what is missing of each of them."""
    fields = {id_: merging.merged(told[id_]) for id_ in inspections}
    visits = {id_: guard.visit(told[id_]) or (now, now) for id_ in inspections}
    asked = [(person_id, *visits[id_]) for id_ in inspections for person_id in guard.joined(fields[id_])]
    credentials = await agency.credential_standings(db, asked)
    listed = [one.what.evidence_id for id_ in inspections for one in told[id_] if isinstance(one.what, EvidenceListed)]
    states = await evidence.states_of(db, listed)
    digests = await evidence.digests_of(db, listed)
    points = await _points(db, inspections.values(), visits)
    begun = {id_: (one.unit_id, day_of(visits[id_][0])) for id_, one in inspections.items()}
    hours = await registry.policies_for(db, PolicyName.URGENT_APPROVAL_HOURS, set(begun.values()))
    not_allowed = await _not_allowed(db, inspections.values(), begun)
    chosen = {id_: (merging.value(fields[id_], "outcome", "list_item"), day) for id_, (_, day) in begun.items()}
    lists = await items.no_penalty_kinds(db, {entry for entry in chosen.values() if entry[0]})
    codes = {
        id_: (scanned_enterprise(merging.value(fields[id_], "scanned-in", "code", "")).code, day)
        for id_, (_, day) in begun.items()
    }
    supervised = await agency.enterprises_under(db, {one for one in codes.values() if one[0]})
    return {
        id_: Seen(
            inspection=inspection,
            operations=told[id_],
            fields=fields[id_],
            credentials={
                person_id: standing
                for (person_id, *visit), standing in credentials.items()
                if tuple(visit) == visits[id_]
            },
            evidence=states,
            digests=digests,
            points=points.get(id_, []),
            not_allowed=not_allowed[id_],
            no_penalty=lists.get(chosen[id_]),
            urgent_approval=timedelta(hours=hours[begun[id_]]),
            now=now,
            supervised=supervised.get(codes[id_]),
        )
        for id_, inspection in inspections.items()
    }


async def _points(
    db: Connection, inspections: Collection[Inspection], visits: Mapping[UUID, tuple[datetime, datetime]]
) -> dict[UUID, list[str]]:
    """Of each inspection the points of its checklist, as it stood when the visit began."""
    codes = {inspection.checklist for inspection in inspections if inspection.checklist}
    versions = await items.checklist_versions(db, codes) if codes else []
    return {
        inspection.id: [point.code for point in version.items]
        for inspection in inspections
        for version in versions
        if version.code == inspection.checklist and held_on(version, day_of(visits[inspection.id][0]))
    }


async def _not_allowed(
    db: Connection, inspections: Collection[Inspection], begun: Mapping[UUID, tuple[UUID, date]]
) -> dict[UUID, list[str]]:
    """Of each inspection the items that its unit may not carry out on the day on which it began."""
    asked = {
        one.id: [(unit_id, code, day, day) for code in dict.fromkeys(one.items)]
        for one in inspections
        for unit_id, day in [begun[one.id]]
    }
    found = await items.standings_of(db, {each for some in asked.values() for each in some})
    return {id_: [each[1] for each in some if found[each].reasons] for id_, some in asked.items()}


def held_on(version: Checklist, day: date) -> bool:
    return version.begins <= day and (version.ends is None or day < version.ends)
