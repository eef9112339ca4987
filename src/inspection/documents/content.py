"""What a document says, in the one form in which it is read out, hashed, signed and printed."""

import hashlib
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from foundation.civil import FIRST_DAY, LAST_DAY, within_calendar
from foundation.problem import Spoken
from inspection.documents.problems import DocumentContentRefused
from inspection.model import OutcomeKind, Sha256, Source

SCHEMA = 1
MAX_CONTENT_CHARACTERS = 100_000
"""Of the canonical text: as many as an operation may carry."""

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""In UTC, to the second: `2026-11-24T06:00:00Z`. Beijing time is made when it is printed."""
Decimal: TypeAlias = Annotated[str, Meta(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,8})?$")]
"""As text: a number that is hashed must have one spelling."""


class Kind(StrEnum):
    ON_SITE_RECORD = "ON_SITE_RECORD"
    INSPECTION_NOTICE = "INSPECTION_NOTICE"
    ORDER_TO_CORRECT = "ORDER_TO_CORRECT"
    NO_PENALTY_NOTICE = "NO_PENALTY_NOTICE"


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """No member may be left out: null is what was not told, so that one content has one text."""


class Entity(Part, frozen=True):
    """Who inspects, and by which provision."""

    name: str
    basis: str


class Item(Part, frozen=True):
    """Of the published catalogue of inspections."""

    code: str
    name: str


class Officer(Part, frozen=True):
    """`credential_shown_at`: when the party saw the credential. `valid_until`: its last valid Beijing day."""

    person_id: UUID
    name: str
    credential_no: str
    valid_until: date | None
    credential_shown_at: Instant | None


class Helper(Part, frozen=True):
    """Auxiliaries and experts; they never count as officers."""

    name: str
    role: str


class Party(Part, frozen=True):
    name: str
    uscc: str
    address: str
    legal_representative: str | None
    person_on_site: str | None
    position: str | None
    telephone: str | None


class ScanIn(Part, frozen=True):
    """扫码入企."""

    at: Instant
    manner: Literal["QR", "TYPED"]
    longitude: Decimal | None
    latitude: Decimal | None
    accuracy_metres: Decimal | None


class Rights(Part, frozen=True):
    told_at: Instant
    recusal: Literal["NOT_ASKED", "ASKED"]
    note: str | None


class Finding(Part, frozen=True):
    item: str
    text: str
    result: Literal["CONFORMS", "DOES_NOT_CONFORM", "NOT_APPLICABLE"] | None
    note: str | None


class Reading(Part, frozen=True):
    """`standing`: the words that the phone showed of the device at that moment."""

    device_tag: str
    device_kind: str | None
    certificate_no: str | None
    standing: str
    at: Instant
    quantity: str
    value: Decimal
    unit: str


class Exhibit(Part, frozen=True):
    evidence_id: UUID
    shows: str | None
    media_type: str
    size: Annotated[int, Meta(ge=1, le=1 << 53)]
    sha256: Sha256


class Outcome(Part, frozen=True):
    outcome: OutcomeKind
    list_item: str | None
    correct_by: date | None
    note: str | None


class Content(Part, frozen=True, tag_field="kind"):
    """What every document begins with. `schema` is raised when a member is added or changes its meaning."""

    schema: Literal[1]
    inspection_id: UUID
    entity: Entity
    approval_no: str | None
    task: str | None
    source: Source
    items: list[Item]
    officers: list[Officer]
    party: Party
    operations: list[UUID]
    """What it rests on, in the order of their ids."""


class RecordContent(Content, frozen=True, tag=Kind.ON_SITE_RECORD.value):
    """现场检查笔录. Source: 行政处罚法 Art. 42, 55; 行政强制法 Art. 18."""

    officers: Annotated[list[Officer], Meta(min_length=2)]
    helpers: list[Helper]
    place: str
    begun_at: Instant
    ended_at: Instant
    scan_in: ScanIn | None
    rights: Rights | None
    findings: list[Finding]
    readings: list[Reading]
    evidence: list[Exhibit]
    statement: str | None
    read_and_confirmed: str
    outcome: Outcome


class InspectionNotice(Content, frozen=True, tag=Kind.INSPECTION_NOTICE.value):
    """检查通知书, before the visit."""

    place: str
    begins_on: date
    ends_on: date
    scope: str
    prepare: str | None
    """What the party is asked to have ready."""


class OrderToCorrect(Content, frozen=True, tag=Kind.ORDER_TO_CORRECT.value):
    """责令改正通知书. Source: 行政处罚法 Art. 28. `correct_by`: the last Beijing day."""

    facts: str
    violated: str
    required: str
    correct_by: date
    dated: date


class NoPenaltyNotice(Content, frozen=True, tag=Kind.NO_PENALTY_NOTICE.value):
    """不予行政处罚告知, first offence or minor. Source: 行政处罚法 Art. 33."""

    facts: str
    violated: str
    reason: Literal["NO_PENALTY_FIRST_OFFENCE", "NO_PENALTY_MINOR"]
    list_item: str
    education: str
    """The party is to be educated all the same: Art. 33."""
    dated: date


AnyContent: TypeAlias = RecordContent | InspectionNotice | OrderToCorrect | NoPenaltyNotice

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER: msgspec.json.Decoder[AnyContent] = msgspec.json.Decoder(AnyContent)


def canonical(content: AnyContent) -> str:
    """Keys in order, no space, nothing escaped that need not be: what `JSON.stringify` makes of sorted members."""
    return _ENCODER.encode(content).decode()


def sha256_of(text: str) -> bytes:
    """What signatures name."""
    return hashlib.sha256(text.encode()).digest()


def content_of(text: str) -> AnyContent:
    """What the text says. Raises DocumentContentRefused: only a canonical text has one meaning and one digest."""
    if len(text) > MAX_CONTENT_CHARACTERS:
        raise DocumentContentRefused(why=Spoken("document-content.too-long", most=MAX_CONTENT_CHARACTERS))
    try:
        content = _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DocumentContentRefused(why=Spoken("document-content.form", where=_where(error))) from error
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise DocumentContentRefused(why=Spoken("document-content.not-canonical")) from error
    if len({officer.person_id for officer in content.officers}) < len(content.officers):  # nobody is two officers
        raise DocumentContentRefused(why=Spoken("document-content.form", where="officers"))
    times = _times(content)
    if canonical(content) != text or not all(map(_spelled_once, times)):
        raise DocumentContentRefused(why=Spoken("document-content.not-canonical"))
    if not all(map(_within_calendar, times)):
        raise DocumentContentRefused(why=Spoken("document-content.calendar", first=FIRST_DAY, last=LAST_DAY))
    return content


def _where(error: Exception) -> str:
    """The path of the offending member, such as `officers[0].name`; `$` for the whole."""
    return str(error).rpartition("at `$.")[2].rstrip("`") if "at `$." in str(error) else "$"


def _times(value: object) -> list[date]:
    if isinstance(value, date):
        return [value]
    if isinstance(value, Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        value = list(value.values())
    return [time for part in value for time in _times(part)] if isinstance(value, list) else []


def _spelled_once(time: date) -> bool:
    """Instants in UTC to the second; whoever writes them with an offset or a fraction would get another digest."""
    return not isinstance(time, datetime) or (not time.utcoffset() and not time.microsecond)


def _within_calendar(time: date) -> bool:
    return within_calendar(time) if isinstance(time, datetime) else FIRST_DAY <= time <= LAST_DAY
