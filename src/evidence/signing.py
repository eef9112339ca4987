"""Plumbline's own signature under receipts, and the check of a phone's signature under a commitment."""

import base64
import os
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from evidence.model import DECODE_FACTS, MAX_FACTS_BYTES, Facts

RECEIPT_TYPE = "plumbline-receipt+jws"
COMMITMENT_TYPE = "plumbline-commitment+jws"
TIME_TYPE = "plumbline-time+jws"
COMMITMENT_ALGORITHMS = ["ES256"]
"""Signatures a phone may use. SM2 will be added here, once a library that is safe for signing supports it."""

MOST_REMEMBERED = 4096
"""Keys, and anchors, that are kept at hand. A phone signs some hundred statements with one key over one anchor."""

_REGISTRY = jws.JWSRegistry(algorithms=["Ed25519", *COMMITMENT_ALGORITHMS])


class TimeAnchor(msgspec.Struct, frozen=True):
    """The server's time when that phone asked for it. UTC."""

    at: datetime
    nonce: str
    phone_id: UUID


class Signer:
    """Signs receipts with Ed25519 (RFC 8032), as JWS compact serialisation (RFC 7515; algorithm name of RFC 9864)."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._private = key
        self._key = OKPKey.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.key_id = self._key.thumbprint()
        self._anchored = lru_cache(MOST_REMEMBERED)(self._read_anchor)

    @classmethod
    def load_or_create(cls, path: Path) -> "Signer":
        """The key in the file (PEM). Where there is none it is made, readable by its owner alone; the first stays."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            with NamedTemporaryFile(dir=path.parent) as whole:  # mode 0600
                whole.write(made)
                whole.flush()
                os.fsync(whole.fileno())
                with suppress(FileExistsError):  # another process was faster: its key is the one
                    os.link(whole.name, path)
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{path} does not hold an Ed25519 key")
        return cls(key)

    def sign(self, payload: dict[str, Any] | msgspec.Struct, typ: str = RECEIPT_TYPE) -> str:
        """The payload as a signed receipt, or as what else `typ` says."""
        header = {"alg": "Ed25519", "kid": self.key_id, "typ": typ}
        return jws.serialize_compact(header, msgspec.json.encode(payload), self._key, registry=_REGISTRY)

    def sign_detached(self, body: bytes, typ: str) -> str:
        """The signature over the body as it is, apart from it: RFC 7515, appendix F, with `b64` false (RFC 7797)."""
        header = {"alg": "Ed25519", "kid": self.key_id, "typ": typ, "b64": False, "crit": ["b64"]}
        protected = _base64url(msgspec.json.encode(header))
        return f"{protected}..{_base64url(self._private.sign(protected.encode() + b'.' + body))}"

    def anchor(self, at: datetime, nonce: str, phone_id: UUID) -> str:
        """That time, signed for that phone."""
        return self.sign(TimeAnchor(at, nonce, phone_id), TIME_TYPE)

    def time_anchored_by(self, anchor: str) -> TimeAnchor:
        """Raises Unsigned for what this key did not sign as a time."""
        return self._anchored(anchor)

    def _read_anchor(self, anchor: str) -> TimeAnchor:
        try:
            return msgspec.json.decode(self.signed(anchor, TIME_TYPE), type=TimeAnchor)
        except (Unsigned, msgspec.DecodeError) as error:
            raise Unsigned("clock-readings.anchor") from error

    def signed(self, text: str, typ: str) -> bytes:
        """The payload of what this key signed as `typ`. Raises Unsigned."""
        try:
            found = jws.deserialize_compact(text.encode(), self._key, algorithms=["Ed25519"], registry=_REGISTRY)
        except (JoseError, ValueError, RecursionError) as error:
            raise Unsigned("commitment.signature") from error
        if found.headers().get("typ") != typ:
            raise Unsigned("commitment.type")
        return found.payload

    def public_key(self) -> dict[str, Any]:
        """The JWK (RFC 7517) with which anybody can check a receipt."""
        return {**self._key.as_dict(private=False), "kid": self.key_id, "use": "sig", "alg": "Ed25519"}


class Unsigned(Exception):
    """The commitment cannot be relied on; the message is the key of the sentence that says why."""


class _Header(msgspec.Struct):
    kid: str


_DECODE_HEADER = msgspec.json.Decoder(_Header)


def key_id_of(commitment: str) -> UUID:
    """Which phone claims to have signed; nothing is checked. Raises Unsigned."""
    try:
        header, _, _ = commitment.split(".")
        return UUID(_DECODE_HEADER.decode(base64.urlsafe_b64decode(f"{header}==")).kid)
    except (msgspec.DecodeError, ValueError) as error:
        raise Unsigned("commitment.form") from error


def payload_signed_by(signed: str, kind: str, algorithm: str, public_key: dict[str, Any]) -> bytes:
    """What the holder of the key signed as that type of statement. Raises Unsigned."""
    try:
        checked = jws.deserialize_compact(
            signed.encode(), _key_of(tuple(public_key.items())), algorithms=[algorithm], registry=_REGISTRY
        )
    except (JoseError, ValueError) as error:
        raise Unsigned("commitment.signature") from error
    if checked.headers().get("typ") != kind:
        raise Unsigned("commitment.type")
    return checked.payload


@lru_cache(MOST_REMEMBERED)
def _key_of(members: tuple[tuple[str, Any], ...]) -> ECKey:
    return ECKey.import_key(dict(members))


def facts_signed_by(commitment: str, algorithm: str, public_key: dict[str, Any]) -> Facts:
    """What the holder of the key signed. Raises Unsigned, or msgspec.ValidationError naming the field."""
    if len(commitment) > 2 * MAX_FACTS_BYTES:
        raise Unsigned("commitment.form")
    return DECODE_FACTS.decode(payload_signed_by(commitment, COMMITMENT_TYPE, algorithm, public_key))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def receipt_of_commitment(facts: Facts, officer_id: UUID, committed_at: datetime) -> dict[str, Any]:
    """Receipt 1: these facts were known here at this instant. It says nothing about the bytes."""
    return {
        "receipt": "COMMITTED",
        "evidence_id": facts.evidence_id,
        "sha256": facts.sha256,
        "size": facts.size,
        "officer_id": officer_id,
        "at": committed_at,
    }


def receipt_of_bytes(
    evidence_id: UUID, sha256: bytes, size: int, outcome: str, retained_until: datetime, at: datetime
) -> dict[str, Any]:
    """Receipt 2: the store confirmed and locked exactly these bytes. The phone may wipe its copy, held or not."""
    return {
        "receipt": "SAFE_TO_WIPE",
        "evidence_id": evidence_id,
        "sha256": sha256.hex(),
        "size": size,
        "outcome": outcome,
        "retained_until": retained_until,
        "at": at,
    }
