"""What the steps of a cycle hand on to each other."""

from dataclasses import dataclass
from typing import TypeVar

from evidence.admission import Judged
from evidence.custodian import Custodian
from evidence.self_proof.canary import Ready
from evidence.transparency_log.queries import Signed
from foundation.object_store import StoredObject

Found = TypeVar("Found")


class Failed(Exception):
    """A guard did not hold; the message says what was found."""


@dataclass
class Trial:
    """`before` is the newest checkpoint when the cycle began, None where nothing had been signed."""

    custodian: Custodian
    canary: Ready
    before: Signed | None
    patience_seconds: float
    handed_in: Judged | None = None
    refused: Judged | None = None
    stored: StoredObject | None = None
    signed: Signed | None = None

    def the_verdict(self) -> Judged:
        return _there(self.handed_in, "the canary was not handed in")

    def the_refusal(self) -> Judged:
        return _there(self.refused, "nothing captured with the lapsed device was handed in")

    def the_object(self) -> StoredObject:
        return _there(self.stored, "no object of the canary is in the store")

    def the_checkpoint(self) -> Signed:
        return _there(self.signed, "no checkpoint covers the canary")


def _there(found: Found | None, otherwise: str) -> Found:
    if found is None:
        raise Failed(f"not reached: {otherwise}")
    return found
