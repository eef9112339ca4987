"""What the register's list can show of a device, on the page and in an export."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from agency.model import Unit
from device_registry.model import DeviceKind, Requirement
from device_registry.queries import Line, Verification
from foundation.civil import day_of
from foundation.words import Language, say

TONES = {
    Verification.VALID: "good",
    Verification.DUE: "warn",
    Verification.OVERDUE: "bad",
    Verification.FAILED: "bad",
    Verification.VOIDED: "bad",
    Verification.NEVER: "bad",
    Verification.CONCLUDED: "good",
}
STATE_TONES = {"IN_SERVICE": "good", "SUSPENDED": "bad", "RECTIFYING": "warn", "RETIRED": "off", "REJECTED": "off"}
"""Other states are steps on the way: info."""


class Names(NamedTuple):
    """What the ids in a line are called, and the day it is shown on."""

    language: Language
    units: Mapping[UUID, str]
    kinds: Mapping[str, str]
    today: date

    @classmethod
    def of(cls, language: Language, units: list[Unit], kinds: list[DeviceKind], today: date) -> "Names":
        in_chinese = language == "zh-CN"
        return cls(
            language,
            {unit.id: unit.name_zh if in_chinese else unit.name_en for unit in units},
            {kind.code: kind.name_zh if in_chinese else kind.name_en for kind in kinds},
            today,
        )

    def verification(self, line: Line) -> str:
        """Where the device is with its verification, in words, with the days that count."""
        days = days_left(line, self.today)
        kind: str = line.verification
        if line.verification is Verification.NEVER and line.requirement is not Requirement.MANDATORY:
            kind = "CONCLUSION_MISSING"
        return say(self.language, f"page.verification.{kind}", days=abs(days or 0))


Cell = str | date | int | None


class Column(NamedTuple):
    """`sort` is the key of device_registry's Sort, '' where the list cannot be sorted by it."""

    key: str
    sort: str
    value: Callable[[Line, Names], Cell]


def last_valid_day(line: Line) -> date | None:
    """The last Beijing civil day of the last verification, inclusive, as certificates state it."""
    return None if line.verified_until is None else day_of(line.verified_until - timedelta(microseconds=1))


def days_left(line: Line, today: date) -> int | None:
    """Until the last valid day; negative: since it."""
    until = last_valid_day(line)
    return None if until is None else (until - today).days


def standing_key(line: Line) -> str:
    return "yes" if line.in_standing else "no"


COLUMNS = {
    column.key: column
    for column in (
        Column("tag", "tag", lambda line, _: line.tag),
        Column("kind", "kind", lambda line, names: names.kinds.get(line.kind, line.kind)),
        Column("unit", "", lambda line, names: names.units.get(line.unit_id, "")),
        Column("state", "", lambda line, names: say(names.language, f"device.state.{line.state}")),
        Column("standing", "", lambda line, names: say(names.language, f"page.standing.{standing_key(line)}")),
        Column("verification", "", lambda line, names: names.verification(line)),
        Column("valid_until", "valid_until", lambda line, _: last_valid_day(line)),
        Column("days_left", "", lambda line, names: days_left(line, names.today)),
        Column("certificate_no", "", lambda line, _: line.last_certificate_no),
        Column("address", "", lambda line, _: line.address),
        Column("announced_on", "", lambda line, _: line.announced_on),
        Column("mounting", "", lambda line, names: say(names.language, f"device.mounting.{line.mounting}")),
        Column("requirement", "", lambda line, names: say(names.language, f"device.requirement.{line.requirement}")),
        Column("serial_no", "", lambda line, _: line.serial_no),
        Column("model", "", lambda line, _: line.model),
        Column("maker", "", lambda line, _: line.maker),
    )
}
"""In the order in which they are shown and exported."""
ALWAYS = "tag"
AT_FIRST = ("tag", "kind", "unit", "state", "standing", "verification", "valid_until", "certificate_no", "address")
COOKIE = "plumbline_columns"


def picked(cookie: str | None) -> list[Column]:
    """The columns that the reader picked, or those that everybody sees at first."""
    wanted = (cookie or "").split(".") if cookie else AT_FIRST
    return [column for key, column in COLUMNS.items() if key in wanted or key == ALWAYS]
