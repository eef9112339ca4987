"""The one form in which a custody entry is hashed. docs/log.md describes it for strangers."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from evidence.transparency_log.model import Commitments, Field, LoggedEntry, Salts

FORMAT = "plumbline-custody/v1"


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
    values = (_text(entry.actor_id), _text(entry.phone_id), entry.details)
    return Commitments(
        *(
            (erased or {})[field] if salt is None else commitment(salt, value)
            for field, salt, value in zip(Field, salts, values, strict=True)
        )
    )


def instant(at: datetime) -> str:
    """UTC with six digits of a second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text(identifier: UUID | None) -> str:
    return "-" if identifier is None else str(identifier)
