"""`/log/v1` for anybody: checkpoints, keys, proofs, none of which tells of a person. `/desk/v1` for the entries."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta

from agency.http import OPEN, requires
from agency.model import Actor, Role
from evidence.custody import Event, tell
from evidence.http.evidence import within_reach
from evidence.transparency_log import proving, queries
from evidence.transparency_log.shown import EntryProven, Hash, entry_shown, in_base64
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, Spoken

MOST_LEAVES = 1 << 62
"""Of any log; so that no number is too large for the database."""
_Size = Annotated[int, QueryParameter(ge=1, le=MOST_LEAVES, description="Leaves of a log, as checkpoints count them")]

_READERS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)


class LogKeys(msgspec.Struct, frozen=True):
    """Of everybody who signs, or signed, checkpoints here; oldest first."""

    keys: Annotated[
        list[str],
        Meta(
            description="Verifier keys (C2SP signed-note)",
            examples=[["PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]],
        ),
    ]


class LogProof(msgspec.Struct, frozen=True):
    """RFC 9162, 2.1.3 and 2.1.4: in the order in which they are hashed."""

    hashes: list[Hash]


class EvidenceProven(msgspec.Struct, frozen=True):
    """Everything with which a stranger finds each entry under the checkpoint, by himself."""

    checkpoint: Annotated[str, Meta(description="Signed note (C2SP tlog-checkpoint)")]
    keys: list[str]
    entries: list[EntryProven]


@get(
    "/checkpoint",
    media_type=MediaType.TEXT,
    summary="The newest checkpoint: a signed note (C2SP tlog-checkpoint), with the signatures of witnesses",
    responses=declared(Malformed, NotFound),
)
async def latest_checkpoint(
    database: NamedDependency[Database],
    witnessed: Annotated[bool, QueryParameter(description="The newest that a witness has signed")] = False,
) -> Response[str]:
    async with database.connection() as db:
        note = await proving.checkpoint(db, witnessed=witnessed)
    if note is None:
        raise NotFound
    return Response(note, media_type=MediaType.TEXT, headers={"Cache-Control": "no-cache"})


@get(
    "/time-token",
    media_type="application/timestamp-reply",
    summary="The newest time stamp (RFC 3161) over the text of a checkpoint, as the authority answered it",
    responses=declared(NotFound),
)
async def latest_time_token(database: NamedDependency[Database]) -> Response[bytes]:
    async with database.connection() as db:
        found = await queries.latest_stamped(db)
    if found is None:
        raise NotFound
    size, token = found
    headers = {"Plumbline-Checkpoint-Size": str(size), "Cache-Control": "no-cache"}
    return Response(token, media_type="application/timestamp-reply", headers=headers)


@get("/keys", summary="Public keys with which anybody can check a checkpoint", responses=declared())
async def log_keys(database: NamedDependency[Database]) -> LogKeys:
    async with database.connection() as db:
        return LogKeys(await queries.verifier_keys(db))


class LogParting(msgspec.Struct, frozen=True):
    """After a restore the log went on under another name. What was signed under the earlier one beyond `size` is lost
    here: who holds it has what there was.
    """

    earlier: str
    later: str
    size: Annotated[int, Meta(description="Leaves that both names share")]
    reason: str
    at: datetime
    lost_checkpoint: Annotated[str | None, Meta(description="The newest of the earlier name that is known of")]


class LogHistory(msgspec.Struct, frozen=True):
    """The earliest first; empty where nothing was ever restored."""

    origin: str
    partings: list[LogParting]


@get("/history", summary="The log's name, and those it had before a restore", responses=declared())
async def log_history(database: NamedDependency[Database]) -> LogHistory:
    async with database.connection() as db:
        partings = [
            LogParting(one.earlier, one.later, one.size, one.reason, one.at, one.lost_note)
            for one in await queries.partings(db)
        ]
        return LogHistory(await queries.origin_of(db), partings)


@get(
    "/inclusion-proof",
    summary="That a leaf is in the log of that size",
    responses=declared(Malformed, NotFound),
)
async def prove_inclusion(
    database: NamedDependency[Database],
    index: Annotated[int, QueryParameter(ge=0, le=MOST_LEAVES, description="Of the leaf, from 0")],
    size: _Size,
) -> LogProof:
    if index >= size:
        raise Malformed(field="index", what=Spoken("malformed.order"))
    async with database.connection() as db:
        await _has_reached(db, size)
        return LogProof(in_base64(await proving.inclusion_proof(db, index, size)))


@get(
    "/consistency-proof",
    summary="That the log of the earlier size is the beginning of the log of the later one",
    responses=declared(Malformed, NotFound),
)
async def prove_consistency(database: NamedDependency[Database], earlier: _Size, later: _Size) -> LogProof:
    if earlier > later:
        raise Malformed(field="earlier", what=Spoken("malformed.order"))
    async with database.connection() as db:
        await _has_reached(db, later)
        return LogProof(in_base64(await proving.consistency_proof(db, earlier, later)))


@get(
    "/evidence/{evidence_id:uuid}/log",
    guards=[requires(*_READERS)],
    summary="Proof of every custody entry that is in the log; the look itself becomes an entry",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound),
    tags=["evidence"],
)
async def prove_evidence(
    evidence_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> EvidenceProven:
    async with database.transaction() as db:
        await within_reach(db, request.user, clock, evidence_id)
        await tell(db, Event.VIEWED, clock.now(), evidence_id=evidence_id, actor_id=request.user.person_id)
        signed = await queries.latest_checkpoint(db)
        if signed is None:
            raise NotFound
        proven = await proving.proven_entries(db, evidence_id, signed.size)
        return EvidenceProven(signed.note, await queries.verifier_keys(db), [entry_shown(one) for one in proven])


async def _has_reached(db: Connection, size: int) -> None:
    """Raises NotFound."""
    if size > await queries.size_of(db):
        raise NotFound


router = Router(
    "/log/v1",
    route_handlers=[latest_checkpoint, latest_time_token, log_keys, log_history, prove_inclusion, prove_consistency],
    opt=OPEN,
    security=[{}],
    tags=["log"],
)
desk_router = Router("/desk/v1", route_handlers=[prove_evidence])
