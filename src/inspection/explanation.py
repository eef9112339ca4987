"""What is missing of an inspection, in words."""

from collections.abc import Mapping
from uuid import UUID

from agency.model import Person
from foundation.words import Language, say
from inspection.rules.guard import Gap


def gap_words(gap: Gap, people: Mapping[UUID, Person], language: Language) -> str:
    """A sentence, and one more where a revoked phone told it; `people` are those that gaps are about."""
    person = people.get(gap.person_id) if gap.person_id else None
    name = "" if person is None else person.name_zh if language == "zh-CN" else person.name_en
    details = {"person": name, "point": "", "shows": "", "key": "", "number": "", "fewest": ""} | gap.details
    words = say(language, f"gap.{gap.code}", **details)
    return words + say(language, "after-revocation.of-gap") if gap.after_revocation else words
