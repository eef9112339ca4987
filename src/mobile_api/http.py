"""The routes of the officer's phone, except the uploads."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter, SkipValidation
from msgspec import Meta, Struct

from agency import sign_in
from agency.http import HAND_IN, OF_A_PHONE, OPEN, Me, SignInSettings, caller_address, described
from agency.model import Actor
from agency.problems import PhoneKeyRefused, PhoneRevoked, SignInRefused, TooManyAttempts
from device_registry import explanation as registry_words
from device_registry.model import Outcome, Reason
from device_registry.scanning import tag_of
from evidence import queries, upload
from evidence.commitment import commit
from evidence.custodian import Custodian
from evidence.explanation import explain, spoken_reasons
from evidence.http import next_mark
from evidence.model import Courier
from evidence.model import State as EvidenceState
from evidence.page_marks import page_mark
from evidence.problems import (
    CaptureTimeReversed,
    ClockReadingsRefused,
    CommitmentConflicts,
    CommitmentNotSigned,
    DigestMismatch,
    NotAdmissible,
    NotCommitted,
    NotYetReceived,
    UploadTooLarge,
)
from evidence.queries import Sought, Summary
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import checked_instant, declared, language_of
from foundation.problem import (
    Malformed,
    NotFound,
    NotSignedIn,
    Spoken,
    TooLarge,
    TryLater,
    UnsupportedContentType,
)
from foundation.words import Language, say
from mobile_api.standings import DeviceStandings

MOST_ON_A_PAGE = 200
MOST_OF_A_TAG = 100
"""Characters. What a QR label says of one is longer."""


class Phone(Struct, frozen=True, forbid_unknown_fields=True):
    label: Annotated[str, Meta(min_length=1, max_length=100, examples=["执法终端 3"])]
    public_key: Annotated[
        dict[str, Any],
        Meta(description="JWK of an EC P-256 public key (RFC 7518, 6.2); the private half never leaves the phone."),
    ]


class PhoneSignIn(sign_in.Confidential, frozen=True, forbid_unknown_fields=True):
    sign_in_name: Annotated[str, Meta(min_length=1, max_length=100, examples=["officer-a"])]
    password: Annotated[str, Meta(min_length=1, max_length=1000, examples=["correct horse battery staple"])]
    phone: Phone


class PhoneSignedIn(sign_in.Confidential, frozen=True):
    """`phone_id` is the `kid` of the phone's commitments. `server_time` is UTC."""

    token: str
    expires_at: datetime
    phone_id: UUID
    server_time: datetime
    me: Me


class ReasonInWords(Struct, frozen=True):
    code: str
    words: str


class DeviceStanding(Struct, frozen=True):
    """What an officer needs to know before capturing with a device."""

    tag: str
    kind: str | None
    outcome: Outcome
    words: str
    reasons: list[ReasonInWords]
    certificate_no: list[str]
    valid_until: Annotated[
        str | None, Meta(description="Last valid Beijing civil day of the certificate that ends first")
    ]
    at: datetime


class SignedCommitment(Struct, frozen=True, forbid_unknown_fields=True):
    jws: Annotated[
        str,
        Meta(
            max_length=16384,
            description="JWS compact serialisation; header alg ES256, kid the phone's id, "
            "typ plumbline-commitment+jws; payload evidence_id, sha256, size, media_type, captured_earliest, "
            "captured_latest, and where there is one clock, device_tag, place, file_name, note.",
            examples=["eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJldmlkZW5jZV9pZCI6Ii4uLiJ9.c2lnbmF0dXJl"],
        ),
    ]


class CommitmentReceived(Struct, frozen=True):
    """Receipt 1: hash, size and capture facts were known here from now on. Keep the bytes until receipt 2."""

    evidence_id: UUID
    receipt: str


class Submitted(Struct, frozen=True):
    """The evidence counts. With the receipt (2) the phone may wipe its copy."""

    evidence_id: UUID
    state: EvidenceState
    receipt: str


class EvidenceOnPhone(Struct, frozen=True):
    """One of the officer's own captures. `receipt` is receipt 2, once the bytes are here and locked."""

    evidence_id: UUID
    state: EvidenceState
    state_words: str
    reasons: list[ReasonInWords]
    received_bytes: int
    size: int
    sha256: str
    media_type: str
    device_tag: str | None
    captured_earliest: datetime
    captured_latest: datetime
    committed_at: datetime
    received_at: datetime | None
    receipt: str | None = None


class EvidencePage(Struct, frozen=True):
    """Newest first. `next` goes into `before` for the following page; absent on the last."""

    evidence: list[EvidenceOnPhone]
    next: str | None


@post(
    "/sign-in",
    opt=OPEN,
    security=[{}],
    tags=["sign-in"],
    summary="Sign in on a phone and enrol its key",
    responses=declared(
        Malformed, SignInRefused, PhoneRevoked, PhoneKeyRefused, TooLarge, UnsupportedContentType, TooManyAttempts
    ),
)
async def sign_in_on_phone(
    data: JSONBody[PhoneSignIn],
    request: Request[Any, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[SignInSettings],
) -> PhoneSignedIn:
    phone = sign_in.PhoneKey(data.phone.label, data.phone.public_key)
    attempt = sign_in.SignIn(data.sign_in_name, data.password, caller_address(request), phone)
    signed_in = await sign_in.sign_in(database, clock, attempt, hours=settings.sign_in_hours)
    assert signed_in.actor.phone_id is not None
    async with database.connection() as db:
        me = await described(db, signed_in.actor, day_of(clock.now()), language_of(request))
    return PhoneSignedIn(signed_in.token, signed_in.expires_at, signed_in.actor.phone_id, clock.now(), me)


@delete("/sign-in", tags=["sign-in"], summary="Sign out: revokes the token", responses=declared(NotSignedIn))
async def sign_out_on_phone(
    request: Request[Actor, bytes, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> None:
    await sign_in.sign_out(database, clock, request.auth)


@get(
    "/standing",
    tags=["devices"],
    summary="May evidence be captured with this device, now or at a given instant",
    responses=declared(Malformed, NotSignedIn),
)
async def standing_of_device(
    device_tag: Annotated[
        str,
        QueryParameter(min_length=1, max_length=1200, description="Number on the device, or what its QR label says"),
    ],
    request: Request[Actor, Any, State],
    standings: NamedDependency[SkipValidation[DeviceStandings]],  # asked most: each microsecond counts
    at: Annotated[
        datetime | None,
        QueryParameter(
            description="Instant of capture with its offset, such as 2026-05-04T09:30:00+08:00; now if absent"
        ),
    ] = None,
) -> DeviceStanding:
    device_tag = tag_of(device_tag)
    if not 1 <= len(device_tag) <= MOST_OF_A_TAG:
        raise Malformed(field="device_tag", what=Spoken("malformed.length", length=f"1–{MOST_OF_A_TAG}"))
    standing, instant = await standings.at(device_tag, None if at is None else checked_instant("at", at))
    language = language_of(request)
    if standing is None:
        words = say(language, f"standing.{Reason.DEVICE_UNKNOWN}", device=device_tag)
        unknown = [ReasonInWords(Reason.DEVICE_UNKNOWN, words)]
        return DeviceStanding(
            device_tag, None, Outcome.NOT_IN_STANDING, _sentence(unknown, language), unknown, [], None, instant
        )
    reasons = [ReasonInWords(found.reason, registry_words.why(found, language)) for found in standing.reasons]
    return DeviceStanding(
        device_tag,
        standing.device.kind_zh if language == "zh-CN" else standing.device.kind_en,
        standing.outcome,
        _sentence(reasons, language),
        reasons,
        [certificate.certificate_no for certificate in standing.certificates],
        min((str(certificate.valid_until) for certificate in standing.certificates), default=None),
        instant,
    )


@post(
    "/commitments",
    opt=HAND_IN,
    tags=["evidence"],
    summary="Commit to evidence before its bytes travel",
    description="Idempotent: the same facts under the same id are acknowledged again with the first receipt (200).",
    responses=declared(
        Malformed, NotSignedIn, CommitmentConflicts, TooLarge, UnsupportedContentType,
        CommitmentNotSigned, CaptureTimeReversed, ClockReadingsRefused, UploadTooLarge,
    ),
)  # fmt: skip
async def commit_to_evidence(
    data: JSONBody[SignedCommitment], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Response[CommitmentReceived]:
    acknowledged = await commit(custodian, data.jws, Courier.behind(request.user))
    return Response(
        CommitmentReceived(acknowledged.evidence_id, acknowledged.receipt),
        status_code=HTTPStatus.CREATED if acknowledged.first else HTTPStatus.OK,
    )


@post(
    "/evidence/{evidence_id:uuid}/submission",
    opt=HAND_IN,
    status_code=HTTPStatus.OK,
    tags=["evidence"],
    summary="Hand in: may this evidence count?",
    description="Answers from the verdict frozen when the last byte had come, as often as it is asked. Evidence that "
    "may not count is answered 409 with every reason; it is kept and locked all the same, and the receipt in that "
    "answer lets the phone wipe its copy.",
    responses=declared(Malformed, NotSignedIn, NotCommitted, NotAdmissible, NotYetReceived, DigestMismatch, TryLater),
)
async def submit(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], custodian: NamedDependency[Custodian]
) -> Submitted:
    settled = await upload.settle(custodian, evidence_id, Courier.behind(request.user))
    if settled.verdict.outcome != "ADMITTED":
        raise NotAdmissible(
            members={
                "evidence_id": evidence_id,
                "state": settled.verdict.outcome,
                "reasons": spoken_reasons(settled.verdict),
                "receipt": settled.receipt,
            },
            count=len(settled.verdict.reasons),
        )
    return Submitted(evidence_id, EvidenceState.ADMITTED, settled.receipt)


@get(
    "/evidence",
    tags=["evidence"],
    summary="My evidence, newest first",
    responses=declared(Malformed, NotSignedIn),
)
async def my_evidence(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    before: Annotated[str | None, QueryParameter(description="`next` of the page before", max_length=100)] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> EvidencePage:
    sought = Sought(officer_id=request.user.person_id, before=page_mark("before", before), most=most + 1)
    async with database.connection() as db:
        found = await queries.search(db, sought)
    language = language_of(request)
    return EvidencePage([_shown(summary, language) for summary in found[:most]], next_mark(found, most))


@get(
    "/evidence/{evidence_id:uuid}",
    tags=["evidence"],
    summary="One of my captures, with its receipt",
    responses=declared(Malformed, NotSignedIn, NotFound),
)
async def my_piece_of_evidence(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, State], database: NamedDependency[Database]
) -> EvidenceOnPhone:
    async with database.connection() as db:
        found = await queries.search(db, Sought(officer_id=request.user.person_id, evidence_id=evidence_id, most=1))
        if not found:
            raise NotFound
        receipt = await queries.receipt_of(db, evidence_id, "SAFE_TO_WIPE")
    return _shown(found[0], language_of(request), receipt or None)


def _shown(summary: Summary, language: Language, receipt: str | None = None) -> EvidenceOnPhone:
    return EvidenceOnPhone(
        summary.id,
        summary.state,
        say(language, f"state.{summary.state}"),
        [ReasonInWords(reason.code, explain(reason, language)) for reason in summary.reasons],
        summary.received_bytes,
        summary.size,
        summary.sha256.hex(),
        summary.media_type,
        summary.device_tag,
        summary.earliest,
        summary.latest,
        summary.committed_at,
        summary.received_at,
        receipt,
    )


def _sentence(reasons: list[ReasonInWords], language: Language) -> str:
    if not reasons:
        return say(language, "standing.in-standing")
    return say(language, "standing.sentence", why="".join(reason.words for reason in reasons))


router = Router(
    "/mobile/v1",
    route_handlers=[
        sign_in_on_phone, sign_out_on_phone, standing_of_device, commit_to_evidence, submit, my_evidence,
        my_piece_of_evidence,
    ],
    opt=OF_A_PHONE,
)  # fmt: skip
