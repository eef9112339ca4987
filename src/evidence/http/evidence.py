"""The desk's routes for evidence: supervisors search it and follow what happened to it. They change nothing."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency.http import OPEN, requires
from agency.model import Actor, Role
from agency.queries import reach
from evidence import queries
from evidence.access import Look, permit
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.explanation import explain
from evidence.model import CustodyEntry, Facts, Outcome
from evidence.model import State as EvidenceState
from evidence.page_marks import page_mark
from evidence.problems import ReasonNeeded
from evidence.queries import Near, Sought, Summary
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import checked_instant, declared, language_of
from foundation.object_store import begun
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, Spoken, TryLater
from foundation.words import Language, say

MOST_ON_A_PAGE = 200
PLACE = r"^\s*-?\d{1,3}(\.\d{1,9})?\s*[,，]\s*-?\d{1,2}(\.\d{1,9})?\s*$"
_READERS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)


class ReasonInWords(Struct, frozen=True):
    """Why evidence does not count. `words` are in the reader's language, `details` are what they rest on."""

    code: str
    words: str
    details: dict[str, Any]


class EvidenceFound(Struct, frozen=True):
    evidence_id: UUID
    state: EvidenceState
    state_words: str
    reasons: list[ReasonInWords]
    received_bytes: int
    size: int
    sha256: str
    media_type: Annotated[str, Meta(description="As the bytes show once they are here, as claimed before")]
    device_tag: str | None
    officer_id: UUID
    unit_id: UUID
    captured_earliest: datetime
    captured_latest: datetime
    committed_at: datetime
    received_at: datetime | None


class EvidencePage(Struct, frozen=True):
    """Newest first. `next` goes into `before` for the following page; null on the last."""

    evidence: list[EvidenceFound]
    next: str | None


class VerdictShown(Struct, frozen=True):
    """One judgement with everything it rested on, as it was then."""

    ordinal: int
    outcome: Outcome
    reasons: list[ReasonInWords]
    inputs: dict[str, Any]
    rule_version: str
    cause: str
    judged_at: datetime


class CustodyShown(Struct, frozen=True):
    id: int
    event: str
    words: str
    actor_id: UUID | None
    phone_id: UUID | None
    at: datetime
    details: dict[str, Any]


class EvidenceInFull(Struct, frozen=True):
    """`commitment` is the JWS as the phone signed it; `metadata` is what the bytes say, and decides nothing."""

    summary: EvidenceFound
    facts: Facts
    commitment: str
    receipts: dict[str, str]
    metadata: dict[str, Any] | None
    retained_until: datetime | None
    verdicts: list[VerdictShown]
    custody: list[CustodyShown]


@get(
    "/evidence",
    guards=[requires(*_READERS)],
    summary="Search evidence of the units I supervise, newest first",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def search_evidence(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    officer_id: FromQuery[UUID | None] = None,
    device_tag: Annotated[str | None, QueryParameter(max_length=100)] = None,
    sha256: Annotated[str | None, QueryParameter(pattern="^[0-9a-fA-F]{64}$")] = None,
    states: FromQuery[list[EvidenceState] | None] = None,
    reason: Annotated[str | None, QueryParameter(max_length=60, description="Code of a reason")] = None,
    captured_from: Annotated[datetime | None, QueryParameter(description="Instant with offset, included")] = None,
    captured_before: Annotated[datetime | None, QueryParameter(description="Instant with offset, not included")] = None,
    near: Annotated[str | None, QueryParameter(pattern=PLACE, description="Longitude and latitude, degrees")] = None,
    metres: Annotated[float, QueryParameter(ge=1, le=50_000, description="To each side of `near`")] = 200,
    before: Annotated[str | None, QueryParameter(description="`next` of the page before", max_length=100)] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> EvidencePage:
    begins, ends = _instant("captured_from", captured_from), _instant("captured_before", captured_before)
    if begins and ends and begins > ends:
        raise Malformed(field="captured_before", what=Spoken("malformed.order"))
    async with database.connection() as db:
        sought = Sought(
            units=await _units(db, request.user, clock),
            officer_id=officer_id,
            device_tag=device_tag,
            sha256=bytes.fromhex(sha256) if sha256 else None,
            states=states,
            reason=reason,
            begins=begins,
            ends=ends,
            near=near_place("near", near, metres) if near else None,
            before=page_mark("before", before),
            most=most + 1,
        )
        found = await queries.search(db, sought)
    language = language_of(request)
    return EvidencePage([_found(summary, language) for summary in found[:most]], next_mark(found, most))


@get(
    "/evidence/{evidence_id:uuid}",
    guards=[requires(*_READERS)],
    summary="One piece of evidence with verdicts and custody entries; the look itself becomes an entry",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound, ReasonNeeded),
)
async def show_evidence(
    evidence_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> EvidenceInFull:
    language = language_of(request)
    async with database.transaction() as db:
        summary = await within_reach(db, request.user, clock, evidence_id)
        await permit(db, request.user, evidence_id, summary.unit_id, clock.now(), Look.RECORD)
        await tell(db, Event.VIEWED, clock.now(), evidence_id=evidence_id, actor_id=request.user.person_id)
        evidence = await queries.evidence_by_id(db, evidence_id)
        assert evidence is not None
        received = await queries.content_of(db, evidence_id)
        receipts = await queries.receipts_of(db, evidence_id)
        verdicts = await queries.verdicts_of(db, evidence_id)
        custody = await queries.custody_of(db, evidence_id)
    return EvidenceInFull(
        _found(summary, language),
        evidence.facts,
        evidence.commitment,
        receipts,
        received[0].metadata if received else None,
        received[1].retained_until if received else None,
        [
            VerdictShown(
                verdict.ordinal,
                verdict.outcome,
                _in_words(verdict.reasons, language),
                verdict.inputs,
                verdict.rule_version,
                verdict.cause,
                verdict.judged_at,
            )
            for verdict in verdicts
        ],
        [custody_shown(entry, language) for entry in custody],
    )


@get(
    "/evidence/{evidence_id:uuid}/content",
    guards=[requires(*_READERS)],
    summary="The original bytes; reading them becomes a custody entry first",
    media_type="application/octet-stream",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound, ReasonNeeded, TryLater),
)
async def read_content(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Stream:
    async with custodian.database.transaction() as db:
        summary = await within_reach(db, request.user, custodian.clock, evidence_id)
        found = await queries.content_of(db, evidence_id)
        if found is None:
            raise NotFound
        content, stored, _ = found
        now = custodian.clock.now()
        await permit(db, request.user, evidence_id, summary.unit_id, now, Look.ORIGINAL)
        await tell(db, Event.CONTENT_READ, now, evidence_id=evidence_id, actor_id=request.user.person_id)
    return Stream(
        await begun(custodian.store.read(stored.key, stored.version_id)),
        media_type="application/octet-stream",
        headers={
            # Never shown by a browser as what it claims to be: it may be anything, such as a page with a script.
            "Content-Disposition": f'attachment; filename="{evidence_id}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Length": str(stored.size),
            "Plumbline-Media-Type": content.media_type,
        },
    )


class KeySet(Struct, frozen=True):
    keys: Annotated[
        list[dict[str, Any]],
        Meta(
            examples=[[{"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "use": "sig",
                        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]],
        ),
    ]  # fmt: skip


@get(
    "/.well-known/plumbline-receipt-keys.json",
    opt=OPEN,
    security=[{}],
    summary="Public keys with which anybody can check a receipt (JWK Set, RFC 7517)",
    tags=["receipts"],
)
async def receipt_keys(custodian: NamedDependency[Custodian]) -> KeySet:
    return KeySet([custodian.signer.public_key()])


def near_place(field: str, text: str, metres: float) -> Near:
    """`longitude, latitude` as somebody types or pastes it. Raises Malformed: no such place."""
    if re.fullmatch(PLACE, text):
        longitude, latitude = (float(part) for part in re.split("[,，]", text))
        if abs(longitude) <= 180 and abs(latitude) <= 90:
            return Near(longitude, latitude, metres)
    raise Malformed(field=field, what=Spoken("malformed.place"))


def custody_shown(entry: CustodyEntry, language: Language) -> CustodyShown:
    return CustodyShown(
        entry.id,
        entry.event,
        say(language, f"custody.{entry.event}"),
        entry.actor_id,
        entry.phone_id,
        entry.at,
        entry.details,
    )


def next_mark(found: list[Summary], most: int) -> str | None:
    """The mark of the following page, of one entry more than fits this one."""
    return f"{found[most - 1].committed_at.isoformat()}~{found[most - 1].id}" if len(found) > most else None


async def _units(db: Connection, actor: Actor, clock: Clock) -> list[UUID]:
    return list(await reach(db, actor, _READERS, day_of(clock.now())))


async def within_reach(db: Connection, actor: Actor, clock: Clock, evidence_id: UUID) -> Summary:
    """Raises NotFound, also for what exists beyond the reader's units."""
    sought = Sought(evidence_id=evidence_id, units=await _units(db, actor, clock), most=1)
    found = await queries.search(db, sought)
    if not found:
        raise NotFound
    return found[0]


def _instant(name: str, instant: datetime | None) -> datetime | None:
    return None if instant is None else checked_instant(name, instant)


def _in_words(reasons: list[Any], language: Language) -> list[ReasonInWords]:
    return [ReasonInWords(reason.code, explain(reason, language), reason.details) for reason in reasons]


def _found(summary: Summary, language: Language) -> EvidenceFound:
    return EvidenceFound(
        summary.id,
        summary.state,
        say(language, f"state.{summary.state}"),
        _in_words(summary.reasons, language),
        summary.received_bytes,
        summary.size,
        summary.sha256.hex(),
        summary.media_type,
        summary.device_tag,
        summary.officer_id,
        summary.unit_id,
        summary.earliest,
        summary.latest,
        summary.committed_at,
        summary.received_at,
    )


ROUTES: list[ControllerRouterHandler] = [search_evidence, show_evidence, read_content]
