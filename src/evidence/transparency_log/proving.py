"""What is handed to those who verify: checkpoints, proofs, and entries in the very form in which they were hashed."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from evidence.transparency_log import queries
from evidence.transparency_log.model import Commitments, Field
from evidence.transparency_log.queries import LoggedLeaf
from evidence.transparency_log.rules.leaf import committed, leaf_bytes, value_of
from evidence.transparency_log.rules.merkle import Row, Span, consistency, inclusion, root_over, rows_under
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


async def checkpoint(db: Connection) -> str | None:
    """The newest one, with the signatures of witnesses that have seen it."""
    signed = await queries.latest_checkpoint(db)
    return signed.note + "".join(await queries.cosignatures(db, signed.size)) if signed else None


async def inclusion_proof(db: Connection, index: int, size: int) -> list[bytes]:
    """That the leaf is in the log of that size, which the log has reached. Leaves are below the size."""
    return await _roots(db, inclusion(index, size))


async def consistency_proof(db: Connection, earlier: int, later: int) -> list[bytes]:
    """That the log of the earlier size begins that of the later, which the log has reached."""
    return await _roots(db, consistency(earlier, later))


async def proven_entries(db: Connection, evidence_id: UUID, size: int) -> list[Proven]:
    """The custody entries of a piece of evidence among the first leaves of the log, so many as `size`."""
    leaves = [one for one in await queries.leaves_of_evidence(db, evidence_id) if one.leaf.index < size]
    paths = [inclusion(one.leaf.index, size) for one in leaves]
    roots = await _roots(db, [span for path in paths for span in path])
    proven, at = [], 0
    for one, path in zip(leaves, paths, strict=True):
        proven.append(_proven(one, roots[at : at + len(path)]))
        at += len(path)
    return proven


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
