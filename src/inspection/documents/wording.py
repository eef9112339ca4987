"""A document in the words and the order of its paper form. Chinese, whoever looks at it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from msgspec import Struct

from foundation.civil import spoken
from foundation.words import DEFAULT, say
from inspection.documents.content import (
    AnyContent,
    InspectionNotice,
    NoPenaltyNotice,
    OrderToCorrect,
    Reading,
    RecordContent,
    Rights,
    ScanIn,
)
from inspection.documents.signed import Refused, Signed, Signing

Line = tuple[str, str]


class Section(Struct, frozen=True, kw_only=True):
    """A heading with one of: a text, lines of name and value, a table. `widths` are relative."""

    title: str
    text: str | None = None
    lines: Sequence[Line] = ()
    columns: Sequence[str] = ()
    widths: Sequence[int] = ()
    rows: Sequence[Sequence[str]] = ()


def word(key: str, **values: object) -> str:
    return say(DEFAULT, f"inspection-document.{key}", **values)


def head(content: AnyContent, number: str) -> list[Line]:
    """What stands above everything else."""
    party = content.party
    lines = [
        ("number", number),
        ("source", word(f"source.{content.source}")),
        ("task", content.task),
        ("approval", content.approval_no),
        ("basis", content.entity.basis),
        ("items", "；".join(f"{item.code} {item.name}" for item in content.items)),
        ("party", party.name),
        ("uscc", party.uscc),
        ("address", party.address),
        ("legal-representative", party.legal_representative),
        ("person-on-site", "，".join(filter(None, (party.person_on_site, party.position)))),
        ("telephone", party.telephone),
    ]
    if isinstance(content, RecordContent):
        times = word("from-to", begins=spoken(content.begun_at), ends=spoken(content.ended_at))
        lines += [("place", content.place), ("time", times)]
    elif isinstance(content, InspectionNotice):
        days = word("from-to", begins=content.begins_on, ends=content.ends_on)
        lines += [("place", content.place), ("time", days)]
    else:
        lines.append(("dated", str(content.dated)))
    return [(word(f"head.{name}"), _or_none(value)) for name, value in lines]


def sections(content: AnyContent) -> list[Section]:
    """All that the form has, also where nothing was told: an empty heading says so."""
    first = [_officers(content)]
    match content:
        case RecordContent():
            return first + _record(content)
        case InspectionNotice():
            return [*first, _text("scope", content.scope), _text("prepare", content.prepare), _text("duties", None)]
        case OrderToCorrect():
            return [
                *first,
                _text("facts", content.facts),
                _text("violated", content.violated),
                _text("required", content.required),
                Section(title=word("section.correct-by"), text=word("correct-by", day=content.correct_by)),
                _text("remedy", None),
            ]
        case NoPenaltyNotice():
            return [
                *first,
                _text("facts", content.facts),
                _text("violated", content.violated),
                Section(
                    title=word("section.decision"),
                    text=word("no-penalty", reason=word(f"outcome.{content.reason}"), item=content.list_item),
                ),
                _text("education", content.education),
                _text("remedy", None),
            ]


def _record(content: RecordContent) -> list[Section]:
    outcome = content.outcome
    return [
        _table("helpers", (1, 2), [(one.name, one.role) for one in content.helpers]),
        Section(title=word("section.scan-in"), text=_scan_in(content.scan_in)),
        Section(title=word("section.rights"), text=_rights(content.rights)),
        _table(
            "findings",
            (3, 12, 4, 10),
            [(one.item, one.text, _result(one.result), one.note or "") for one in content.findings],
        ),
        _table("readings", (6, 6, 9, 7, 5), map(_reading, content.readings)),
        _table(
            "evidence",
            (2, 8, 12),
            [
                (str(at), f"{_or_none(one.shows)}\n{one.media_type}\n{one.evidence_id}", f"{one.size}\n{one.sha256}")
                for at, one in enumerate(content.evidence, start=1)
            ],
        ),
        _text("statement", content.statement),
        Section(
            title=word("section.outcome"),
            lines=[
                (word("outcome-line.outcome"), word(f"outcome.{outcome.outcome}")),
                (word("outcome-line.list-item"), _or_none(outcome.list_item)),
                (word("outcome-line.correct-by"), _or_none(outcome.correct_by)),
                (word("outcome-line.note"), _or_none(outcome.note)),
            ],
        ),
        _text("read-and-confirmed", content.read_and_confirmed),
    ]


def _officers(content: AnyContent) -> Section:
    return _table(
        "officers",
        (4, 5, 4, 6),
        [
            (one.name, one.credential_no, _or_none(one.valid_until), _at(one.credential_shown_at))
            for one in content.officers
        ],
    )


def _scan_in(scan: ScanIn | None) -> str:
    if scan is None:
        return word("none")
    if scan.longitude is None or scan.latitude is None:
        where = word("no-place")
    else:
        where = word(
            "scanned-at", longitude=scan.longitude, latitude=scan.latitude, metres=_or_none(scan.accuracy_metres)
        )
    return word("scanned-in", at=spoken(scan.at), manner=word(f"manner.{scan.manner}"), where=where)


def _rights(rights: Rights | None) -> str:
    if rights is None:
        return word("none")
    said = word("rights-told", at=spoken(rights.told_at), answer=word(f"recusal.{rights.recusal}"))
    return f"{said}\n{rights.note}" if rights.note else said


def _reading(one: Reading) -> tuple[str, ...]:
    return (
        f"{_or_none(one.device_kind)}\n{one.device_tag}",
        _or_none(one.certificate_no),
        one.standing,
        f"{one.quantity}\n{spoken(one.at)}",
        f"{one.value} {one.unit}",
    )


def _result(result: str | None) -> str:
    return word("not-checked") if result is None else word(f"result.{result}")


def _text(name: str, text: str | None) -> Section:
    """`name` is also the key of what is printed always, where there is such a thing."""
    return Section(title=word(f"section.{name}"), text=text or word(STANDING_TEXTS.get(name, "none")))


STANDING_TEXTS = {"duties": "standing.duties", "remedy": "standing.remedy"}
"""Sections whose words are the form's own."""


def _table(name: str, widths: Sequence[int], rows: Iterable[Sequence[str]]) -> Section:
    columns = [word(f"column.{name}.{at}") for at in range(1, len(widths) + 1)]
    return Section(title=word(f"section.{name}"), columns=columns, widths=widths, rows=list(rows))


def signing(one: Signing) -> list[Line]:
    """What stands beside a signature."""
    lines = [
        ("name", one.name),
        ("credential", one.credential_no),
        ("when", _between(one.earliest, one.latest)),
        ("key", one.thumbprint),
        ("operation", str(one.operation)),
        ("picture", one.picture_sha256),
    ]
    return [(word(f"signing.{name}"), value) for name, value in lines if value is not None]


def refusal(one: Refused) -> list[Line]:
    lines = [
        ("reason", one.reason),
        ("witness", one.witness_name),
        ("contact", one.witness_contact),
        ("told-by", one.told_by),
        ("when", _between(one.earliest, one.latest)),
        ("operation", str(one.operation)),
    ]
    return [(word(f"refusal.{name}"), _or_none(value)) for name, value in lines]


def missing(signed: Signed) -> str | None:
    return None if signed.signings or signed.refusals else word("unsigned")


def _between(earliest: datetime, latest: datetime) -> str:
    """The interval in which it happened; one instant where both are within a second."""
    first, last = spoken(earliest), spoken(latest)
    return first if first == last else word("from-to", begins=first, ends=last)


def _at(instant: datetime | None) -> str:
    return word("none") if instant is None else spoken(instant)


def _or_none(value: str | date | None) -> str:
    return str(value) if value else word("none")
