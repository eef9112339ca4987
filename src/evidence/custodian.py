"""What every use case of evidence needs at hand, given once by the composition."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from evidence.content import Examiner
from evidence.signing import Signer
from evidence.store import ObjectStore
from foundation.clock import Clock
from foundation.database import Database

if TYPE_CHECKING:
    from hashlib import _Hash

MOST_DIGESTS = 4096
"""Uploads under way whose digest one process keeps. One costs about 300 bytes; beyond, the oldest is read back."""


class RunningDigests:
    """Digests of uploads under way in this process, by how far each has come.

    Only a shortcut: where the digest is not here (another worker took the upload over, or this process is new),
    the bytes are read back from where they are kept.
    """

    def __init__(self) -> None:
        self._digests: OrderedDict[UUID, tuple[int, _Hash]] = OrderedDict()

    def at(self, evidence_id: UUID, offset: int) -> "_Hash | None":
        """A copy of the digest over exactly the first `offset` bytes, None where it is not known here."""
        if offset == 0:
            return sha256()
        known = self._digests.get(evidence_id)
        return known[1].copy() if known and known[0] == offset else None

    def keep(self, evidence_id: UUID, offset: int, digest: "_Hash") -> None:
        self._digests[evidence_id] = (offset, digest)
        self._digests.move_to_end(evidence_id)
        if len(self._digests) > MOST_DIGESTS:
            self._digests.popitem(last=False)

    def forget(self, evidence_id: UUID) -> None:
        self._digests.pop(evidence_id, None)


@dataclass(frozen=True)
class Custodian:
    """Where evidence is kept and by which means. `retention` is how long an object is locked after it arrives."""

    database: Database
    clock: Clock
    store: ObjectStore
    signer: Signer
    examiner: Examiner
    retention: timedelta
    upload_expiry: timedelta
    largest_upload: int
    digests: RunningDigests = field(default_factory=RunningDigests)
