"""What would become of a file and what became of it: counts, every refused row, and what a person should look at."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

import msgspec

from device_registry.importing.columns import ImportMapping
from device_registry.importing.faults import Fault
from device_registry.importing.reading import Header, header_told
from device_registry.problems import ImportChanged, ImportNotPreviewed, ImportRefused
from foundation.problem import Spoken
from foundation.words import Language

SHOWN_REFUSED, SHOWN_ACCEPTED, SHOWN_DUPLICATES, SHOWN_REASONS, SHOWN_TAGS = 1000, 20, 100, 500, 20
"""How many of each an answer holds; the counts beside them are whole, and `reasons` names the rows in short."""


class RowOutcome(StrEnum):
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


class RowReport(msgspec.Struct, frozen=True):
    """`number` is the one a spreadsheet shows. A row without faults is accepted."""

    number: int
    faults: Sequence[Fault] = ()

    @property
    def outcome(self) -> RowOutcome:
        return RowOutcome.REFUSED if self.faults else RowOutcome.ACCEPTED


class Effect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the accepted rows bring into the register. Of tags only the first few are named."""

    devices: int = 0
    certificates: int = 0
    failure_notices: int = 0
    repeated: int = 0
    """Rows that say of a device what an earlier row has said."""
    by_kind: dict[str, int] = {}
    by_unit: dict[str, int] = {}
    """By the unit's id."""
    gain_standing: int = 0
    lose_standing: int = 0
    """Devices whose standing today changes."""
    gaining: list[str] = []
    losing: list[str] = []


class Duplicate(msgspec.Struct, frozen=True, omit_defaults=True):
    """A number that stands for more than one thing. It is shown and not refused: real registers have them."""

    field: Literal["serial_no", "certificate_no"]
    value: str
    rows: list[int]
    tags: list[str] = []
    """Of devices in the register that bear it as well."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one file. `written` is false for a dry run, and where rows were refused and not left out."""

    preview: str
    header: Header
    rows: Sequence[RowReport]
    effect: Effect
    duplicates: Sequence[Duplicate]
    left_out: bool = False
    written: bool = False

    @property
    def refused(self) -> int:
        return sum(bool(row.faults) for row in self.rows)

    def spoken(self, language: Language) -> dict[str, Any]:
        """The report as JSON in a language."""
        return {"written": self.written, **_in_words(self._told(), language)}

    def problem(self) -> ImportRefused:
        """For a file that was not written because of its refused rows."""
        return ImportRefused(refused=self.refused, total=len(self.rows), members=self._told())

    def _told(self) -> dict[str, Any]:
        """Words still open for the reader's language."""
        refused = self.refused
        return {
            "preview": self.preview,
            "accepted": len(self.rows) - refused,
            "refused": refused,
            "left_out": refused if self.left_out else 0,
            "rows": [
                {
                    "number": row.number,
                    "outcome": row.outcome,
                    "faults": [{"field": fault.field, "reason": fault.why} for fault in row.faults],
                }
                for row in _shown(self.rows)
            ],
            "reasons": _reasons(self.rows),
            "effect": msgspec.to_builtins(self.effect),
            "duplicates": len(self.duplicates),
            "duplicates_shown": msgspec.to_builtins(self.duplicates[:SHOWN_DUPLICATES]),
            **header_told(self.header),
        }


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller wants done with a file."""

    dry_run: bool = False
    leave_out: bool = False
    """Refused rows stay out and the others are written, instead of none."""
    preview: str | None = None
    """Of the dry run that the caller has looked at: only what it showed is written."""

    def decide(self, report: Report) -> Report:
        """The report as it is answered. Raises ImportNotPreviewed, ImportChanged, ImportRefused."""
        if self.preview is not None and self.preview != report.preview:
            same_file = self.preview.partition("-")[0] == report.preview.partition("-")[0]
            raise (ImportChanged if same_file else ImportNotPreviewed)(members={"preview": report.preview})
        if report.refused and not (self.dry_run or self.leave_out):
            raise report.problem()
        return msgspec.structs.replace(report, left_out=self.leave_out, written=not self.dry_run)


WRITE = Wish()
"""Everything or nothing, without a look before."""


def preview_of(content: bytes, mapping: ImportMapping, outcome: Iterable[object]) -> str:
    """Names a file with its mapping, and what would come of it: the register may have changed, the file may not."""
    asked, came = hashlib.sha256(content), hashlib.sha256()
    asked.update(msgspec.json.encode(mapping, order="sorted"))
    for one in outcome:  # one by one: encoding all at once would hold everybody up
        came.update(msgspec.json.encode(one, order="sorted", enc_hook=_by_key))
    return f"{asked.hexdigest()[:32]}-{came.hexdigest()[:32]}"


def _by_key(spoken: Any) -> object:
    return [spoken.key, {name: str(value) for name, value in spoken.values.items() if not isinstance(value, Spoken)}]


def _shown(rows: Sequence[RowReport]) -> list[RowReport]:
    """The first refused ones, and a few of the accepted, in their order."""
    refused = [row for row in rows if row.faults][:SHOWN_REFUSED]
    accepted = [row for row in rows if not row.faults][:SHOWN_ACCEPTED]
    return sorted((*refused, *accepted), key=lambda row: row.number)


def _reasons(rows: Iterable[RowReport]) -> list[dict[str, Any]]:
    """Every reason with all its rows, those that concern most rows first."""
    found: dict[tuple[str, str, str], tuple[Spoken, list[int]]] = {}
    for row in rows:
        for fault in row.faults:
            key = (fault.field, fault.why.key, repr(sorted(fault.why.values.items(), key=lambda item: item[0])))
            found.setdefault(key, (fault.why, []))[1].append(row.number)
    most_first = sorted(found.items(), key=lambda item: -len(item[1][1]))
    return [
        {"field": field, "reason": why, "count": len(numbers), "rows": in_short(numbers)}
        for (field, _, _), (why, numbers) in most_first[:SHOWN_REASONS]
    ]


def in_short(numbers: Sequence[int]) -> str:
    """Ascending numbers as people write them: `2-5, 9`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number <= spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def shared(
    field: Literal["serial_no", "certificate_no"],
    rows: Mapping[str, Sequence[int]],
    registered: Mapping[str, Sequence[str]],
) -> list[Duplicate]:
    """The values that several rows have, or a row and the register."""
    return [
        Duplicate(field, value, [*numbers[:SHOWN_TAGS]], [*registered.get(value, ())[:SHOWN_TAGS]])
        for value, numbers in rows.items()
        if len(numbers) > 1 or value in registered
    ]


def counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _in_words(value: Any, language: Language) -> Any:
    match value:
        case Spoken():
            return value(language)
        case list():
            return [_in_words(item, language) for item in value]
        case dict():
            return {name: _in_words(item, language) for name, item in value.items()}
        case _:
            return value
