"""What is missing of an inspection, in words."""

from collections.abc import Mapping
from uuid import UUID

from agency.model import Person
from foundation.words import Language, catalogue, say
from inspection.rules.guard import Gap

VALUES = {"result": "app.finding", "outcome": "app.outcome"}
"""Where the words of a member's values are; any other member says itself."""


def about(key: str, language: Language) -> str:
    """What statements with this key tell about: "finding:F-01" is a point of the checklist."""
    kind, _, of = key.partition(":")
    word = f"app.operation.{kind.upper().replace('-', '_')}"
    return f"{say(language, word) if word in catalogue(language) else kind} {of}".strip()


def told_words(member: str, value: object, language: Language) -> str:
    """What was told, as people say it."""
    if isinstance(value, bool) and member == "counts":
        return say(language, "app.cap.counts" if value else "app.cap.counts-not")
    word = f"{VALUES.get(member, '')}.{value}"
    return say(language, word) if word in catalogue(language) else str(value)


def gap_words(gap: Gap, people: Mapping[UUID, Person], language: Language) -> str:
    """A sentence, and one more where a revoked phone told it; `people` are those that gaps are about."""
    person = people.get(gap.person_id) if gap.person_id else None
    name = "" if person is None else person.name_zh if language == "zh-CN" else person.name_en
    details = {"person": name, "point": "", "shows": "", "key": "", "number": "", "fewest": ""} | gap.details
    if "key" in gap.details:
        details["key"] = about(str(gap.details["key"]), language)
    words = say(language, f"gap.{gap.code}", **details)
    return words + say(language, "after-revocation.of-gap") if gap.after_revocation else words
