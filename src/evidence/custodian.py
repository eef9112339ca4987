"""What every use case of evidence needs at hand, given once by the composition."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from evidence.content import Examiner
from evidence.signing import Signer
from evidence.turns import Turns
from evidence.upload_state import Upload
from foundation.clock import Clock
from foundation.database import Database
from foundation.object_store import ObjectStore

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
        self._digests: OrderedDict[UUID, tuple[datetime, int, _Hash]] = OrderedDict()

    def of(self, upload: Upload) -> "_Hash | None":
        """A copy of the digest over exactly the bytes before `upload.at`, None where it is not known here.

        Another worker may have ended the upload that this one remembers, and begun one anew with other bytes.
        """
        if upload.at == 0:
            return sha256()
        begun_at, offset, digest = self._digests.get(upload.evidence_id, (None, 0, sha256()))
        return digest.copy() if (begun_at, offset) == (upload.created_at, upload.at) else None

    def keep(self, upload: Upload, digest: "_Hash") -> None:
        self._digests[upload.evidence_id] = (upload.created_at, upload.at, digest)
        self._digests.move_to_end(upload.evidence_id)
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
    bundle_kept: timedelta = timedelta(days=14)
    """How long the file of an export is kept; it can be made again."""
    digests: RunningDigests = field(default_factory=RunningDigests)
    turns: Turns = field(default_factory=Turns)
