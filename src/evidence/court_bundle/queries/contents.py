"""What stands in a bundle, for many pieces of evidence at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from evidence.court_bundle.model import Piece
from foundation.database import Connection
from foundation.object_store import StoredObject


class Said(NamedTuple):
    """Receipts by kind, and where the original is kept, with the type that its bytes have."""

    receipts: dict[str, str]
    original: StoredObject | None
    media_type: str


async def said_of(db: Connection, pieces: Sequence[Piece]) -> dict[UUID, Said]:
    """What each was answered, and its original, as far as the export froze that they were there."""
    rows = await db.fetch(
        """
        select wanted.id,
               array(select kind || ' ' || jws from receipt where evidence_id = wanted.id order by kind),
               reception.media_type, stored_object.sha256, stored_object.size, key, version_id, retained_until
          from unnest($1::uuid[]) as wanted (id)
          left join reception on reception.evidence_id = wanted.id
          left join stored_object on stored_object.sha256 = reception.sha256
        """,
        [piece.evidence_id for piece in pieces],
    )
    frozen = {piece.evidence_id: piece for piece in pieces}
    said = {}
    for evidence_id, receipts, media_type, *stored in rows:
        piece = frozen[evidence_id]
        kinds = dict(receipt.split(" ", 1) for receipt in receipts)
        there = piece.size is not None
        said[evidence_id] = Said(
            {kind: jws for kind, jws in kinds.items() if kind in piece.receipts},
            StoredObject(*stored) if there else None,
            media_type if there else "",
        )
    return said


class Logged(NamedTuple):
    """A verdict whose entry is in the log: `text` is what the entry holds the SHA-256 of."""

    ordinal: int
    text: str


async def verdicts_in_log(db: Connection, evidence_ids: Collection[UUID], log_size: int) -> dict[UUID, list[Logged]]:
    """Those that were told of before the log had so many leaves, oldest first."""
    rows = await db.fetch(
        """
        select verdict.evidence_id, verdict.ordinal,
               jsonb_build_array(verdict.outcome, verdict.reasons, verdict.inputs, verdict.rule_version)::text
          from verdict
         where verdict.evidence_id = any ($1)
           and exists (select from custody_entry as entry
                         join log_leaf on log_leaf.entry_id = entry.id
                        where entry.evidence_id = verdict.evidence_id
                          and log_leaf.index < $2
                          and (entry.details ->> 'ordinal')::integer = verdict.ordinal
                          and entry.details ? 'sha256')
         order by verdict.evidence_id, verdict.ordinal
        """,
        list(evidence_ids),
        log_size,
    )
    found: defaultdict[UUID, list[Logged]] = defaultdict(list)
    for evidence_id, *logged in rows:
        found[evidence_id].append(Logged(*logged))
    return found


async def documents(db: Connection, digests: Collection[bytes]) -> list[tuple[StoredObject, str]]:
    """Scans of certificates, and their media types, by digest."""
    rows = await db.fetch(
        """
        select sha256, size, key, version_id, retained_until, media_type
          from document
         where sha256 = any ($1)
         order by sha256
        """,
        list(digests),
    )
    return [(StoredObject(*row[:5]), row[5]) for row in rows]
