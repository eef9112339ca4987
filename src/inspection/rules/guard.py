"""What an inspection must have before it may close, and what of it is missing."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from agency.enforcement_items.model import NoPenaltyKind
from agency.identifiers import scanned_enterprise
from agency.model import CredentialStanding, PersonKind
from evidence.model import State as EvidenceState
from inspection.documents.content import RecordContent, content_of
from inspection.documents.problems import DocumentContentRefused
from inspection.model import Closed, EvidenceListed, Inspection, Operation, OutcomeKind, Source, State, Waiver
from inspection.rules.merging import Fields, conflicts, value

FEWEST_OFFICERS = 2
"""行政处罚法 Art. 42: at least two, each qualified; auxiliaries never count."""
OF_THE_CHECK = ("scanned-in", "credential-shown:", "rights-told", "finding:", "reading:")
"""Keys of what only happens on site; a phone joins, and is told of a task, before."""


class Code(StrEnum):
    """What can be missing. The words are `gap.<code>`."""

    NOT_APPROVED = "NOT_APPROVED"
    APPROVED_LATE = "APPROVED_LATE"
    ITEM_NOT_ALLOWED = "ITEM_NOT_ALLOWED"
    SCAN_IN_MISSING = "SCAN_IN_MISSING"
    SCANNED_IN_LATE = "SCANNED_IN_LATE"
    OTHER_ENTERPRISE_SCANNED = "OTHER_ENTERPRISE_SCANNED"
    TOO_FEW_OFFICERS = "TOO_FEW_OFFICERS"
    OFFICER_NOT_CREDENTIALED = "OFFICER_NOT_CREDENTIALED"
    CREDENTIAL_NOT_SHOWN = "CREDENTIAL_NOT_SHOWN"
    RIGHTS_NOT_TOLD = "RIGHTS_NOT_TOLD"
    FINDING_MISSING = "FINDING_MISSING"
    OUTCOME_MISSING = "OUTCOME_MISSING"
    NO_PENALTY_ITEM_MISSING = "NO_PENALTY_ITEM_MISSING"
    NO_PENALTY_ITEM_UNFIT = "NO_PENALTY_ITEM_UNFIT"
    CORRECT_BY_MISSING = "CORRECT_BY_MISSING"
    CAP_MISSING = "CAP_MISSING"
    RECORD_MISSING = "RECORD_MISSING"
    RECORD_UNFIT = "RECORD_UNFIT"
    RECORD_OUTDATED = "RECORD_OUTDATED"
    OFFICER_SIGNATURE_MISSING = "OFFICER_SIGNATURE_MISSING"
    PARTY_SIGNATURE_MISSING = "PARTY_SIGNATURE_MISSING"
    WITNESS_MISSING = "WITNESS_MISSING"
    CONFLICT = "CONFLICT"
    EVIDENCE_NOT_RECEIVED = "EVIDENCE_NOT_RECEIVED"
    EVIDENCE_DIFFERS = "EVIDENCE_DIFFERS"


NEVER_WAIVED = frozenset(
    {
        Code.ITEM_NOT_ALLOWED,
        Code.TOO_FEW_OFFICERS,
        Code.OFFICER_NOT_CREDENTIALED,
        Code.OUTCOME_MISSING,
        Code.CONFLICT,
    }
)
"""Nobody can answer for these: without two qualified officers there is no lawful inspection, and what is not published
must not be carried out (国办发〔2024〕54号).
"""
NO_PENALTY = {
    OutcomeKind.NO_PENALTY_FIRST_OFFENCE: NoPenaltyKind.FIRST_OFFENCE,
    OutcomeKind.NO_PENALTY_MINOR: NoPenaltyKind.MINOR,
}
"""Which list an outcome without penalty rests on: 行政处罚法 Art. 33."""


class Gap(Struct, frozen=True, kw_only=True):
    """Something that must be there and is not."""

    code: Code
    key: str
    """Stable, for a waiver: the code, and where there are several of a kind what it is about."""
    details: dict[str, Any] = {}
    evidence_id: UUID | None = None
    phone_id: UUID | None = None
    """Which phone still holds it."""
    person_id: UUID | None = None
    waived: bool = False
    after_revocation: bool = False
    """A phone told what would fill it, but after its revocation: see decision 0014."""


class Seen(Struct, frozen=True, kw_only=True):
    """All that bears on it, looked up."""

    inspection: Inspection
    operations: Collection[Operation]
    fields: Fields
    credentials: Mapping[UUID, CredentialStanding]
    """Of everybody who joined, over the time of the visit."""
    evidence: Mapping[UUID, EvidenceState]
    """Of what is listed, as far as it has been committed to here."""
    digests: Mapping[UUID, str] = {}
    """SHA-256 of what is listed, as it was committed to."""
    points: Collection[str] = ()
    """Codes of the checklist's points."""
    not_allowed: Collection[str] = ()
    """Its items that the unit may not carry out on the day on which the visit began."""
    no_penalty: NoPenaltyKind | None = None
    """Which no-penalty list has the chosen entry on that day."""
    urgent_approval: timedelta
    """Within which an urgent inspection is approved after it began: what the government asks for on that day."""
    now: datetime
    supervised: str | None = None
    """The enterprise whose supervision code was scanned, where it is known here."""


def joined(fields: Fields) -> list[UUID]:
    """Who carries it out."""
    return [UUID(key.removeprefix("joined:")) for key in fields if key.startswith("joined:")]


def visit(operations: Collection[Operation]) -> tuple[datetime, datetime] | None:
    """From the earliest instant at which it may have begun to the latest at which something of it was told.

    Closing it, and answering for what is missing, are no part of the visit: a desk does so weeks later.
    """
    on_site = [one for one in operations if not isinstance(one.what, Waiver | Closed)]
    if not on_site:
        return None
    return min(one.earliest for one in on_site), max(one.latest for one in on_site)


def gaps(seen: Seen) -> list[Gap]:
    """All that is missing, in the order of a visit; those that somebody answers for are `waived`.

    Source of what an inspection must have: 行政处罚法 Art. 42, 55; 行政强制法 Art. 18; 国办发〔2024〕54号.
    """
    found = [gap for look in _LOOKS for gap in look(seen)]
    return [replace(gap, waived=gap.code not in NEVER_WAIVED and f"waiver:{gap.key}" in seen.fields) for gap in found]


def filled_after_revocation(found: Collection[Gap], with_late: Collection[Gap]) -> list[Gap]:
    """Marks those that would be none if what phones told after their revocation counted."""
    remaining = {gap.key for gap in with_late}
    return [replace(gap, after_revocation=gap.key not in remaining) for gap in found]


def may_close(found: Collection[Gap]) -> bool:
    return all(gap.waived for gap in found)


def state(fields: Fields, found: Collection[Gap]) -> State:
    """Where it stands: closed once somebody asked for it and nothing is missing that nobody answers for."""
    if not fields:
        return State.PLANNED
    return State.CLOSED if "closed" in fields and may_close(found) else State.UNDER_WAY


def _urgent(seen: Seen) -> bool:
    return bool(value(seen.fields, "begun", "source", seen.inspection.source) == Source.URGENT)


def approval_due(seen: Seen) -> datetime | None:
    """Until when an urgent inspection need not have been approved, its last instant included.

    None where that is past, where it has been approved, or must have been before.
    """
    begun = visit(seen.operations)
    if seen.inspection.approved_at is not None or not _urgent(seen) or begun is None:
        return None
    due = begun[0] + seen.urgent_approval
    return due if seen.now <= due else None


def _approval(seen: Seen) -> Iterator[Gap]:
    approved_at = seen.inspection.approved_at
    if approved_at is None:
        if approval_due(seen) is None:
            yield Gap(code=Code.NOT_APPROVED, key=Code.NOT_APPROVED)
        return
    check = [one.latest for one in seen.operations if one.key.startswith(OF_THE_CHECK)]
    if check and min(check) < approved_at and not _urgent(seen):
        yield Gap(code=Code.APPROVED_LATE, key=Code.APPROVED_LATE)


def _items(seen: Seen) -> Iterator[Gap]:
    for code in seen.not_allowed:
        yield Gap(code=Code.ITEM_NOT_ALLOWED, key=f"{Code.ITEM_NOT_ALLOWED}:{code}", details={"item": code})


def _scan_in(seen: Seen) -> Iterator[Gap]:
    scans = [one for one in seen.operations if one.key == "scanned-in"]
    if not scans:
        yield Gap(code=Code.SCAN_IN_MISSING, key=Code.SCAN_IN_MISSING)
        return
    checks = [one.latest for one in seen.operations if one.key.startswith(("finding:", "reading:"))]
    if checks and min(checks) < min(one.earliest for one in scans):
        yield Gap(code=Code.SCANNED_IN_LATE, key=Code.SCANNED_IN_LATE)
    scanned = scanned_enterprise(value(seen.fields, "scanned-in", "code", "")).uscc or seen.supervised
    if scanned and seen.inspection.enterprise.uscc not in ("", scanned):
        yield Gap(code=Code.OTHER_ENTERPRISE_SCANNED, key=Code.OTHER_ENTERPRISE_SCANNED, details={"uscc": scanned})


def _officers_among(seen: Seen) -> list[UUID]:
    """Of those who joined. An auxiliary may come along: they neither count nor sign."""
    standings = {person_id: seen.credentials.get(person_id) for person_id in joined(seen.fields)}
    return [id_ for id_, one in standings.items() if one is None or one.person_kind is PersonKind.OFFICER]


def _officers(seen: Seen) -> Iterator[Gap]:
    people = _officers_among(seen)
    counted = []
    for person_id in people:
        standing = seen.credentials.get(person_id)
        if standing is None or standing.reasons:
            yield Gap(
                code=Code.OFFICER_NOT_CREDENTIALED,
                key=f"{Code.OFFICER_NOT_CREDENTIALED}:{person_id}",
                person_id=person_id,
            )
        else:
            counted.append(person_id)
    if len(counted) < FEWEST_OFFICERS:
        details = {"number": len(counted), "fewest": FEWEST_OFFICERS}
        yield Gap(code=Code.TOO_FEW_OFFICERS, key=Code.TOO_FEW_OFFICERS, details=details)
    for person_id in people:
        if f"credential-shown:{person_id}" not in seen.fields:
            key = f"{Code.CREDENTIAL_NOT_SHOWN}:{person_id}"
            yield Gap(code=Code.CREDENTIAL_NOT_SHOWN, key=key, person_id=person_id)


def _rights(seen: Seen) -> Iterator[Gap]:
    if "rights-told" not in seen.fields:
        yield Gap(code=Code.RIGHTS_NOT_TOLD, key=Code.RIGHTS_NOT_TOLD)


def _findings(seen: Seen) -> Iterator[Gap]:
    for point in seen.points:
        if not seen.fields.get(f"finding:{point}", {}).get("result"):
            yield Gap(code=Code.FINDING_MISSING, key=f"{Code.FINDING_MISSING}:{point}", details={"point": point})


def _conflicts(seen: Seen) -> Iterator[Gap]:
    for key, member in conflicts(seen.fields):
        if not key.startswith("waiver:"):
            yield Gap(code=Code.CONFLICT, key=f"{Code.CONFLICT}:{key}:{member}", details={"key": key, "member": member})


def _outcome(seen: Seen) -> Iterator[Gap]:
    told = seen.fields.get("outcome", {})
    if not told.get("outcome"):
        yield Gap(code=Code.OUTCOME_MISSING, key=Code.OUTCOME_MISSING)
    outcome = value(seen.fields, "outcome", "outcome")
    if outcome in NO_PENALTY and not told.get("list_item"):
        yield Gap(code=Code.NO_PENALTY_ITEM_MISSING, key=Code.NO_PENALTY_ITEM_MISSING)
    entry = value(seen.fields, "outcome", "list_item")
    if outcome in NO_PENALTY and entry and seen.no_penalty is not NO_PENALTY[OutcomeKind(outcome)]:
        yield Gap(code=Code.NO_PENALTY_ITEM_UNFIT, key=Code.NO_PENALTY_ITEM_UNFIT, details={"item": entry})
    if outcome == OutcomeKind.ORDER_TO_CORRECT and not told.get("correct_by"):
        yield Gap(code=Code.CORRECT_BY_MISSING, key=Code.CORRECT_BY_MISSING)
    cap = seen.fields.get("cap", {})
    if not (cap.get("counts") and cap.get("reason")):
        yield Gap(code=Code.CAP_MISSING, key=Code.CAP_MISSING)


def _record(seen: Seen) -> Iterator[Gap]:
    documents = [one for one in seen.operations if one.key == "document:ON_SITE_RECORD"]
    content = value(seen.fields, "document:ON_SITE_RECORD", "content")
    if content is None:
        if not documents:  # several that differ are a conflict
            yield Gap(code=Code.RECORD_MISSING, key=Code.RECORD_MISSING)
        return
    sha = sha256(content.encode()).hexdigest()
    if not _is_record(content, seen):
        yield Gap(code=Code.RECORD_UNFIT, key=f"{Code.RECORD_UNFIT}:{sha}")
    drawn_up = max(one.latest for one in documents)
    told_since = [
        one
        for one in seen.operations
        if one.earliest > drawn_up and one.key.startswith(("finding:", "reading:", "statement", "outcome"))
    ]
    if told_since:
        yield Gap(code=Code.RECORD_OUTDATED, key=f"{Code.RECORD_OUTDATED}:{sha}", details={"number": len(told_since)})
    for person_id in _officers_among(seen):
        if f"signature:{sha}:OFFICER:{person_id}" not in seen.fields:
            key = f"{Code.OFFICER_SIGNATURE_MISSING}:{person_id}"
            yield Gap(code=Code.OFFICER_SIGNATURE_MISSING, key=key, person_id=person_id)
    if seen.fields.get(f"signature:{sha}:PARTY", {}).get("evidence_id"):  # by hand: without a drawing it is none
        return
    refusal = seen.fields.get(f"refusal:{sha}")
    if refusal is None:
        yield Gap(code=Code.PARTY_SIGNATURE_MISSING, key=Code.PARTY_SIGNATURE_MISSING)
    elif not refusal.get("witness_name"):
        yield Gap(code=Code.WITNESS_MISSING, key=Code.WITNESS_MISSING)


def _is_record(text: str, seen: Seen) -> bool:
    """Whether it can become the record of this inspection: what everybody signed may be no document, or of others."""
    try:
        content = content_of(text)
    except DocumentContentRefused:
        return False
    named = {officer.person_id for officer in content.officers}
    return (
        isinstance(content, RecordContent)
        and content.inspection_id == seen.inspection.id
        and named == set(_officers_among(seen))
    )


def _evidence(seen: Seen) -> Iterator[Gap]:
    listed = {one.what.evidence_id: (one, one.what) for one in seen.operations if isinstance(one.what, EvidenceListed)}
    for evidence_id, (one, what) in sorted(listed.items()):
        state = seen.evidence.get(evidence_id)
        if state in (None, EvidenceState.COMMITTED, EvidenceState.RECEIVING):
            yield Gap(
                code=Code.EVIDENCE_NOT_RECEIVED,
                key=f"{Code.EVIDENCE_NOT_RECEIVED}:{evidence_id}",
                details={"shows": value(seen.fields, one.key, "shows", "")},
                evidence_id=evidence_id,
                phone_id=one.phone,
            )
        if seen.digests.get(evidence_id, what.sha256) != what.sha256:
            yield Gap(
                code=Code.EVIDENCE_DIFFERS,
                key=f"{Code.EVIDENCE_DIFFERS}:{evidence_id}",
                details={"shows": value(seen.fields, one.key, "shows", "")},
                evidence_id=evidence_id,
            )


_LOOKS = (
    _approval,
    _items,
    _scan_in,
    _officers,
    _rights,
    _findings,
    _outcome,
    _record,
    _conflicts,
    _evidence,
)
