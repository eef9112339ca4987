"""`/desk/v1/cases`: cases of my units and what they rest on."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta, Struct

from agency.http import requires
from agency.model import Actor
from agency.queries import reach
from device_registry.http.reaching import Line, tidy
from device_registry.problems import UnitUnknown
from evidence.case_files import queries
from evidence.case_files.attaching import WHO_KEEPS_CASES, WHO_READS_CASES, attach, close, name_officers, open_case
from evidence.case_files.model import Attached, CaseFile
from evidence.case_files.problems import (
    CaseClosed,
    CaseNotFound,
    CaseNumberTaken,
    CaseOfficerRefused,
    EvidenceNotUsable,
)
from evidence.problems import EvidenceDisposed
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotFound, NotSignedIn, Spoken, TooLarge, UnsupportedContentType

EARLIEST = date(1949, 10, 1)
"""No case is older than the republic."""


class NewCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: Line
    unit_id: UUID
    title: Line
    opened_on: Annotated[date, Meta(description="A Beijing civil day, today or before")]


class CaseInFull(Struct, frozen=True):
    """`officers` handle it; `closed_on` is null while it is open."""

    case: CaseFile
    evidence: list[Attached]
    officers: list[UUID]
    closed_on: date | None


class NewOfficers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    officers: Annotated[list[UUID], Meta(min_length=1, max_length=50)]


class NewClosing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    closed_on: Annotated[date, Meta(description="A Beijing civil day, from that of its opening to today")]


@post(
    "/cases",
    guards=[requires(*WHO_KEEPS_CASES)],
    summary="Open a case",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, UnitUnknown, CaseNumberTaken, TooLarge, UnsupportedContentType
    ),
)
async def open_a_case(
    data: JSONBody[NewCase],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> CaseFile:
    return await opened(database, clock, request.user, data)


async def opened(database: Database, clock: Clock, actor: Actor, new: NewCase) -> CaseFile:
    """Raises CaseNumberTaken, Malformed, UnitUnknown."""
    if not EARLIEST <= new.opened_on <= day_of(clock.now()):
        raise Malformed(field="opened_on", what=Spoken("malformed.choice", value=str(new.opened_on)))
    async with database.connection() as db:
        if new.unit_id not in await reach(db, actor, WHO_KEEPS_CASES, day_of(clock.now())):
            raise UnitUnknown(field="unit_id")
    case = CaseFile(
        id=uuid4(),
        number=tidy(new.number),
        unit_id=new.unit_id,
        title=tidy(new.title),
        opened_on=new.opened_on,
    )
    await open_case(database, clock, actor, case)
    return case


@get(
    "/cases",
    guards=[requires(*WHO_READS_CASES)],
    summary="Cases of my units, newest first; with `evidence_id` those that rest on it",
    responses=declared(Malformed, NotSignedIn, NotAllowed),
)
async def list_cases(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    evidence_id: FromQuery[UUID | None] = None,
) -> list[CaseFile]:
    async with database.connection() as db:
        units = await reach(db, request.user, WHO_READS_CASES, day_of(clock.now()))
        return await queries.cases(db, units, evidence_id=evidence_id)


@get(
    "/cases/{case_id:uuid}",
    guards=[requires(*WHO_READS_CASES)],
    summary="One case and what it rests on",
    responses=declared(Malformed, NotSignedIn, NotAllowed, CaseNotFound),
)
async def show_case(
    case_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> CaseInFull:
    async with database.connection() as db:
        units = await reach(db, request.user, WHO_READS_CASES, day_of(clock.now()))
        found = await queries.cases(db, units, case_id=case_id)
        if not found:
            raise CaseNotFound
        return CaseInFull(
            found[0],
            await queries.attached_to(db, case_id),
            await queries.officers_of(db, case_id),
            await queries.closed_on(db, case_id),
        )


@put(
    "/cases/{case_id:uuid}/evidence/{evidence_id:uuid}",
    guards=[requires(*WHO_KEEPS_CASES)],
    status_code=204,
    summary="Attach evidence that counts; again changes nothing",
    responses=declared(Malformed, NotSignedIn, NotAllowed, NotFound, CaseNotFound, EvidenceNotUsable, EvidenceDisposed),
)
async def attach_evidence(
    case_id: FromPath[UUID],
    evidence_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await attach(database, clock, request.user, case_id, evidence_id)


@post(
    "/cases/{case_id:uuid}/officers",
    guards=[requires(*WHO_KEEPS_CASES)],
    status_code=204,
    summary="Name who handles the case; again changes nothing",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, CaseNotFound, CaseOfficerRefused, TooLarge, UnsupportedContentType
    ),
)
async def name_officers_of_case(
    case_id: FromPath[UUID],
    data: JSONBody[NewOfficers],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    await name_officers(database, clock, request.user, case_id, list(dict.fromkeys(data.officers)))


@post(
    "/cases/{case_id:uuid}/closing",
    guards=[requires(*WHO_KEEPS_CASES)],
    status_code=204,
    summary="Close the case, once",
    responses=declared(Malformed, NotSignedIn, NotAllowed, CaseNotFound, CaseClosed, TooLarge, UnsupportedContentType),
)
async def close_case(
    case_id: FromPath[UUID],
    data: JSONBody[NewClosing],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    today = day_of(clock.now())
    async with database.connection() as db:
        found = await queries.cases(db, await reach(db, request.user, WHO_KEEPS_CASES, today), case_id=case_id)
    if not found:
        raise CaseNotFound
    if not found[0].opened_on <= data.closed_on <= today:
        raise Malformed(field="closed_on", what=Spoken("malformed.choice", value=str(data.closed_on)))
    await close(database, clock, request.user, case_id, data.closed_on)


ROUTES: list[ControllerRouterHandler] = [
    open_a_case,
    list_cases,
    show_case,
    attach_evidence,
    name_officers_of_case,
    close_case,
]
