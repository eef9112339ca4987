"""Everything ever recorded about a device, in words: who, when it became known, and what it says."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from device_registry.queries import Entry
from foundation.words import Language, catalogue, say

NOT_SHOWN = frozenset({"id", "device_id", "site_version_id", "recorded_by", "known_from", "proposed_by", "fixed_by",
                       "rectified_event", "details"})  # fmt: skip
"""Of a row: ids, and what stands beside it anyway."""
WORDS = {
    "nature": "device.nature",
    "occasion": "device.occasion",
    "cause": "device.cause",
    "change": "device.change",
    "aspect": "device.aspect",
    "outcome": "device.review-outcome",
    "notice": "device.notice",
    "subject": "device.check-subject",
    "requirement": "device.requirement",
    "basis_level": "device.basis-level",
    "points": "device.review-point",
    "within_tolerance": "page.yes-no",
    "clear": "page.yes-no",
    "by_supervisor": "page.yes-no",
    "origin": "page.origin",
}
"""Columns whose values have words of their own."""
INSTANTS = frozenset({"occurred_at", "checked_at"})


class Shown(NamedTuple):
    kind: str
    id: UUID
    known_from: datetime
    who: str
    superseded_at: datetime | None
    replacement_id: UUID | None
    reason: str | None
    values: list[tuple[str, str | datetime]]


def shown_history(entries: Iterable[Entry], language: Language) -> list[Shown]:
    """Newest first."""
    return [
        Shown(
            say(language, f"device.fact.{entry.kind}"),
            entry.id,
            entry.known_from,
            (entry.recorder_zh if language == "zh-CN" else entry.recorder_en) or say(language, "page.history.nobody"),
            entry.superseded_at,
            entry.replacement_id,
            entry.correction_reason,
            [
                (say(language, f"page.field.{name}"), shown(entry.kind, name, value, language))
                for name, value in entry.values.items()
                if name not in NOT_SHOWN and value not in (None, "", [], False)
            ],
        )
        for entry in reversed(list(entries))
    ]


def shown(kind: str, name: str, value: Any, language: Language) -> str | datetime:
    """One value of a fact, in words where it has some."""
    if name in INSTANTS:
        return datetime.fromisoformat(value)
    if isinstance(value, list):
        return ("、" if language == "zh-CN" else ", ").join(str(shown(kind, name, one, language)) for one in value)
    prefix = "device.suspension-cause" if (kind, name) == ("service_event", "cause") else WORDS.get(name)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    key = f"{prefix}.{text}"
    if prefix and key in catalogue(language):
        return say(language, key)
    return text.removeprefix("\\x") if name.endswith("_sha256") else text
