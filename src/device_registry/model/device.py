"""Devices and the catalogue of their kinds."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Requirement(StrEnum):
    """Whether law asks for the verification of an instrument. Only MANDATORY ones need certificates."""

    MANDATORY = "MANDATORY"
    NOT_REQUIRED = "NOT_REQUIRED"
    """It measures nothing that must be verified; a written conclusion says so."""
    NO_REGULATION = "NO_REGULATION"
    """It measures, and no verification regulation exists yet; a written technical conclusion says why it is trusted."""


class Mounting(StrEnum):
    FIXED = "FIXED"
    MOBILE = "MOBILE"
    HANDHELD = "HANDHELD"
    VEHICLE = "VEHICLE"


class Datum(StrEnum):
    WGS84 = "WGS84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


class Confidence(StrEnum):
    CONFIRMED = "CONFIRMED"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class DeviceKind(msgspec.Struct, frozen=True):
    """An entry of the catalogue. `max_interval_months` is the regulation's longest interval; it only warns."""

    code: str
    name_zh: str
    name_en: str
    requirement: Requirement
    channels: tuple[str, ...]
    """Measured channels that each need a pass of their own; empty: the instrument is verified as a whole."""
    regulation: str | None
    max_interval_months: int | None
    interval_confidence: Confidence | None
    source: str
    source_confidence: Confidence
    note: str | None
    effective_from: date


class Place(msgspec.Struct, frozen=True):
    """Degrees in the datum named; a pair of numbers without its datum is up to 700 m wrong in China."""

    longitude: float
    latitude: float
    datum: Datum


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device with what its kind says about it."""

    id: UUID
    tag: str
    kind: str
    kind_zh: str
    kind_en: str
    channels: tuple[str, ...]
    max_interval_months: int | None
    serial_no: str
    model: str
    maker: str
    unit_id: UUID
    mounting: Mounting
    address: str | None
    place: Place | None
    requirement: Requirement
    verification_needed: bool
    siting_needed: bool
    """An electronic monitoring device, to be reviewed and announced; what is held in the hand is none."""
    replaces: UUID | None
    """The device whose place it took, like for like."""
    synthetic: bool
    registered_at: datetime
