"""A notice is data; it becomes a sentence in the language of whoever reads it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from agency.model import Role
from foundation.civil import day_of
from foundation.words import Language, say


class NewNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Either for whoever has the role for the unit or one above it, or for one person.

    `notice.<subject>` of the catalogues is the sentence, `details` are its placeholders: texts and numbers. An instant
    named `until` is said as the last day before it, `{day}`; `what_key`, a key of the catalogues, as `{what}`.
    `path` is the page it leads to. Of notices with the same `once` only the first is given.
    """

    subject: str
    details: dict[str, str | int] = msgspec.field(default_factory=dict)
    role: Role | None = None
    unit_id: UUID | None = None
    person_id: UUID | None = None
    device_id: UUID | None = None
    once: str | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in somebody's inbox."""

    id: UUID
    subject: str
    details: dict[str, str | int]
    device_id: UUID | None
    unit_id: UUID | None
    created_at: datetime
    read_at: datetime | None


def sentence(subject: str, details: Mapping[str, str | int], language: Language) -> str:
    return say(language, f"notice.{subject}", **{**details, **_words(details, language), **_days(details)})


def _words(details: Mapping[str, str | int], language: Language) -> dict[str, str]:
    end = "_key"
    return {name.removesuffix(end): say(language, str(key)) for name, key in details.items() if name.endswith(end)}


def _days(details: Mapping[str, str | int]) -> dict[str, date]:
    if "until" not in details:
        return {}
    return {"day": day_of(datetime.fromisoformat(str(details["until"])) - timedelta(microseconds=1))}
