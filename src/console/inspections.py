"""`/desk/inspections`: what officers' phones have told, as it arrives, and what is still on which phone."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Struct

from agency import queries as agency
from agency.http import requires
from agency.model import Actor
from console.evidence.item import READERS as WHO_READS_EVIDENCE
from console.forms import Form
from console.home import BLOCKS, Waiting
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from evidence import queries as captured
from evidence.custodian import Custodian
from evidence.model import State as EvidenceState
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Problem
from foundation.words import say
from inspection import queries
from inspection.documents.http import ISSUERS, document_to_read
from inspection.explanation import about, gap_words, told_words
from inspection.http import WHO_ASKS, WHO_LOOKS, WHO_VOUCHES, NewVouching, asked, vouched, within_reach
from inspection.looking import look, tell_of_look
from inspection.model import ON_A_PHONE, Finding, Operation, Reading, State, Wish
from inspection.planning.http.common import WHO_PLANS
from inspection.problems import EvidenceAlreadyHere
from inspection.rules import guard, merging
from inspection.watching.model import WHO_WATCHES
from inspection.watching.model import Kind as Watched
from inspection.watching.queries import watch_of

PATH = "/desk/inspections"
READERS = WHO_LOOKS
GUARDS = [requires(*READERS)]
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
        unit_name=lambda id_: visit.named(names[id_]) if id_ in names else "—",
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


@post("/inspections/{inspection_id:uuid}/vouching", guards=[requires(*WHO_VOUCHES)], status_code=200)
async def vouch_at_page(
    inspection_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, AppState],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        await vouched(database, clock, request.user, inspection_id, form.read(NewVouching))
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
        inspection = await within_reach(db, clock, request.user, WHO_LOOKS, inspection_id)
        asks = await agency.reach(db, request.user, WHO_ASKS, day_of(now))
        seen = await look(db, inspection, now)
        reads = await agency.reach(db, request.user, WHO_READS_EVIDENCE, day_of(now))
        thumbnails = await captured.with_thumbnails(db, seen.evidence, reads)
        watched = await watch_of(db, request.user.person_id, Watched.INSPECTION, inspection_id)
        if not live:
            await tell_of_look(db, inspection_id, request.user.person_id, now)
    fields, phones, late = seen.fields, seen.phones, seen.after_revocation
    named = {id_: visit.named(person) for id_, person in seen.people.items()}
    return page(
        visit,
        "inspections/inspection.html",
        status=status,
        form=form,
        watched=watched,
        may_watch=visit.may(*WHO_WATCHES[Watched.INSPECTION]),
        inspection=inspection,
        state=seen.state,
        fields=fields,
        value=lambda key, member: merging.value(fields, key, member),
        gaps=[
            (gap, gap_words(gap, seen.people, visit.language), phones.get(gap.phone_id, "") if gap.phone_id else "")
            for gap in seen.gaps
        ],
        conflicts=[_conflict(visit, fields, key, member, named) for key, member in merging.conflicts(fields)],
        officers=[(named.get(id_, "—"), f"credential-shown:{id_}" in fields) for id_ in guard.joined(fields)],
        points=seen.points,
        readings=[one for one in seen.counted if isinstance(one.what, Reading)],
        evidence=[
            Listed(
                what.evidence_id,
                merging.value(fields, one.key, "shows", ""),
                what.sha256,
                what.size,
                seen.evidence.get(what.evidence_id),
                phones.get(one.phone, "—"),
                seen.wishes.get(what.evidence_id),
            )
            for one, what in seen.listed.items()
        ],
        thumbnails=thumbnails,
        may_ask=inspection.unit_id in asks,
        named=named,
        issued=seen.issued,
        told=_time_line(visit, seen.counted, late, named, phones),
        after_revocation=[(id_, phones.get(id_, "—")) for id_ in sorted({one.phone for one in late})],
        late=len(late),
        may_vouch=visit.may(*WHO_VOUCHES),
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
    phones: Mapping[UUID, str],
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


SHORT = ("outcome", "text", "code", "shows", "reason", "signer", "name")
"""Members that tell in a few words what an operation is about."""


def _details(visit: Visit, one: Operation) -> str:
    """What it tells, short."""
    what = one.what
    if isinstance(what, Finding):
        result = what.result and say(visit.language, f"app.finding.{what.result}")
        return " · ".join(str(told) for told in (what.item, result, what.note) if told)
    if isinstance(what, Reading):
        return f"{what.device_tag}: {what.value} {what.unit}"
    told = (
        (name, getattr(what, name, None)) for name in ("outcome", "text", "code", "shows", "reason", "signer", "name")
    )
    return " · ".join(told_words(name, value, visit.language) for name, value in told if value)


def _conflict(visit: Visit, fields: merging.Fields, key: str, member: str, named: dict[UUID, str]) -> Conflict:
    values = [
        (named.get(told.author, "—"), told_words(member, told.value, visit.language)) for told in fields[key][member]
    ]
    return Conflict(about(key, visit.language), values)


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
