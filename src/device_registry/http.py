"""The desk's routes for the register: managers add devices and facts, and whoever supervises or reviews reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import State, UploadFile
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation, RequestBody, Schema
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role, Unit
from agency.queries import reach, units_by_id
from device_registry import queries
from device_registry.explanation import explain
from device_registry.importing.certificates import import_certificates
from device_registry.importing.columns import ImportMapping
from device_registry.importing.devices import import_devices
from device_registry.importing.report import Report, RowOutcome
from device_registry.importing.table import MAX_FILE_BYTES
from device_registry.model import (
    Caution,
    Datum,
    Device,
    DeviceKind,
    Fact,
    InForce,
    Interval,
    Mounting,
    Nature,
    Occasion,
    Outcome,
    Place,
    Reason,
    Requirement,
    ServiceChange,
    ServiceEvent,
    Span,
    VerificationCertificate,
    VerificationFailureNotice,
    VerifiedPeriod,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import (
    ChannelUnknown,
    ConclusionDoesNotFit,
    DateNotPlausible,
    DeviceKindUnknown,
    DeviceNotFound,
    DeviceRetired,
    DeviceTagTaken,
    FactAlreadyRecorded,
    ImportColumns,
    ImportRefused,
    ImportUnreadable,
    RequirementTooWeak,
    UnitUnknown,
    ValidUntilTooEarly,
)
from device_registry.record import StandingChanged, record_fact
from device_registry.register import Registration, register_device
from foundation.civil import FIRST_DAY, LAST_DAY, beginning_of, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared, language_of
from foundation.misfit import not_decoded
from foundation.problem import (
    Malformed,
    NotAllowed,
    NotSignedIn,
    Spoken,
    TooLarge,
    UnsupportedContentType,
)

READERS = (Role.DEVICE_MANAGER, Role.SUPERVISOR, Role.REVIEWER)
MOST_ON_A_PAGE = 200

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
"""One line of text; the spaces around and between its words are put in order."""
Remark = Annotated[str, Meta(max_length=2000)]
Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$", description="Of the document.")]
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-05-03T14:05:00+08:00"])]
Day = Annotated[date, Meta(description="Beijing civil day.", examples=["2026-05-03"])]
Sequence = Annotated[int, Meta(ge=1, le=2**31 - 1, description="Orders the results of one day.")]
Channel = Annotated[str, Meta(max_length=20, description="Of a kind with channels: the one this result is about.")]


class NewPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    longitude: Annotated[float, Meta(ge=-180, le=180, examples=[114.3055])]
    latitude: Annotated[float, Meta(ge=-90, le=90, examples=[30.5928])]
    datum: Datum


class NewDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`requirement` may be left out, or be MANDATORY where the kind asks for less."""

    tag: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S", examples=["SLM-041"])]
    kind: Annotated[str, Meta(max_length=100, examples=["SOUND_LEVEL"])]
    serial_no: Line
    model: Line
    maker: Line
    unit_id: UUID
    mounting: Mounting
    address: Line | None = None
    place: NewPlace | None = None
    requirement: Requirement | None = None


class NewCertificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verification certificate as it is written; the last valid day is inclusive."""

    verified_on: Day
    valid_until: Day
    certificate_no: Line
    issuing_body: Line
    occasion: Occasion = Occasion.SUBSEQUENT
    nature: Nature = Nature.VERIFICATION
    channel: Channel = ""
    regulation: Line | None = None
    issued_sequence: Sequence | None = None
    document_sha256: Sha256 | None = None


class NewFailureNotice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    failed_on: Day
    notice_no: Line
    issuing_body: Line
    channel: Channel = ""
    regulation: Line | None = None
    failed_items: Remark | None = None
    issued_sequence: Sequence | None = None
    document_sha256: Sha256 | None = None


class NewVoidEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cause: VoidCause
    occurred_at: Instant
    remark: Remark | None = None


class NewServiceEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    change: ServiceChange
    occurred_at: Instant
    reason: Remark | None = None


class NewConclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    requirement: Requirement
    document_no: Line
    conclusion: Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
    concluded_on: Day


class Recorded(msgspec.Struct, frozen=True):
    """`id` is the fact's. What follows from it is derived already: read the device."""

    id: UUID


class DevicePage(msgspec.Struct, frozen=True):
    """In the order of tags. `next` goes into `after` for the following page; null on the last."""

    devices: list[Device]
    next: str | None


class CertificateShown(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    verified_on: date
    valid_until: date
    certificate_no: str
    issuing_body: str
    occasion: Occasion
    nature: Nature
    channel: str
    regulation: str | None
    issued_sequence: int | None
    document_sha256: str | None


class FailureNoticeShown(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    failed_on: date
    notice_no: str
    issuing_body: str
    channel: str
    regulation: str | None
    failed_items: str | None
    issued_sequence: int | None
    document_sha256: str | None


class DeviceInFull(msgspec.Struct, frozen=True):
    """The device, every fact about it, and the half-open periods (UTC) that follow from them."""

    device: Device
    certificates: list[CertificateShown]
    failure_notices: list[FailureNoticeShown]
    void_events: list[VoidEvent]
    service_events: list[ServiceEvent]
    written_conclusions: list[WrittenConclusion]
    verified_periods: list[VerifiedPeriod]
    service_periods: list[Span]


class ReasonShown(msgspec.Struct, frozen=True):
    """`words` are in the reader's language."""

    code: Reason
    channel: str
    words: str


class StandingShown(msgspec.Struct, frozen=True):
    """Whether what the device captures at that instant may count; all reasons if not."""

    device_id: UUID
    tag: str
    at: datetime
    outcome: Outcome
    reasons: list[ReasonShown]
    certificates: list[InForce]
    conclusion_id: UUID | None
    verified_that_day: bool
    cautions: list[Caution]
    rule_version: str


class FaultShown(msgspec.Struct, frozen=True):
    field: str
    reason: str


class RowShown(msgspec.Struct, frozen=True):
    """`number` is the row's in a spreadsheet."""

    number: int
    outcome: RowOutcome
    faults: list[FaultShown]


class ImportReport(msgspec.Struct, frozen=True):
    """`written` is false for a dry run. A file with refused rows is answered by the problem `import-refused`."""

    written: bool
    accepted: int
    refused: int
    rows: list[RowShown]


@dataclass
class _FileOperation(Operation):
    """Describes the body of an import: the file as it is, or as part `file` of a form with an optional `mapping`."""

    def __post_init__(self) -> None:
        binary = Schema(type="string", format="binary")  # type: ignore[arg-type]
        mapping = Schema(
            type="string",  # type: ignore[arg-type]
            description="JSON: columns (field → heading), constants (field → value), values (field → word → meaning), "
            "date_order (YMD, DMY or MDY).",
            examples=['{"columns": {"tag": "资产号"}, "constants": {"mounting": "FIXED"}, "date_order": "DMY"}'],
        )
        form = Schema(
            type="object",  # type: ignore[arg-type]
            properties={"file": binary, "mapping": mapping},
            required=["file"],
        )
        self.request_body = RequestBody(
            required=True,
            content={
                "multipart/form-data": OpenAPIMediaType(schema=form),
                "text/csv": OpenAPIMediaType(schema=binary),
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": OpenAPIMediaType(schema=binary),
            },
        )


@get("/device-kinds", summary="The catalogue of device kinds", responses=declared(NotSignedIn))
async def device_kinds(database: NamedDependency[Database]) -> list[DeviceKind]:
    async with database.connection() as db:
        return await queries.device_kinds(db)


@post(
    "/devices",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Register a device",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, DeviceTagTaken, TooLarge, UnsupportedContentType,
        DeviceKindUnknown, UnitUnknown, RequirementTooWeak,
    ),
)  # fmt: skip
async def add_device(
    data: JSONBody[NewDevice],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Device:
    async with database.connection() as db:
        if data.unit_id not in await _managed(db, request.user, clock):
            raise UnitUnknown(field="unit_id")
    registration = Registration(
        tag=_tidy(data.tag),
        kind=data.kind,
        serial_no=_tidy(data.serial_no),
        model=_tidy(data.model),
        maker=_tidy(data.maker),
        unit_id=data.unit_id,
        mounting=data.mounting,
        address=_tidy(data.address) if data.address else None,
        place=Place(data.place.longitude, data.place.latitude, data.place.datum) if data.place else None,
        requirement=data.requirement,
    )
    return await register_device(database, clock, registration, registered_by=request.user.person_id)


@get(
    "/devices",
    guards=[requires(*READERS)],
    summary="Search the devices of my units",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def find_devices(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    text: Annotated[str | None, QueryParameter(max_length=100, description="Part of a tag or a serial number")] = None,
    kind: Annotated[str | None, QueryParameter(max_length=100)] = None,
    after: Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before")] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> DevicePage:
    async with database.connection() as db:
        units = await reach(db, request.user, READERS, day_of(clock.now()))
        found = await queries.devices(db, units, text=text, kind=kind, after=after, most=most + 1)
    return DevicePage(found[:most], found[most - 1].tag if len(found) > most else None)


@get(
    "/devices/{device_id:uuid}",
    guards=[requires(*READERS)],
    summary="A device with every fact about it",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DeviceNotFound),
)
async def show_device(
    device_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> DeviceInFull:
    async with database.connection() as db:
        device = await _known_device(db, request.user, READERS, device_id, clock)
        facts = await queries.facts_of(db, device_id)
        verified = await queries.verified_periods_of(db, [device_id])
        served = await queries.service_periods_of(db, [device_id])
    return DeviceInFull(
        device,
        [CertificateShown(**_with_hex(certificate)) for certificate in facts.certificates],
        [FailureNoticeShown(**_with_hex(notice)) for notice in facts.failure_notices],
        [*facts.void_events],
        [*facts.service_events],
        [*facts.written_conclusions],
        verified[device_id],
        served[device_id],
    )


@get(
    "/devices/{device_id:uuid}/standing",
    guards=[requires(*READERS)],
    summary="May what the device captures at an instant count?",
    responses=declared(Malformed, NotSignedIn, NotAllowed, DeviceNotFound),
)
async def show_standing(
    device_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    at: Annotated[datetime | None, QueryParameter(description="Instant with offset; left out: now")] = None,
) -> StandingShown:
    instant = _instant(at) if at else clock.now()
    async with database.connection() as db:
        device = await _known_device(db, request.user, READERS, device_id, clock)
        found = await queries.standing_of(db, device.tag, Interval(instant, instant))
    assert found is not None
    language = language_of(request)
    return StandingShown(
        device.id,
        device.tag,
        instant,
        found.outcome,
        [ReasonShown(finding.reason, finding.channel, explain(finding, language)) for finding in found.reasons],
        [*found.certificates],
        found.conclusion_id,
        found.verified_that_day,
        [*found.cautions],
        found.rule_version,
    )


_FACT_PROBLEMS = (
    Malformed, NotSignedIn, NotAllowed, DeviceNotFound, FactAlreadyRecorded, TooLarge, UnsupportedContentType,
    DateNotPlausible,
)  # fmt: skip


@post(
    "/devices/{device_id:uuid}/verification-certificates",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record a verification certificate (or one of calibration, which verifies nothing)",
    responses=declared(*_FACT_PROBLEMS, ValidUntilTooEarly, ChannelUnknown),
)
async def add_certificate(
    device_id: FromPath[UUID],
    data: JSONBody[NewCertificate],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    certificate = VerificationCertificate(**_as_written(data))
    return await _record(database, clock, request.user, device_id, certificate, standing_changed)


@post(
    "/devices/{device_id:uuid}/verification-failure-notices",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record that the device failed its verification",
    responses=declared(*_FACT_PROBLEMS, ChannelUnknown),
)
async def add_failure_notice(
    device_id: FromPath[UUID],
    data: JSONBody[NewFailureNotice],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    notice = VerificationFailureNotice(**_as_written(data))
    return await _record(database, clock, request.user, device_id, notice, standing_changed)


@post(
    "/devices/{device_id:uuid}/void-events",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record what ended a verification early",
    responses=declared(*_FACT_PROBLEMS),
)
async def add_void_event(
    device_id: FromPath[UUID],
    data: JSONBody[NewVoidEvent],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    event = VoidEvent(cause=data.cause, occurred_at=data.occurred_at, remark=data.remark)
    return await _record(database, clock, request.user, device_id, event, standing_changed)


@post(
    "/devices/{device_id:uuid}/service-events",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record that the device was put in service, suspended, resumed or retired",
    responses=declared(*_FACT_PROBLEMS, DeviceRetired),
)
async def add_service_event(
    device_id: FromPath[UUID],
    data: JSONBody[NewServiceEvent],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    event = ServiceEvent(change=data.change, occurred_at=data.occurred_at, reason=data.reason)
    return await _record(database, clock, request.user, device_id, event, standing_changed)


@post(
    "/devices/{device_id:uuid}/written-conclusions",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record why the device needs no verification",
    responses=declared(*_FACT_PROBLEMS, ConclusionDoesNotFit),
)
async def add_conclusion(
    device_id: FromPath[UUID],
    data: JSONBody[NewConclusion],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Recorded:
    conclusion = WrittenConclusion(
        requirement=data.requirement,
        document_no=_tidy(data.document_no),
        conclusion=data.conclusion.strip(),
        concluded_on=data.concluded_on,
    )
    return await _record(database, clock, request.user, device_id, conclusion, standing_changed)


_IMPORT_PROBLEMS = (Malformed, NotSignedIn, NotAllowed, TooLarge, ImportUnreadable, ImportColumns, ImportRefused)


@post(
    "/device-imports",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Register every device of a CSV or XLSX file, or none",
    status_code=200,
    request_max_body_size=MAX_FILE_BYTES + (1 << 16),
    operation_class=_FileOperation,
    responses=declared(*_IMPORT_PROBLEMS),
)
async def add_device_file(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    dry_run: FromQuery[bool] = False,
) -> Response[ImportReport]:
    content, mapping = await _file(request)
    day = day_of(clock.now())
    async with database.connection() as db:
        managed = await _managed(db, request.user, clock)
        units = await units_by_id(db, managed, day)
    report = await import_devices(
        database,
        clock,
        content,
        mapping,
        units=_by_any_word(units),
        default_unit=request.user.unit_id if request.user.unit_id in managed else None,
        registered_by=request.user.person_id,
        dry_run=dry_run,
    )
    return _reported(request, report)


@post(
    "/certificate-imports",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Record every certificate and failure notice of a CSV or XLSX file, or none",
    status_code=200,
    request_max_body_size=MAX_FILE_BYTES + (1 << 16),
    operation_class=_FileOperation,
    responses=declared(*_IMPORT_PROBLEMS, FactAlreadyRecorded),
)
async def add_certificate_file(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
    dry_run: FromQuery[bool] = False,
) -> Response[ImportReport]:
    content, mapping = await _file(request)
    async with database.connection() as db:
        managed = await _managed(db, request.user, clock)
    report = await import_certificates(
        database,
        clock,
        content,
        mapping,
        units=managed,
        recorded_by=request.user.person_id,
        dry_run=dry_run,
        on_change=standing_changed,
    )
    return _reported(request, report)


router = Router(
    "/desk/v1",
    route_handlers=[
        device_kinds,
        add_device,
        find_devices,
        show_device,
        show_standing,
        add_certificate,
        add_failure_notice,
        add_void_event,
        add_service_event,
        add_conclusion,
        add_device_file,
        add_certificate_file,
    ],
    tags=["devices"],
)


async def _record(
    database: Database, clock: Clock, actor: Actor, device_id: UUID, fact: Fact, standing_changed: StandingChanged
) -> Recorded:
    async with database.connection() as db:
        await _known_device(db, actor, (Role.DEVICE_MANAGER,), device_id, clock)
    await record_fact(database, clock, device_id, fact, recorded_by=actor.person_id, on_change=standing_changed)
    return Recorded(fact.id)


async def _managed(db: Connection, actor: Actor, clock: Clock) -> frozenset[UUID]:
    """The units whose devices the actor manages today."""
    return await reach(db, actor, (Role.DEVICE_MANAGER,), day_of(clock.now()))


async def _known_device(db: Connection, actor: Actor, roles: tuple[Role, ...], device_id: UUID, clock: Clock) -> Device:
    """Raises DeviceNotFound, also for a device beyond the units that these roles reach."""
    device = await queries.device_by_id(db, device_id)
    if device is None or device.unit_id not in await reach(db, actor, roles, day_of(clock.now())):
        raise DeviceNotFound
    return device


async def _file(request: Request[Actor, Any, State]) -> tuple[bytes, ImportMapping]:
    """The file and its mapping from a form, or the body as it is. Raises Malformed."""
    if request.content_type[0] != "multipart/form-data":
        return await request.body(), ImportMapping()
    form = await request.form()
    file, mapping = form.get("file"), form.get("mapping")
    if not isinstance(file, UploadFile):
        raise Malformed(field="file", what=Spoken("malformed.missing"))
    try:
        return await file.read(), msgspec.json.decode(str(mapping or "{}"), type=ImportMapping)
    except msgspec.DecodeError as error:
        raise not_decoded(error) from error


def _reported(request: Request[Actor, Any, State], report: Report) -> Response[ImportReport]:
    language = language_of(request)
    content = msgspec.convert(report.spoken(language), ImportReport)
    return Response(content, headers={"Content-Language": language, "Vary": "Accept-Language"})


def _by_any_word(units: Iterable[Unit]) -> dict[str, UUID]:
    """Units by id, name and division code, in small letters; a word that several share stands for none."""
    found: dict[str, set[UUID]] = {}
    for unit in units:
        for word in (str(unit.id), unit.name_zh, unit.name_en, unit.division_code):
            if word:
                found.setdefault(word.casefold(), set()).add(unit.id)
    return {word: next(iter(ids)) for word, ids in found.items() if len(ids) == 1}


def _as_written(data: NewCertificate | NewFailureNotice) -> dict[str, Any]:
    written = msgspec.structs.asdict(data)
    for name in ("certificate_no", "notice_no", "issuing_body", "channel", "regulation"):
        if written.get(name):
            written[name] = _tidy(written[name])
    digest = written.pop("document_sha256")
    return written | {"document_sha256": digest and bytes.fromhex(digest)}


def _with_hex(fact: VerificationCertificate | VerificationFailureNotice) -> dict[str, Any]:
    digest = fact.document_sha256
    return msgspec.structs.asdict(fact) | {"document_sha256": digest and digest.hex()}


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _instant(at: datetime) -> datetime:
    """Raises Malformed for a time without offset, and for one beyond the days that can be told."""
    if at.tzinfo is None:
        raise Malformed(field="at", what=Spoken("malformed.timezone"))
    if not beginning_of(FIRST_DAY) <= at < beginning_of(LAST_DAY):
        raise Malformed(field="at", what=Spoken("malformed.range"))
    return at
