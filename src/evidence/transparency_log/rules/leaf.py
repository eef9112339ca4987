"""The one form in which a custody entry is hashed. docs/log.md describes it for strangers."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from evidence.transparency_log.model import Commitments, Field, LoggedEntry, Salts

FORMAT = "plumbline-custody/v1"
NOTHING = ("-", "{}")
"""Values of fields that were erased, or never had one."""


def leaf_bytes(entry: LoggedEntry, commitments: Commitments) -> bytes:
    """Lines of UTF-8, each ended by a line feed; no field can contain one, so each text is read in one way only."""
    evidence = "-" if entry.evidence_id is None else str(entry.evidence_id)
    return (
        f"{FORMAT}\n{entry.id}\n{instant(entry.at)}\n{entry.event}\n{evidence}\n"
        f"{commitments.actor.hex()}\n{commitments.phone.hex()}\n{commitments.details.hex()}\n"
    ).encode()


def leaf_hash(content: bytes) -> bytes:
    """RFC 9162, 2.1.1: apart from inner nodes by its first byte."""
    return hashlib.sha256(b"\x00" + content).digest()


def commitment(salt: bytes, value: str) -> bytes:
    """Tells nothing of the value without the salt, and opens to no other value with it."""
    return hashlib.sha256(salt + value.encode()).digest()


def committed(entry: LoggedEntry, salts: Salts, erased: dict[Field, bytes] | None = None) -> Commitments:
    """What stands in the leaf. Raises KeyError for a field with neither salt nor a commitment kept from before."""
    return Commitments(
        *(
            (erased or {})[field] if salt is None else commitment(salt, value_of(entry, field))
            for field, salt in zip(Field, salts, strict=True)
        )
    )


def value_of(entry: LoggedEntry, field: Field) -> str:
    """The text that a commitment is made of."""
    match field:
        case Field.ACTOR:
            return _text(entry.actor_id)
        case Field.PHONE:
            return _text(entry.phone_id)
        case Field.DETAILS:
            return entry.details


def instant(at: datetime) -> str:
    """UTC with six digits of a second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text(identifier: UUID | None) -> str:
    return "-" if identifier is None else str(identifier)
