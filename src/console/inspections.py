"""`/desk/inspections`: what officers' phones have told, as it arrives, and what is still on which phone."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Meta, Struct

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.http import requires
from agency.model import Actor, Role
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from evidence import queries as evidence
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.model import State as EvidenceState
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import NotFound, Problem
from foundation.words import catalogue, say
from inspection import queries
from inspection.documents import queries as documents
from inspection.documents.http import ISSUERS, document_to_read
from inspection.explanation import gap_words
from inspection.gaps import gaps_of, held_on
from inspection.http import WHO_ASKS, asked
from inspection.model import ON_A_PHONE, EvidenceListed, Finding, Operation, Reading, State, Wish
from inspection.planning.http.common import WHO_PLANS
from inspection.problems import EvidenceAlreadyHere
from inspection.rules import guard, merging
from inspection.vouching import vouch

PATH = "/desk/inspections"
READERS = (Role.SUPERVISOR, Role.ENTITY_HEAD, Role.FIELD_OFFICER, Role.LEGAL_REVIEWER)
GUARDS = [requires(*READERS)]
VOUCHERS = (Role.SUPERVISOR, Role.ENTITY_HEAD)
"""Who may answer for what a phone told after its revocation."""
MOST = 50


async def _waiting(db: Connection, actor: Actor, clock: Clock) -> int:
    return await queries.waiting_for_people(db, await agency.reach(db, actor, READERS, day_of(clock.now())))


ENTRIES.append(Entry("inspections", PATH, frozenset(READERS)))
BLOCKS.append(Waiting("inspections", frozenset(READERS), PATH, _waiting))


class Told(Struct, frozen=True):
    """One operation in the time line."""

    at: datetime
    earliest: datetime
    by: str
    phone: str
    words: str
    details: str
    replaced: bool
    after_revocation: bool


class Listed(Struct, frozen=True):
    """A piece of evidence that an officer listed. `state` None: nothing of it has arrived."""

    evidence_id: UUID
    shows: str
    sha256: str
    size: int
    state: EvidenceState | None
    phone: str
    wish: Wish | None

    @property
    def waits(self) -> bool:
        """Its bytes are on a phone, and may be asked for."""
        return self.state in ON_A_PHONE


class Vouching(Struct, frozen=True, forbid_unknown_fields=True):
    """The form: what that phone told after its revocation counts."""

    phone_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]


class Conflict(Struct, frozen=True):
    """Two phones told differently: who told what."""

    about: str
    values: list[tuple[str, str]]


@get("/inspections", guards=GUARDS)
async def inspections_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, AppState],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    tab: FromQuery[State | None] = None,
    unapproved: FromQuery[bool] = False,
    after: FromQuery[str | None] = None,
) -> Response[str]:
    async with database.connection() as db:
        today = day_of(clock.now())
        units = await agency.reach(db, request.user, READERS, today)
        before = _mark(after)
        rows = await queries.inspections_within(
            db, units, state=tab, unapproved=unapproved, before=before, most=MOST + 1
        )
        counts = await queries.counts_within(db, units)
        names = {unit.id: unit for unit in await agency.units_by_id(db, {row.unit_id for row in rows}, today)}
    shown = rows[:MOST]
    following = f"{shown[-1].changed_at.isoformat()}~{shown[-1].id}" if len(rows) > MOST else None
    return page(
        visit,
        "inspections/list.html",
        rows=shown,
        counts=counts,
        unapproved=unapproved,
        may_plan=visit.may(*WHO_PLANS),
        state=tab,
        states=list(State),
        next=following,
        first=before is None,
        unit_name=lambda id_: _in(visit, names[id_].name_zh, names[id_].name_en) if id_ in names else "—",
        today=today,
    )


@get("/inspections/{inspection_id:uuid}", guards=GUARDS)
async def inspection_page(
    inspection_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, AppState],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    live: FromQuery[bool] = False,
) -> Response[str]:
    """With `live` it is the page looking again by itself, which is no further view of it."""
    return await _inspection(inspection_id, visit, request, database, clock, Form(), live=live)


@post("/inspections/{inspection_id:uuid}/vouching", guards=[requires(*VOUCHERS)], status_code=200)
async def vouch_at_page(
    inspection_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, AppState],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    async with database.connection() as db:
        inspection = (await queries.inspections_by_id(db, [inspection_id])).get(inspection_id)
        units = await agency.reach(db, request.user, VOUCHERS, day_of(clock.now()))
    if inspection is None or inspection.unit_id not in units:
        raise NotFound
    try:
        typed = form.read(Vouching)
        async with database.transaction() as db:
            await vouch(db, clock, inspection_id, typed.phone_id, request.user, typed.reason)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _inspection(inspection_id, visit, request, database, clock, refused, int(problem.status))
    return redirect(f"{PATH}/{inspection_id}", done="vouched")


async def _inspection(
    inspection_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, AppState],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
    *,
    live: bool = False,
) -> Response[str]:
    now = clock.now()
    async with database.connection() as db:
        inspection = (await queries.inspections_by_id(db, [inspection_id])).get(inspection_id)
        units = await agency.reach(db, request.user, READERS, day_of(now))
        if inspection is None or inspection.unit_id not in units:
            raise NotFound
        asks = await agency.reach(db, request.user, WHO_ASKS, day_of(now))
        told, late = (await queries.all_told(db, [inspection_id]))[inspection_id]
        fields = merging.merged(told)
        gaps = await gaps_of(db, inspection_id, now)
        wishes = {one.evidence_id: one for one in (await queries.wishes_of(db, [inspection_id])).get(inspection_id, [])}
        acting = {*(one.author for one in [*told, *late]), *(one.asked_by for one in wishes.values())}
        people = await agency.people_by_id(db, {*inspection.officers, *guard.joined(fields), *acting})
        phones = await agency.phone_labels(db, [one.phone for one in [*told, *late]])
        listed = {one: one.what for one in told if isinstance(one.what, EvidenceListed)}
        states = await evidence.states_of(db, [what.evidence_id for what in listed.values()])
        began, _ = guard.visit(told) or (now, now)
        versions = await items.checklist_versions(db, [inspection.checklist])
        issued = await documents.issued_of(db, inspection_id)
        if not live:
            seen = {"inspection_id": inspection_id}
            viewer = request.user.person_id
            await tell(db, Event.INSPECTION_VIEWED, now, evidence_id=None, actor_id=viewer, details=seen)
    points = next((one.items for one in versions if held_on(one, day_of(began))), ())
    named = {id_: _in(visit, person.name_zh, person.name_en) for id_, person in people.items()}
    return page(
        visit,
        "inspections/inspection.html",
        status=status,
        form=form,
        inspection=inspection,
        state=guard.state(fields, gaps),
        fields=fields,
        value=lambda key, member: merging.value(fields, key, member),
        gaps=[
            (gap, gap_words(gap, people, visit.language), phones.get(gap.phone_id, "") if gap.phone_id else "")
            for gap in gaps
        ],
        conflicts=[_conflict(visit, fields, key, member, named) for key, member in merging.conflicts(fields)],
        officers=[(named.get(id_, "—"), f"credential-shown:{id_}" in fields) for id_ in guard.joined(fields)],
        points=points,
        readings=[one for one in told if isinstance(one.what, Reading)],
        evidence=[
            Listed(
                what.evidence_id,
                merging.value(fields, one.key, "shows", ""),
                what.sha256,
                what.size,
                states.get(what.evidence_id),
                phones.get(one.phone, "—"),
                wishes.get(what.evidence_id),
            )
            for one, what in listed.items()
        ],
        may_ask=inspection.unit_id in asks,
        named=named,
        issued=issued,
        told=_time_line(visit, told, late, named, phones),
        after_revocation=[(id_, phones.get(id_, "—")) for id_ in sorted({one.phone for one in late})],
        late=len(late),
        may_vouch=visit.may(*VOUCHERS),
        may_issue=visit.may(*ISSUERS),
    )


@post("/inspections/{inspection_id:uuid}/evidence/{evidence_id:uuid}/wish", guards=[requires(*WHO_ASKS)])
async def ask_at_page(
    inspection_id: FromPath[UUID],
    evidence_id: FromPath[UUID],
    request: Request[Actor, Any, AppState],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    with suppress(EvidenceAlreadyHere):  # it came while somebody asked: the page says so
        await asked(database, clock, request.user, inspection_id, evidence_id)
    return redirect(f"{PATH}/{inspection_id}")


@get("/inspection-documents/{document_id:uuid}", guards=GUARDS)
async def document_at_page(
    document_id: FromPath[UUID],
    request: Request[Actor, Any, AppState],
    custodian: NamedDependency[Custodian],
) -> Response[bytes]:
    return await document_to_read(custodian, request.user, document_id)


def _time_line(
    visit: Visit,
    counted: Sequence[Operation],
    late: Sequence[Operation],
    named: dict[UUID, str],
    phones: dict[UUID, str],
) -> list[Told]:
    replaced = {earlier for one in counted for earlier in one.replaces}
    return [
        Told(
            one.latest,
            one.earliest,
            named.get(one.author, "—"),
            phones.get(one.phone, "—"),
            say(visit.language, f"app.operation.{type(one.what).__struct_config__.tag}"),
            _details(visit, one),
            one.id in replaced,
            one in late,
        )
        for one in sorted([*counted, *late], key=lambda one: (one.latest, one.id), reverse=True)
    ]


def _details(visit: Visit, one: Operation) -> str:
    """What it tells, short."""
    what = one.what
    if isinstance(what, Finding):
        result = what.result and say(visit.language, f"app.finding.{what.result}")
        return " · ".join(str(told) for told in (what.item, result, what.note) if told)
    if isinstance(what, Reading):
        return f"{what.device_tag}: {what.value} {what.unit}"
    members = (getattr(what, name, None) for name in ("outcome", "text", "code", "shows", "reason", "signer", "name"))
    return " · ".join(str(told) for told in members if told)


def _conflict(visit: Visit, fields: merging.Fields, key: str, member: str, named: dict[UUID, str]) -> Conflict:
    word = f"app.operation.{key.partition(':')[0].upper().replace('-', '_')}"
    about = say(visit.language, word) if word in catalogue(visit.language) else key
    values = [(named.get(told.author, "—"), str(told.value)) for told in fields[key][member]]
    return Conflict(f"{about} {key.partition(':')[2]}".strip(), values)


def _in(visit: Visit, chinese: str, english: str) -> str:
    return chinese if visit.language == "zh-CN" else english


def _mark(text: str | None) -> tuple[datetime, UUID] | None:
    """Where the page before ended; a mark that is none begins anew."""
    if not text:
        return None
    try:
        at, _, id_ = text.partition("~")
        moment = datetime.fromisoformat(at.replace(" ", "+"))
        return (moment, UUID(id_)) if moment.tzinfo else None
    except ValueError:
        return None


ROUTES = [inspections_page, inspection_page, vouch_at_page, ask_at_page, document_at_page]
