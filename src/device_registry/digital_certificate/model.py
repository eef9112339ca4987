"""What a digital calibration certificate says, and whether it can be believed."""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class SignatureState(StrEnum):
    """Whose word the content is. A signature that does not fit the content is none of these: it is a problem."""

    UNSIGNED = "UNSIGNED"
    TRUSTED = "TRUSTED"
    """Unchanged since it was signed, by somebody whom a configured certificate vouches for."""
    SIGNER_UNKNOWN = "SIGNER_UNKNOWN"
    """Unchanged since it was signed, by somebody whom no configured certificate vouches for."""
    SIGNER_NOT_VALID_THEN = "SIGNER_NOT_VALID_THEN"
    """Unchanged, but the signer's own certificate had ended or not begun when it was signed."""


class Signature(Struct, frozen=True):
    """`signer` and `issuer` are names out of the signer's certificate. `signed_at` (UTC) is the signer's own claim."""

    state: SignatureState
    signer: str | None = None
    issuer: str | None = None
    signed_at: datetime | None = None


class CalibratedItem(Struct, frozen=True):
    """An instrument, or a part of one. `serial_nos` are its maker's; numbers of owners and laboratories are others."""

    name: str
    maker: str
    model: str
    serial_nos: tuple[str, ...]
    other_nos: tuple[str, ...]


class DigitalCertificate(Struct, frozen=True):
    """Always one of calibration: it has no conclusion and no last valid day, and satisfies no legal verification."""

    unique_identifier: str
    schema_version: str
    country: str
    laboratory: str
    issued_on: date | None
    performed_from: date
    performed_until: date
    items: tuple[CalibratedItem, ...]
    signature: Signature


class Request(Struct, frozen=True, array_like=True):
    """What the worker process is asked. `trust`: certificates as PEM, one after the other."""

    certificate: bytes
    trust: bytes
    now: datetime


MANIPULATED = "manipulated"
"""What the worker answers for a signature that does not fit; other words are the last part of a sentence's key."""
