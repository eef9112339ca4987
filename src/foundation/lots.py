"""Drawing by lot so that anybody can reckon it again: keys under a secret that was committed to, never a generator.

Key of anything: HMAC-SHA256 with the seed as key over `digest LF beacon LF what`, in hexadecimal. The smallest keys are
drawn. The digest is that of what was fixed before; the beacon is a public number nobody could foresee, or empty.
"""

import hmac
import secrets
from hashlib import sha256
from typing import Any

import msgspec

SEED_BYTES = 32


class Lots:
    """Keys under one seed, one beacon and one digest."""

    def __init__(self, seed: bytes, digest: bytes, beacon: str) -> None:
        self._seed, self._before = seed, f"{digest.hex()}\n{beacon}\n"

    def key(self, what: str) -> str:
        return hmac.new(self._seed, (self._before + what).encode(), sha256).hexdigest()


def new_seed() -> bytes:
    return secrets.token_bytes(SEED_BYTES)


def canonical(document: Any) -> bytes:
    """UTF-8 JSON, members in order, no spaces: what is hashed and published."""
    return msgspec.json.encode(document, order="sorted")
