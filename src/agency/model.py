"""The nouns of agency: units 市-区-街道 with departments, people and their credentials, roles, phones."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class UnitKind(StrEnum):
    CITY = "CITY"
    DISTRICT = "DISTRICT"
    FUNCTIONAL_ZONE = "FUNCTIONAL_ZONE"
    """A development zone or scenic area: it governs like a district and has no division code."""
    STREET = "STREET"
    DEPARTMENT = "DEPARTMENT"


class PersonKind(StrEnum):
    OFFICER = "OFFICER"
    AUXILIARY = "AUXILIARY"
    """执法辅助人员: may help, holds no credential, and never counts as one of the two officers."""
    STAFF = "STAFF"
    """Works at a desk: manages devices, reviews, supervises."""


class Role(StrEnum):
    FIELD_OFFICER = "FIELD_OFFICER"
    DEVICE_MANAGER = "DEVICE_MANAGER"
    LEGAL_REVIEWER = "LEGAL_REVIEWER"
    """法制审核: of the siting of devices, and of what evidence shows."""
    TECHNICAL_REVIEWER = "TECHNICAL_REVIEWER"
    PUBLICITY_OFFICER = "PUBLICITY_OFFICER"
    """Tells the public where devices stand."""
    ENTITY_HEAD = "ENTITY_HEAD"
    """Head of an enforcement entity: puts devices in service and signs reports."""
    REPORT_RECEIVER = "REPORT_RECEIVER"
    """Receives the annual reports for a government."""
    SUPERVISOR = "SUPERVISOR"
    ADMINISTRATOR = "ADMINISTRATOR"


class CredentialReason(StrEnum):
    """Why what a person captured may not count, as far as the person goes."""

    NOT_AN_OFFICER = "NOT_AN_OFFICER"
    CREDENTIAL_MISSING = "CREDENTIAL_MISSING"
    CREDENTIAL_EXPIRED = "CREDENTIAL_EXPIRED"
    CREDENTIAL_NOT_YET_VALID = "CREDENTIAL_NOT_YET_VALID"


class Unit(msgspec.Struct, frozen=True):
    """A unit as it stands from `begins` to `ends`: Beijing civil days, half-open; `ends` None: for good."""

    id: UUID
    parent_id: UUID | None
    kind: UnitKind
    name_zh: str
    name_en: str
    division_code: str | None
    begins: date
    ends: date | None


class Person(msgspec.Struct, frozen=True):
    id: UUID
    kind: PersonKind
    name_zh: str
    name_en: str
    unit_id: UUID


class Credential(msgspec.Struct, frozen=True):
    """行政执法证. The number is opaque; both days are Beijing civil days, inclusive."""

    id: UUID
    person_id: UUID
    credential_no: str
    issuer: str
    valid_from: date
    valid_until: date


class CredentialStanding(msgspec.Struct, frozen=True):
    """Whether a person was credentialed over a capture interval, and what that rests on.

    No reasons: for all of the interval. Reasons and `partly`: for some of its days, so that nobody can tell
    which side the capture fell on.
    """

    person_kind: PersonKind
    credentials: tuple[Credential, ...]
    reasons: tuple[CredentialReason, ...]
    partly: bool


class RoleGrant(msgspec.Struct, frozen=True):
    """A role for a unit and everything below it."""

    role: Role
    unit_id: UUID


class Actor(msgspec.Struct, frozen=True):
    """Who makes a request: the person behind a token, as of now. `phone_id` is None at a desk.

    `hand_in`: nobody signed in, the phone proved its key; it hands in what it captured itself, and nothing else.
    """

    person_id: UUID
    person_kind: PersonKind
    unit_id: UUID
    phone_id: UUID | None
    roles: tuple[RoleGrant, ...]
    hand_in: bool = False


class Phone(msgspec.Struct, frozen=True):
    """A phone by the key in it. `algorithm` is the JWS algorithm, `thumbprint` RFC 7638 SHA-256 in base64url."""

    id: UUID
    person_id: UUID
    label: str
    algorithm: str
    public_key: dict[str, Any]
    thumbprint: str
    enrolled_at: datetime
    revoked_at: datetime | None


class SupervisionCode(msgspec.Struct, frozen=True):
    """监督码: the code stands for the enterprise on these Beijing civil days, half-open; `ends` None: for good."""

    code: str
    uscc: str
    begins: date
    ends: date | None


class Signatory(msgspec.Struct, frozen=True):
    """The phone that signed, and the person whose key is in it, with that person's unit."""

    phone_id: UUID
    person_id: UUID
    unit_id: UUID
    algorithm: str
    public_key: dict[str, Any]
    enrolled_at: datetime
    revoked_at: datetime | None
