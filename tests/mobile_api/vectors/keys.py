"""Who signs in the vectors. The keys are printed in RFCs: use them for nothing else."""

import base64
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from agency.sign_in import thumbprint
from evidence.signing import Signer

PHONE_ID = UUID("0199a0b0-0000-7000-8000-000000000001")
OFFICER_ID = UUID("0199a0b0-0000-7000-8000-00000000000a")
STRANGERS_PHONE_ID = UUID("0199a0b0-0000-7000-8000-000000000002")
"""Enrolled nowhere."""

PHONE = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
}
"""RFC 7515, A.3."""
STRANGER = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
}
"""RFC 7517, A.2."""
SERVER_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
"""RFC 8037, A.1."""
OTHER_SERVER_D = "n4Ni-6u9y0lVxlfCWEYZZ1cPSHIKbqSr1xYkVJJMbVA"


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def server_key(d: str = SERVER_D) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(unbase64url(d))


SIGNER, OTHER_SIGNER = Signer(server_key()), Signer(server_key(OTHER_SERVER_D))


def public(jwk: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in jwk.items() if name != "d"}


def signed(
    payload: dict[str, Any] | bytes,
    typ: str,
    *,
    key: dict[str, str] = PHONE,
    kid: UUID = PHONE_ID,
    as_der: bool = False,
    **header: Any,
) -> str:
    """A JWS by a phone's key. The signature is the deterministic one of RFC 6979, so that it is the same each time."""
    protected = {"alg": "ES256", "kid": kid, "typ": typ} | header
    body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    text = f"{base64url(msgspec.json.encode(protected))}.{base64url(body)}"
    private = ec.derive_private_key(int.from_bytes(unbase64url(key["d"])), ec.SECP256R1())
    signature = private.sign(text.encode(), ec.ECDSA(SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(signature)
    return f"{text}.{base64url(signature if as_der else r.to_bytes(32) + s.to_bytes(32))}"


def keys() -> dict[str, Any]:
    """keys.json."""
    return {
        "about": "Keys printed in RFC 7515 A.3, RFC 7517 A.2 and RFC 8037 A.1. For these vectors and nothing else.",
        "phone_id": PHONE_ID,
        "officer_id": OFFICER_ID,
        "phone": PHONE,
        "phone_thumbprint": thumbprint(public(PHONE)),
        "stranger": STRANGER,
        "server": {"d": SERVER_D},
        "receipt_keys": {"keys": [SIGNER.public_key()]},
    }
