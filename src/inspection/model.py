"""Nouns of the inspection: operations that officers' phones sign, and the inspection they are about."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from evidence.model import Place, Readings
from evidence.model import State as EvidenceState

MAX_OPERATION_BYTES = 256 * 1024
"""Of one operation as its phone signed it. The largest is the record that was read to the party."""
MOST_OPERATIONS = 200
"""In one push."""

Text: TypeAlias = Annotated[str, Meta(max_length=4000)]
Short: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Sha256: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="Lower-case hexadecimal")]


class Source(StrEnum):
    """Where an inspection comes from."""

    PLAN = "PLAN"
    DOUBLE_RANDOM = "DOUBLE_RANDOM"
    COMPLAINT = "COMPLAINT"
    TRANSFER = "TRANSFER"
    SPECIAL_CAMPAIGN = "SPECIAL_CAMPAIGN"
    URGENT = "URGENT"
    """Begun without approval, which must follow: 国办发〔2024〕54号."""


class What(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """What an operation tells. A member that is not sent is not told, and leaves alone what another told of it."""

    KEY: ClassVar[str]
    """What it tells about: with `{0}` a member, the author or the operation. Two with one key tell about one thing."""


class Begun(What, frozen=True, tag="BEGUN"):
    KEY = "begun"
    source: Source
    uscc: Annotated[str, Meta(max_length=18)] | UnsetType = UNSET
    enterprise_name: Short | UnsetType = UNSET
    enterprise_address: Short | UnsetType = UNSET
    items: Annotated[list[Short], Meta(max_length=50)] | UnsetType = UNSET
    checklist: Short | UnsetType = UNSET
    """The one that the phone shows; the inspection is held to it."""
    urgent_reason: Text | UnsetType = UNSET


class Joined(What, frozen=True, tag="JOINED"):
    """The author is one of those who carry it out."""

    KEY = "joined:{author}"


class ScannedIn(What, frozen=True, tag="SCANNED_IN"):
    """扫码入企, before the check begins."""

    KEY = "scanned-in"
    code: Annotated[str, Meta(min_length=1, max_length=1000)]
    manner: Literal["QR", "TYPED"] | UnsetType = UNSET
    place: Place | UnsetType = UNSET


class CredentialShown(What, frozen=True, tag="CREDENTIAL_SHOWN"):
    """亮证: each officer shows their own. Source: 行政处罚法 Art. 55."""

    KEY = "credential-shown:{author}"
    credential_no: Short


class RightsTold(What, frozen=True, tag="RIGHTS_TOLD"):
    KEY = "rights-told"
    recusal: Literal["NOT_ASKED", "ASKED"]
    recusal_note: Text | UnsetType = UNSET


class PersonOnSite(What, frozen=True, tag="PERSON_ON_SITE"):
    KEY = "person-on-site"
    name: Short | UnsetType = UNSET
    position: Short | UnsetType = UNSET
    telephone: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    legal_representative: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    """法定代表人（负责人）, as the licence on the wall names them."""


class Helper(What, frozen=True, tag="HELPER"):
    """Somebody who helps without being an officer: an auxiliary, an expert. They never count as one."""

    KEY = "helper:{name}"
    name: Short
    role: Short | UnsetType = UNSET
    present: bool | UnsetType = UNSET
    """False: they were not there after all."""


class Finding(What, frozen=True, tag="FINDING"):
    KEY = "finding:{item}"
    item: Short
    result: Literal["CONFORMS", "DOES_NOT_CONFORM", "NOT_APPLICABLE"] | UnsetType = UNSET
    note: Text | UnsetType = UNSET


class Reading(What, frozen=True, tag="READING"):
    """An instrument's reading, with its standing as the phone knew it at that moment."""

    KEY = "reading:{id}"
    device_tag: Annotated[str, Meta(min_length=1, max_length=100)]
    quantity: Short
    value: Annotated[str, Meta(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$")]
    unit: Annotated[str, Meta(max_length=20)]
    standing_outcome: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    standing_reasons: Annotated[list[Short], Meta(max_length=20)] | UnsetType = UNSET
    standing_words: Text | UnsetType = UNSET
    """What the phone showed of it at that moment; the record prints this."""
    certificate_no: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET
    kept_only: bool | UnsetType = UNSET
    """The officer was told that it cannot be evidence, and keeps it all the same."""
    evidence_id: UUID | UnsetType = UNSET


class EvidenceListed(What, frozen=True, tag="EVIDENCE"):
    KEY = "evidence:{evidence_id}"
    evidence_id: UUID
    sha256: Sha256
    size: Annotated[int, Meta(ge=1, le=1 << 53)]
    media_type: Annotated[str, Meta(max_length=100)]
    shows: Text | UnsetType = UNSET
    item: Short | UnsetType = UNSET
    kind: Literal["PHOTO", "VIDEO", "AUDIO", "DOCUMENT", "SIGNATURE"] | UnsetType = UNSET
    """What it was captured as: a scanned paper is an image, too."""


class Statement(What, frozen=True, tag="STATEMENT"):
    """What the party says: 陈述申辩."""

    KEY = "statement"
    text: Text | UnsetType = UNSET


class OutcomeKind(StrEnum):
    PASS = "PASS"  # noqa: S105 - no password
    ADVISE = "ADVISE"
    ORDER_TO_CORRECT = "ORDER_TO_CORRECT"
    OPEN_CASE = "OPEN_CASE"
    NO_PENALTY_FIRST_OFFENCE = "NO_PENALTY_FIRST_OFFENCE"
    NO_PENALTY_MINOR = "NO_PENALTY_MINOR"


class Outcome(What, frozen=True, tag="OUTCOME"):
    KEY = "outcome"
    outcome: OutcomeKind | UnsetType = UNSET
    list_item: Short | UnsetType = UNSET
    """Of the no-penalty list 首违不罚/轻微免罚, where nothing is fined because of it."""
    correct_by: date | UnsetType = UNSET
    note: Text | UnsetType = UNSET


class Cap(What, frozen=True, tag="CAP"):
    """Whether the visit counts toward the year's cap for the enterprise, and why."""

    KEY = "cap"
    counts: bool | UnsetType = UNSET
    reason: Text | UnsetType = UNSET


class Document(What, frozen=True, tag="DOCUMENT"):
    """What was read to the party, word for word; signatures name the SHA-256 of its UTF-8 bytes."""

    KEY = "document:{kind}"
    kind: Literal["ON_SITE_RECORD", "ORDER_TO_CORRECT", "NO_PENALTY_NOTICE"]
    content: Annotated[str, Meta(min_length=2, max_length=100_000)]


class Signature(What, frozen=True, tag="SIGNATURE"):
    """An officer signs with the key of their own sign-in; a party or a witness by hand, on the screen."""

    KEY = "signature:{document_sha256}:{signer}"
    document_sha256: Sha256
    signer: Literal["OFFICER", "PARTY", "WITNESS"]
    name: Short | UnsetType = UNSET
    evidence_id: UUID | UnsetType = UNSET


class Refusal(What, frozen=True, tag="REFUSAL"):
    """The party does not sign: the reason and a witness are written down. Source: 行政强制法 Art. 18."""

    KEY = "refusal:{document_sha256}"
    document_sha256: Sha256
    reason: Text
    witness_name: Short | UnsetType = UNSET
    witness_contact: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET


class Waiver(What, frozen=True, tag="WAIVER"):
    """Somebody answers for closing although this is missing."""

    KEY = "waiver:{gap}"
    gap: Annotated[str, Meta(min_length=1, max_length=300)]
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


class Closed(What, frozen=True, tag="CLOSED"):
    KEY = "closed"


Told: TypeAlias = (
    Begun
    | Joined
    | ScannedIn
    | CredentialShown
    | RightsTold
    | PersonOnSite
    | Helper
    | Finding
    | Reading
    | EvidenceListed
    | Statement
    | Outcome
    | Cap
    | Document
    | Signature
    | Refusal
    | Waiver
    | Closed
)


class SignedOperation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The payload that a phone signs."""

    id: UUID
    inspection_id: UUID
    replaces: Annotated[list[UUID], Meta(max_length=500)] = []
    """Every operation about the same thing that the phone had seen."""
    earliest: Annotated[datetime, Meta(tz=True)]
    latest: Annotated[datetime, Meta(tz=True)]
    clock: Readings | None = None
    what: Told


class Operation(Struct, frozen=True, kw_only=True):
    """One statement of an officer, as it is kept. The author is whose key signed it, never who brought it."""

    id: UUID
    inspection_id: UUID
    author: UUID
    phone: UUID
    replaces: frozenset[UUID]
    earliest: datetime
    latest: datetime
    what: Told

    @property
    def key(self) -> str:
        """What it tells about."""
        if isinstance(self.what, Signature) and self.what.signer == "OFFICER":
            return f"signature:{self.what.document_sha256}:OFFICER:{self.author}"
        members = {name: getattr(self.what, name) for name in self.what.__struct_fields__}
        return self.what.KEY.format(**members, author=self.author, id=self.id)


class State(StrEnum):
    """Where an inspection stands, as far as operations and approval have arrived."""

    PLANNED = "PLANNED"
    UNDER_WAY = "UNDER_WAY"
    CLOSED = "CLOSED"


class Enterprise(Struct, frozen=True):
    """Whom an inspection is about. `uscc` as GB 32100-2015, '' for one that has none."""

    uscc: str
    name: str
    address: str


class Inspection(Struct, frozen=True, kw_only=True):
    """An inspection of one entity; a task before anybody has begun it. Instants are UTC, days Beijing civil days."""

    id: UUID
    unit_id: UUID
    source: Source
    title: str
    due_on: date | None = None
    enterprise: Enterprise
    items: list[str] = []
    """Codes of enforcement items."""
    checklist: str = ""
    officers: list[UUID] = []
    """Who is to carry it out."""
    approved_at: datetime | None = None
    approval_no: str | None = None
    joint_id: UUID | None = None
    """Inspections with the same one are one visit: 综合查一次."""


ON_A_PHONE = frozenset({EvidenceState.COMMITTED, EvidenceState.RECEIVING})
"""Committed to, and not all of its bytes are here: a phone still has them."""


class Wish(Struct, frozen=True):
    """A piece of evidence that somebody at a desk asked to be sent before all else."""

    evidence_id: UUID
    asked_by: UUID
    asked_at: datetime


DECODE_OPERATION = msgspec.json.Decoder(SignedOperation)
DECODE_TOLD = msgspec.json.Decoder(Told)
