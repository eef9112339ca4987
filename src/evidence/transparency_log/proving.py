"""What is handed to those who verify: checkpoints, proofs, and entries in the very form in which they were hashed."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from evidence.transparency_log import queries
from evidence.transparency_log.model import Commitments, Field
from evidence.transparency_log.queries import LoggedLeaf
from evidence.transparency_log.rules.leaf import committed, leaf_bytes, value_of
from evidence.transparency_log.rules.merkle import Row, Span, consistency, inclusion, root_over, rows_under
from evidence.transparency_log.rules.note import (
    COSIGNATURE,
    Note,
    NoteRefused,
    VerifierKey,
    checkpoint_in,
    cosigned_at,
)
from evidence.transparency_log.rules.witnessing import Request
from foundation.database import Connection


class Opening(NamedTuple):
    """With salt and value the commitment in the leaf can be checked; both are None where they were erased."""

    salt: bytes | None
    value: str | None


class Proven(Struct, frozen=True):
    """An entry in the log: its canonical text, and what leads from it to the root of a checkpoint."""

    index: int
    leaf: str
    openings: dict[Field, Opening]
    proof: list[bytes]


async def checkpoint(db: Connection, *, witnessed: bool = False) -> str | None:
    """The newest one, or the newest that a witness has seen, with the signatures of witnesses."""
    signed = await (queries.latest_witnessed(db) if witnessed else queries.latest_checkpoint(db))
    return signed.note + "".join(await queries.cosignatures(db, signed.size)) if signed else None


async def for_a_witness(db: Connection, old: int) -> Request | None:
    """The newest checkpoint, and that it follows that of the old size. None where nothing was signed yet."""
    signed = await queries.latest_checkpoint(db)
    if signed is None or old > signed.size:
        return None
    return Request(old, await consistency_proof(db, old, signed.size), Note.parse(signed.note))


async def accept_cosignature(db: Connection, note: Note, witness: VerifierKey) -> int:
    """Keeps what the witness signed; returns the size. Raises NoteRefused for what is not ours, or not signed by it."""
    checkpoint = checkpoint_in(note.text)
    ours = await queries.checkpoint_at(db, checkpoint.size)
    signature = note.signed_by(witness)
    if ours is None or Note.parse(ours.note).text != note.text:
        raise NoteRefused("not a checkpoint of this log")
    if signature is None or witness.kind != COSIGNATURE:
        raise NoteRefused("not signed by that witness")
    at = datetime.fromtimestamp(cosigned_at(signature), UTC)
    await queries.add_cosignature(db, checkpoint.size, witness, str(signature), at)
    return checkpoint.size


async def inclusion_proof(db: Connection, index: int, size: int) -> list[bytes]:
    """That the leaf is in the log of that size, which the log has reached. Leaves are below the size."""
    return await _roots(db, inclusion(index, size))


async def consistency_proof(db: Connection, earlier: int, later: int) -> list[bytes]:
    """That the log of the earlier size begins that of the later, which the log has reached."""
    return await _roots(db, consistency(earlier, later))


async def proven_entries(db: Connection, evidence_id: UUID, size: int) -> list[Proven]:
    """The custody entries of a piece of evidence among the first leaves of the log, so many as `size`."""
    return (await proven_entries_of_each(db, [evidence_id], size)).get(evidence_id, [])


async def proven_entries_of_each(db: Connection, evidence_ids: Collection[UUID], size: int) -> dict[UUID, list[Proven]]:
    """The same for many pieces of evidence; what has none is left out."""
    leaves = [one for one in await queries.leaves_of_evidence(db, evidence_ids) if one.leaf.index < size]
    paths = [inclusion(one.leaf.index, size) for one in leaves]
    roots = iter(await _roots(db, [span for path in paths for span in path]))
    proven: defaultdict[UUID, list[Proven]] = defaultdict(list)
    for one, path in zip(leaves, paths, strict=True):
        assert one.entry is not None, "it was found by its entry"
        assert one.entry.evidence_id is not None, "and that by its evidence"
        proven[one.entry.evidence_id].append(_proven(one, list(islice(roots, len(path)))))
    return proven


async def proven_entry(db: Connection, entry_id: int, size: int) -> Proven | None:
    """That entry, if it is among so many first leaves of the log."""
    one = await queries.leaf_of_entry(db, entry_id)
    if one is None or one.leaf.index >= size:
        return None
    return _proven(one, await inclusion_proof(db, one.leaf.index, size))


def _proven(one: LoggedLeaf, proof: list[bytes]) -> Proven:
    assert one.entry is not None, "it was found by its entry"
    commitments: Commitments = committed(one.entry, one.leaf.salts, one.erased)
    openings = {
        field: Opening(salt, None if salt is None else value_of(one.entry, field))
        for field, salt in zip(Field, one.leaf.salts, strict=True)
    }
    return Proven(one.leaf.index, leaf_bytes(one.entry, commitments).decode(), openings, proof)


async def _roots(db: Connection, spans: Sequence[Span]) -> list[bytes]:
    """Of the trees over these leaves; what several need is read once."""
    rows: set[Row] = set(rows_under(spans))
    hashes = await queries.hashes(db, rows)
    roots = {span: root_over(span, hashes) for span in set(spans)}
    return [roots[span] for span in spans]
