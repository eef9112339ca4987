"""Spreadsheets into the register: brought, looked at as they would come in, set right, and only then taken."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from agency.http import requires
from agency.model import Actor, Role
from console.forms import Form, choices
from console.pages import page, redirect
from console.visit import Visit
from device_registry import queries
from device_registry.importing.columns import CERTIFICATE_HEADINGS, DEVICE_HEADINGS, ImportMapping
from device_registry.importing.desk import import_for
from device_registry.importing.report import Effect, Wish
from device_registry.importing.table import MAX_FILE_BYTES
from device_registry.problems import ImportColumns
from device_registry.queries import ImportFile, ImportSubject
from device_registry.record import StandingChanged
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Malformed, NotFound, Problem, Spoken
from foundation.words import Language, say

KEPT = timedelta(hours=24)
"""How long a file waits between its preview and its import."""
MAX_BODY_BYTES = MAX_FILE_BYTES + (1 << 16)
HEADINGS = {ImportSubject.DEVICES: DEVICE_HEADINGS, ImportSubject.CERTIFICATES: CERTIFICATE_HEADINGS}
MANAGERS = [requires(Role.DEVICE_MANAGER)]


class Brought(msgspec.Struct, frozen=True):
    subject: ImportSubject


class Taken(msgspec.Struct, frozen=True):
    preview: str
    leave_out: bool = False


class Outlook(msgspec.Struct, frozen=True):
    """What the file would come to, said in the reader's language; `trouble` where it cannot be read that far."""

    told: dict[str, Any]
    trouble: str | None


@get("/imports", guards=MANAGERS)
async def choose_file(visit: NamedDependency[Visit], request: Request[Actor, Any, State]) -> Response[str]:
    return _choosing(visit, Form({"subject": ImportSubject.DEVICES}), request.query_params.get("done"))


@post("/imports", guards=MANAGERS, status_code=200, request_max_body_size=MAX_BODY_BYTES)
async def bring_file(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        brought = form.read(Brought)
        upload = form.files.get("file")
        if upload is None:
            raise Malformed(field="file", what=Spoken("malformed.missing"))
        file = ImportFile(uuid4(), brought.subject, upload.filename[:255], await upload.read(), ImportMapping())
    except Problem as problem:
        return _choosing(visit, form.refused(problem, visit.language), None, status=problem.status)
    async with database.transaction() as db:
        now = clock.now()
        await queries.keep_import_file(db, file, request.user.person_id, now, now + KEPT)
    return redirect(f"/desk/imports/{file.id}")


@get("/imports/{file_id:uuid}", guards=MANAGERS)
async def preview_file(
    file_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Response[str]:
    file = await _file(database, clock, request.user, file_id)
    found = await _outlook(file, visit.language, request.user, database, clock, standing_changed)
    return _previewed(visit, file, found, Form())


@post("/imports/{file_id:uuid}/mapping", guards=MANAGERS, status_code=200)
async def map_file(
    file_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Response[Any]:
    file = await _file(database, clock, request.user, file_id)
    form = await Form.sent(request)
    try:
        mapping = _mapping(form, file.subject)
    except Problem as problem:
        found = await _outlook(file, visit.language, request.user, database, clock, standing_changed)
        return _previewed(visit, file, found, form.refused(problem, visit.language), status=problem.status)
    async with database.transaction() as db:
        await queries.map_import_file(db, file_id, mapping)
    return redirect(f"/desk/imports/{file_id}")


@post("/imports/{file_id:uuid}/taking", guards=MANAGERS, status_code=200)
async def take_file(
    file_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    standing_changed: NamedDependency[StandingChanged],
) -> Response[Any]:
    file = await _file(database, clock, request.user, file_id)
    form = await Form.sent(request)
    try:
        taken = form.read(Taken)
        wish = Wish(leave_out=taken.leave_out, preview=taken.preview)
        report = await import_for(
            request.user, database, clock, file.subject, file.content, file.mapping, wish, standing_changed
        )
    except Problem as problem:
        found = await _outlook(file, visit.language, request.user, database, clock, standing_changed)
        refused = Form(_as_typed(file.mapping)).refused(problem, visit.language)
        return _previewed(visit, file, found, refused, status=problem.status)
    async with database.transaction() as db:
        await queries.drop_import_file(db, file_id)
    return redirect("/desk/imports", done=str(len(report.rows) - report.refused))


@post("/imports/{file_id:uuid}/dropping", guards=MANAGERS, status_code=200)
async def drop_file(
    file_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    file = await _file(database, clock, request.user, file_id)
    async with database.transaction() as db:
        await queries.drop_import_file(db, file.id)
    return redirect("/desk/imports")


ROUTES = [choose_file, bring_file, preview_file, map_file, take_file, drop_file]


async def _file(database: Database, clock: Clock, actor: Actor, file_id: UUID) -> ImportFile:
    """Raises NotFound, also for what somebody else has brought."""
    async with database.connection() as db:
        found = await queries.import_file(db, file_id, actor.person_id, clock.now())
    if found is None:
        raise NotFound
    return found


async def _outlook(
    file: ImportFile, language: Language, actor: Actor, database: Database, clock: Clock, on_change: StandingChanged
) -> Outlook:
    wish = Wish(dry_run=True)
    try:
        report = await import_for(actor, database, clock, file.subject, file.content, file.mapping, wish, on_change)
    except Problem as problem:
        told = problem.spoken(language)
        return Outlook(told if isinstance(problem, ImportColumns) else {}, told["detail"])
    return Outlook(report.spoken(language), None)


def _mapping(form: Form, subject: ImportSubject) -> ImportMapping:
    """Raises Malformed with the field."""
    said: dict[str, Any] = {"columns": {}, "constants": {}, "values": {}}
    for field in HEADINGS[subject]:
        for part in ("columns", "constants"):
            if value := form.value(f"{part}.{field}").strip():
                said[part][field] = value
    for number, line in enumerate(form.value("values").splitlines(), start=1):
        if not line.strip():
            continue
        field, colon, words = line.replace("：", ":").partition(":")
        word, equals, ours = words.rpartition("=")
        if not (colon and equals and field.strip() in HEADINGS[subject]):
            raise Malformed(field="values", what=Spoken("page.imports.values-wrong", line=number))
        said["values"].setdefault(field.strip(), {})[word.strip()] = ours.strip()
    for name in ("date_order", "sheet", "encoding"):
        if value := form.value(name).strip():
            said[name] = value
    try:
        return msgspec.convert(said, ImportMapping)
    except msgspec.ValidationError as error:
        raise Malformed(field="values", what=Spoken("malformed.other", message=str(error)[:200])) from error


def _choosing(visit: Visit, form: Form, done: str | None, *, status: int = 200) -> Response[str]:
    return page(
        visit,
        "import.html",
        status=status,
        form=form,
        subjects=choices(visit.language, "page.imports.subject", ImportSubject),
        done=done if done and done.isdecimal() else None,
        megabytes=MAX_FILE_BYTES >> 20,
    )


def _previewed(visit: Visit, file: ImportFile, found: Outlook, form: Form, *, status: int = 200) -> Response[str]:
    if form.is_empty:
        form = Form(_as_typed(file.mapping))
    fields = [(name, say(visit.language, f"import.field.{name}")) for name in HEADINGS[file.subject]]
    return page(
        visit,
        "import_preview.html",
        status=status,
        file=file,
        found=found,
        form=form,
        fields=fields,
        field_words=dict(fields),
        date_orders=choices(visit.language, "page.imports.date-order", ("YMD", "DMY", "MDY")),
        encodings=[(name, name) for name in ("utf-8", "gb18030", "utf-16", "windows-1252")],
        proposed=msgspec.convert(found.told.get("proposal", {}), ImportMapping),
        effect=msgspec.convert(found.told.get("effect", {}), Effect),
    )


def _as_typed(mapping: ImportMapping) -> dict[str, Any]:
    typed: dict[str, Any] = {f"columns.{field}": heading for field, heading in mapping.columns.items()}
    typed |= {f"constants.{field}": value for field, value in mapping.constants.items()}
    lines = [f"{field}: {word} = {ours}" for field, words in mapping.values.items() for word, ours in words.items()]
    typed |= {"values": "\n".join(lines), "date_order": mapping.date_order}
    return typed | {"sheet": mapping.sheet, "encoding": mapping.encoding}
