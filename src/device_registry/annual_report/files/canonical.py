"""A snapshot as bytes, one way only, and its SHA-256: what is filed, hashed and signed."""

import hashlib
from typing import Any

import msgspec

from device_registry.annual_report.model.snapshot import Body, Snapshot

_ENCODER = msgspec.json.Encoder(order="sorted")
_SNAPSHOT = msgspec.json.Decoder(Snapshot)


def canonical(value: Body | Snapshot) -> bytes:
    """UTF-8 JSON, keys in order, no space: the same value gives the same bytes on every machine."""
    return _ENCODER.encode(value)


def snapshot_of(filed: bytes) -> Snapshot:
    """Raises msgspec.DecodeError where the bytes are no snapshot."""
    return _SNAPSHOT.decode(filed)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def plain(value: Any) -> Any:
    """As it stands in the JSON."""
    return msgspec.to_builtins(value)
