"""Files of devices and certificates, taken in whole or not at all."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State, UploadFile
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation, RequestBody, Schema
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.model import Actor, Role
from device_registry.importing.columns import ImportMapping
from device_registry.importing.desk import import_for
from device_registry.importing.reading import Heading
from device_registry.importing.report import Duplicate, Effect, Report, RowOutcome, Wish
from device_registry.importing.table import MAX_FILE_BYTES
from device_registry.problems import (
    DeviceTagTaken,
    FactAlreadyRecorded,
    ImportChanged,
    ImportColumns,
    ImportNotPreviewed,
    ImportRefused,
    ImportUnreadable,
)
from device_registry.queries.import_files import ImportSubject
from device_registry.record import StandingChanged
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared, language_of
from foundation.misfit import not_decoded
from foundation.problem import (
    Malformed,
    NotAllowed,
    NotSignedIn,
    Spoken,
    TooLarge,
)


class FaultShown(msgspec.Struct, frozen=True):
    field: str
    reason: str


class RowShown(msgspec.Struct, frozen=True):
    """`number` is the row's in a spreadsheet."""

    number: int
    outcome: RowOutcome
    faults: list[FaultShown]


class ReasonShown(msgspec.Struct, frozen=True):
    """One reason and all rows it refuses, as `2-5, 9`."""

    field: str
    reason: str
    count: int
    rows: str


class ImportReport(msgspec.Struct, frozen=True):
    """What a file has come to, or, for a dry run, would come to.

    `written` is false for a dry run. `rows` are the first 1,000 that are refused and the first 20 that are accepted;
    `reasons` names every refused row. `duplicates` are numbers that stand for more than one thing: shown, not refused.
    `preview` names the file with its mapping and what would come of it: sent back, exactly that is written, or nothing.
    """

    written: bool
    preview: str
    accepted: int
    refused: int
    left_out: int
    rows: list[RowShown]
    reasons: list[ReasonShown]
    effect: Effect
    duplicates: int
    duplicates_shown: list[Duplicate]
    header_row: int
    headings: list[Heading]
    proposal: ImportMapping
    notes: list[str]


@dataclass
class _FileOperation(Operation):
    """Describes the body of an import: the file as it is, or as part `file` of a form with an optional `mapping`."""

    def __post_init__(self) -> None:
        binary = Schema(type="string", format="binary")  # type: ignore[arg-type]
        mapping = Schema(
            type="string",  # type: ignore[arg-type]
            description="JSON: columns (field → heading), constants (field → value), values (field → word → meaning), "
            "date_order (YMD, DMY or MDY), sheet (of a workbook), encoding (of a CSV).",
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


_IMPORT_PROBLEMS = (
    Malformed,
    NotSignedIn,
    NotAllowed,
    TooLarge,
    ImportUnreadable,
    ImportColumns,
    ImportRefused,
    ImportNotPreviewed,
    ImportChanged,
)
DryRun = Annotated[bool, QueryParameter(description="Only say what would come of it: a preview. Nothing is written.")]
LeaveOut = Annotated[
    bool, QueryParameter(description="Leave refused rows out and write the others, instead of none at all.")
]
Preview = Annotated[
    str | None,
    QueryParameter(description="The `preview` of the dry run: what it showed is written, or nothing.", max_length=80),
]


@post(
    "/device-imports",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Preview a CSV or XLSX file of devices, or register every one of them, or none",
    status_code=200,
    request_max_body_size=MAX_FILE_BYTES + (1 << 16),
    operation_class=_FileOperation,
    responses=declared(*_IMPORT_PROBLEMS, DeviceTagTaken),
)
async def add_device_file(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
    dry_run: DryRun = False,
    leave_out_refused: LeaveOut = False,
    preview: Preview = None,
) -> Response[ImportReport]:
    content, mapping = await _file(request)
    wish = Wish(dry_run=dry_run, leave_out=leave_out_refused, preview=preview)
    report = await import_for(
        request.user, database, clock, ImportSubject.DEVICES, content, mapping, wish, standing_changed
    )
    return _reported(request, report)


@post(
    "/certificate-imports",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Preview a CSV or XLSX file of certificates and failure notices, or record every one of them, or none",
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
    dry_run: DryRun = False,
    leave_out_refused: LeaveOut = False,
    preview: Preview = None,
) -> Response[ImportReport]:
    content, mapping = await _file(request)
    wish = Wish(dry_run=dry_run, leave_out=leave_out_refused, preview=preview)
    report = await import_for(
        request.user, database, clock, ImportSubject.CERTIFICATES, content, mapping, wish, standing_changed
    )
    return _reported(request, report)


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


ROUTES: list[ControllerRouterHandler] = [add_device_file, add_certificate_file]
