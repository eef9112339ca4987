"""Which happening concerns which watch. A record by itself: all that happens to it; a unit, an officer, a device, an
inspection by their evidence: what is notable about it; a search: what is decided about what it finds.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from evidence.custody import Event
from evidence.queries.happened import Happened
from inspection.watching.model import Hit, Kind, Watch

NOT_TOLD = frozenset(
    {
        Event.ACCESS_REASONED,
        Event.VIEWED,
        Event.INSPECTION_VIEWED,
        Event.CLUE_REPORTER_READ,
        Event.UPLOAD_BEGUN,
        Event.UPLOAD_TERMINATED,
        Event.UPLOAD_EXPIRED,
    }
)
"""Looks, and what says nothing of the record."""
NOTABLE = frozenset(
    {
        Event.COMMITMENT_CONFLICTED,
        Event.DIGEST_MISMATCHED,
        Event.SAME_BYTES_FOUND,
        Event.HELD,
        Event.UNDETERMINED,
        Event.SUSPENDED,
        Event.TRACE_CONCLUDED,
        Event.TRACE_CONFIRMED,
        Event.FIXITY_FAILED,
    }
)
DECIDED = {Event.ADMITTED: "ADMITTED", Event.HELD: "HELD", Event.UNDETERMINED: "UNDETERMINED"}

Address = tuple[Kind, UUID | str]


def hits(watches: Sequence[Watch], tags: dict[UUID, str], happened: Iterable[Happened]) -> list[Hit]:
    """One for each watch, event and unit, however often it happened. `tags`: of the devices that are watched, by id.

    Nobody hears of what they did themselves, nor of what happened before they watched.
    """
    by_address: dict[Address, list[Watch]] = {}
    searches = []
    for watch in watches:
        if watch.subject_id is None:
            searches.append(watch)
        else:
            at = tags.get(watch.subject_id, "") if watch.kind is Kind.DEVICE else watch.subject_id
            by_address.setdefault((watch.kind, at), []).append(watch)
    found: dict[tuple[UUID, str, UUID | None], list[tuple[Watch, Happened]]] = {}
    for one in happened:
        if one.event in NOT_TOLD:
            continue
        concerned = [watch for address in _addresses(one) for watch in by_address.get(address, ())]
        if one.event in DECIDED:
            concerned += [watch for watch in searches if _finds(watch, one)]
        for watch in concerned:
            if one.at > watch.begun_at and one.actor_id != watch.person_id:
                found.setdefault((watch.id, one.event, one.unit_id), []).append((watch, one))
    return [_hit(told) for told in found.values()]


def _addresses(one: Happened) -> list[Address]:
    """Whose watchers hear of it: of what it happened to, and if it is notable of whose it is."""
    by_itself = (
        (Kind.EVIDENCE, one.evidence_id),
        (Kind.INSPECTION, one.told_inspection),
        (Kind.CASE, one.told_case),
        (Kind.CLUE, one.told_clue),
    )
    through_evidence = (
        (Kind.UNIT, one.unit_id),
        (Kind.OFFICER, one.officer_id),
        (Kind.DEVICE, one.device_tag),
        (Kind.INSPECTION, one.inspection_id if one.inspection_id != one.told_inspection else None),
    )
    concerned = (*by_itself, *through_evidence) if one.event in NOTABLE else by_itself
    return [(kind, subject) for kind, subject in concerned if subject is not None]


def _finds(watch: Watch, one: Happened) -> bool:
    sought = watch.search
    return (
        one.evidence_id is not None
        and sought.unit_id in (None, one.unit_id)
        and sought.officer_id in (None, one.officer_id)
        and sought.device_tag in (None, one.device_tag)
        and sought.state in (None, DECIDED.get(Event(one.event)))
    )


def _hit(told: list[tuple[Watch, Happened]]) -> Hit:
    watch, last = told[-1]
    return Hit(
        watch,
        f"custody.{last.event}",
        path(watch, last.evidence_id),
        f"WATCH:{watch.id}:{last.leaf}",
        len(told),
        last.unit_id,
    )


PATHS = {
    Kind.EVIDENCE: "/desk/evidence/",
    Kind.DEVICE: "/desk/devices/",
    Kind.INSPECTION: "/desk/inspections/",
    Kind.CLUE: "/desk/clues/",
}
FOUND_BY = {Kind.UNIT: "/desk/evidence?unit=", Kind.OFFICER: "/desk/evidence?officer="}


def path(watch: Watch, evidence_id: UUID | None = None) -> str:
    """The page on which it can be seen."""
    if watch.kind in PATHS:
        return f"{PATHS[watch.kind]}{watch.subject_id}"
    if evidence_id is not None:
        return f"/desk/evidence/{evidence_id}"
    return f"{FOUND_BY[watch.kind]}{watch.subject_id}" if watch.kind in FOUND_BY else "/desk/watches"
