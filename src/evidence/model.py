"""Nouns of the evidence slice."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from agency.model import Actor
from device_registry.model import Datum

MAX_FACTS_BYTES = 8 * 1024
"""Largest payload of a commitment. A real one is below 1 kB; this leaves room for long notes in Chinese."""

MAX_READING_MS = 10 * 366 * 86_400_000
"""No phone runs ten years without a restart; and an interval must end before the calendar does."""

_Milliseconds = Annotated[float, Meta(ge=0, le=MAX_READING_MS)]


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the phone believes it was. Taken as claimed, even if impossible: refusing it would lose the claim."""

    longitude: float
    latitude: float
    datum: Datum
    accuracy_metres: Annotated[float, Meta(ge=0)] | None = None


class Readings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The phone's monotonic clock, in milliseconds since whenever, around a time anchor and at the capture."""

    anchor: Annotated[
        str, Meta(min_length=1, max_length=2048, description="As `GET /mobile/v1/time` answered it to this phone")
    ]
    asked_ms: _Milliseconds
    """When the phone asked for the anchor."""
    heard_ms: _Milliseconds
    """When it had the answer."""
    captured_ms: _Milliseconds
    """At the capture; where `restarted`, the last reading before the phone or the page began anew."""
    counts_sleep: bool
    """The clock runs on while the phone sleeps."""
    restarted: bool


class Facts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the phone signs before any byte travels: the payload of a commitment."""

    evidence_id: UUID
    sha256: Annotated[
        str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the whole file, lower-case hexadecimal")
    ]
    size: Annotated[int, Meta(ge=1, le=1 << 53, description="Bytes")]
    media_type: Annotated[str, Meta(max_length=100, pattern=r"^[a-z]+/[A-Za-z0-9.+-]+$")]
    captured_earliest: Annotated[
        datetime, Meta(tz=True, description="Earliest instant of capture; with `clock` only the phone's claim")
    ]
    captured_latest: Annotated[datetime, Meta(tz=True, description="Latest instant of capture, included")]
    clock: Readings | None = None
    """With it the interval of capture is derived here, and what the phone says of it is only kept."""
    device_tag: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    place: Place | None = None
    file_name: Annotated[str, Meta(max_length=255, description="As the phone called it; shown, never used")] | None = (
        None
    )
    note: Annotated[str, Meta(max_length=2000)] | None = None
    item: (
        Annotated[str, Meta(min_length=1, max_length=60, description="Enforcement item it was captured under")] | None
    ) = None
    inspection_id: UUID | None = None


class Commitment(Struct, frozen=True):
    """Facts with the proof that an officer's key in a phone signed them, and the interval of capture that follows."""

    facts: Facts
    earliest: datetime
    latest: datetime
    jws: str
    algorithm: str
    officer_id: UUID
    phone_id: UUID
    unit_id: UUID
    enrolled_at: datetime


class Evidence(Struct, frozen=True):
    """A committed piece of evidence, with or without its bytes."""

    id: UUID
    sha256: bytes
    size: int
    media_type: str
    earliest: datetime
    latest: datetime
    device_tag: str | None
    officer_id: UUID
    phone_id: UUID
    unit_id: UUID
    facts: Facts
    commitment: str
    committed_at: datetime
    enrolled_at: datetime


class State(StrEnum):
    """Where a piece of evidence stands, as its officer sees it."""

    COMMITTED = "COMMITTED"
    RECEIVING = "RECEIVING"
    ADMITTED = "ADMITTED"
    HELD = "HELD"
    UNDETERMINED = "UNDETERMINED"


Outcome = Literal["ADMITTED", "HELD", "UNDETERMINED"]


class Reason(Struct, frozen=True, omit_defaults=True):
    """One reason why evidence does not, or does not yet, count. `details` fill the sentence `reason.<code>`."""

    code: str
    details: dict[str, Any] = {}


class Verdict(Struct, frozen=True):
    """One judgement, frozen with all it rested on. Ordinals begin at 1; the highest holds."""

    ordinal: int
    outcome: Outcome
    reasons: list[Reason]
    inputs: dict[str, Any]
    rule_version: str
    cause: str
    judged_at: datetime


class Content(Struct, frozen=True):
    """What the bytes themselves say. `metadata` is recorded as found, and never decides about admission."""

    media_type: str
    trouble: str | None = None
    metadata: dict[str, Any] = {}


class CustodyEntry(Struct, frozen=True):
    """One thing that happened to a piece of evidence."""

    id: int
    evidence_id: UUID | None
    event: str
    actor_id: UUID | None
    phone_id: UUID | None
    at: datetime
    details: dict[str, Any]


class Conclusion(StrEnum):
    """What a person concludes about evidence captured in the window of a reverse trace."""

    KEEP = "KEEP"
    """What was wrong did not touch what this shows, or only in the party's favour: it may count all the same."""
    EXCLUDE = "EXCLUDE"
    DECISION_TO_CORRECT = "DECISION_TO_CORRECT"
    """It may not count, and a decision rests on it that has to be corrected."""


class ItemState(StrEnum):
    OPEN = "OPEN"
    """Nobody has concluded yet, or a second person sent the conclusion back."""
    CONCLUDED = "CONCLUDED"
    """A second person has yet to confirm."""
    CONFIRMED = "CONFIRMED"
    """For good."""


class TraceItem(Struct, frozen=True, kw_only=True):
    """Evidence in the queue of a reverse trace, with the latest conclusion about it and the answer to that."""

    trace_id: UUID
    evidence_id: UUID
    queued_at: datetime
    state: ItemState
    ordinal: int | None
    """Of the conclusion; the first is 1."""
    conclusion: Conclusion | None
    reason: str | None
    concluded_by: UUID | None
    concluded_at: datetime | None
    confirmed: bool | None
    """False: sent back; None: not answered yet."""
    answer: str | None
    """Why it was sent back, or what was said with the confirmation."""
    confirmed_by: UUID | None
    confirmed_at: datetime | None
    earliest: datetime
    latest: datetime
    device_tag: str
    officer_id: UUID
    unit_id: UUID
    evidence_state: State


class Courier(Struct, frozen=True):
    """Who brings bytes, under which sign-in. The capturing officer stays who signed the commitment."""

    person_id: UUID
    phone_id: UUID | None
    unit_id: UUID
    own_only: bool = False
    """Nobody is signed in: the phone brings what its own key signed."""

    @classmethod
    def behind(cls, actor: Actor) -> "Courier":
        return cls(actor.person_id, actor.phone_id, actor.unit_id, actor.hand_in)

    def may_carry(self, evidence: Evidence) -> bool:
        """Its own officer, or a colleague of the same unit whose phone has it."""
        if self.own_only:
            return evidence.phone_id == self.phone_id
        return evidence.officer_id == self.person_id or evidence.unit_id == self.unit_id

    def as_actor(self) -> dict[str, Any]:
        """The columns of a custody entry that say who did it."""
        return {"actor_id": self.person_id, "phone_id": self.phone_id}


DECODE_FACTS = msgspec.json.Decoder(Facts)
