"""What programs are told of one inspection: what the desk's page shows, words in the reader's language."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from msgspec import Struct

from evidence.model import State as EvidenceState
from foundation.words import Language
from inspection.documents.http import InspectionDocument, described
from inspection.explanation import gap_words
from inspection.looking import Look
from inspection.model import Enterprise, Operation, Source, State, Wish
from inspection.rules import guard, merging


class OfficerShown(Struct, frozen=True):
    """Who is to carry it out (`assigned`), and who does (`joined`)."""

    person_id: UUID
    name: str
    assigned: bool
    joined: bool
    credential_shown: bool


class GapShown(Struct, frozen=True):
    """Something that is missing. `phone_label`: which phone still holds it."""

    code: str
    key: str
    words: str
    evidence_id: UUID | None
    phone_id: UUID | None
    phone_label: str | None
    waived: bool
    after_revocation: bool


class ValueShown(Struct, frozen=True):
    author: UUID
    value: Any


class ConflictShown(Struct, frozen=True):
    """Phones told different values of a member of what has this key."""

    key: str
    member: str
    values: list[ValueShown]


class PointShown(Struct, frozen=True):
    """A point of the checklist. `result` is null where nobody told one, or where two differ."""

    code: str
    text: str
    result: str | None
    note: str | None


class EvidenceShown(Struct, frozen=True):
    """What an officer listed. `state` is null while nothing of it has arrived."""

    evidence_id: UUID
    shows: str
    sha256: str
    size: int
    media_type: str
    state: EvidenceState | None
    phone_id: UUID
    phone_label: str | None
    wish: Wish | None


class OperationShown(Struct, frozen=True):
    """As its author's phone told it; see docs/api/phone.md. Not `counts`: a phone told it after its revocation."""

    id: UUID
    author: UUID
    author_name: str
    phone_id: UUID
    phone_label: str | None
    replaces: list[UUID]
    earliest: datetime
    latest: datetime
    counts: bool
    what: dict[str, Any]


class InspectionShown(Struct, frozen=True, kw_only=True):
    """Operations in the order in which they were told."""

    id: UUID
    unit_id: UUID
    source: Source
    title: str
    due_on: date | None
    enterprise: Enterprise
    items: list[str]
    checklist: str
    approved_at: datetime | None
    joint_id: UUID | None
    state: State
    officers: list[OfficerShown]
    gaps: list[GapShown]
    conflicts: list[ConflictShown]
    points: list[PointShown]
    evidence: list[EvidenceShown]
    operations: list[OperationShown]
    documents: list[InspectionDocument]

    @classmethod
    def of(cls, seen: Look, language: Language) -> Self:
        inspection = seen.inspection
        own = {"id", "unit_id", "source", "title", "due_on", "enterprise", "items", "checklist", "approved_at"}
        return cls(
            **{name: getattr(inspection, name) for name in own},
            joint_id=inspection.joint_id,
            state=seen.state,
            officers=list(_officers(seen, language)),
            gaps=[
                GapShown(
                    gap.code,
                    gap.key,
                    gap_words(gap, seen.people, language),
                    gap.evidence_id,
                    gap.phone_id,
                    seen.phones.get(gap.phone_id) if gap.phone_id else None,
                    gap.waived,
                    gap.after_revocation,
                )
                for gap in seen.gaps
            ],
            conflicts=[
                ConflictShown(key, member, [ValueShown(told.author, told.value) for told in seen.fields[key][member]])
                for key, member in merging.conflicts(seen.fields)
            ],
            points=[
                PointShown(point.code, point.text, *(_finding(seen, point.code, name) for name in ("result", "note")))
                for point in seen.points
            ],
            evidence=[
                EvidenceShown(
                    what.evidence_id,
                    merging.value(seen.fields, one.key, "shows", ""),
                    what.sha256,
                    what.size,
                    what.media_type,
                    seen.evidence.get(what.evidence_id),
                    one.phone,
                    seen.phones.get(one.phone),
                    seen.wishes.get(what.evidence_id),
                )
                for one, what in seen.listed.items()
            ],
            operations=sorted(
                [
                    *(_operation(seen, one, language, counts=True) for one in seen.counted),
                    *(_operation(seen, one, language, counts=False) for one in seen.after_revocation),
                ],
                key=lambda one: (one.latest, one.id),
            ),
            documents=[described(one, language) for one in seen.issued],
        )


def _finding(seen: Look, point: str, member: str) -> str | None:
    told: str | None = merging.value(seen.fields, f"finding:{point}", member)
    return told


def _officers(seen: Look, language: Language) -> Iterator[OfficerShown]:
    joined = guard.joined(seen.fields)
    for id_ in sorted({*seen.inspection.officers, *joined}):
        assigned, shown = id_ in seen.inspection.officers, f"credential-shown:{id_}" in seen.fields
        yield OfficerShown(id_, _name(seen, id_, language), assigned, id_ in joined, shown)


def _operation(seen: Look, one: Operation, language: Language, *, counts: bool) -> OperationShown:
    return OperationShown(
        one.id,
        one.author,
        _name(seen, one.author, language),
        one.phone,
        seen.phones.get(one.phone),
        sorted(one.replaces),
        one.earliest,
        one.latest,
        counts,
        msgspec.to_builtins(one.what),
    )


def _name(seen: Look, person_id: UUID, language: Language) -> str:
    person = seen.people.get(person_id)
    if person is None:
        return "—"
    return person.name_zh if language == "zh-CN" else person.name_en
