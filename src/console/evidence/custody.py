"""`/desk/custody`: who did what with evidence, by person, unit, event and time."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from msgspec import Struct

from agency.http import requires
from agency.model import Actor, Person, PersonKind
from agency.queries import people_by_id, people_in, reach, tree
from console.evidence.search import id_in, instant_in
from console.forms import Form
from console.navigation import ENTRIES, Entry
from console.pages import page
from console.visit import Visit
from evidence import queries
from evidence.custody import Event
from evidence.http.custody import READERS, span
from evidence.model import CustodyEntry
from evidence.transparency_log import queries as log
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Malformed, Problem, Spoken
from foundation.words import say

PATH = "/desk/custody"
MOST = 100
FIELDS = ("officer", "unit", "event", "from", "to")

ENTRIES.append(Entry("custody", PATH, frozenset(READERS)))


class Row(Struct, frozen=True):
    """`why`: purpose and reason, where one was given; `index`: its leaf in the log, None while it has none."""

    entry: CustodyEntry
    by: str
    unit: str
    words: str
    why: str
    index: int | None


@get("/custody", guards=[requires(*READERS)])
async def custody_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    """What cannot be read in the address is told beside its field, and nothing is searched."""
    asked = {name: value.strip() for name in FIELDS if (value := request.query_params.get(name, "").strip())}
    form, now = Form(asked), clock.now()
    found: list[CustodyEntry] = []
    async with database.connection() as db:
        reached = await reach(db, request.user, READERS, day_of(now))
        units = {one.id: visit.named(one) for one in await tree(db, day_of(now))}
        mine = await people_in(db, reached, tuple(PersonKind))
        try:
            begins, ends = span(instant_in(asked, "from"), instant_in(asked, "to"), now)
            found = await queries.custody_trail(
                db,
                reached,
                begins,
                ends,
                actor_id=id_in(asked, "officer"),
                unit_id=id_in(asked, "unit"),
                event=_event(asked),
                before=_mark(request.query_params.get("after")),
                most=MOST + 1,
            )
        except Problem as problem:
            form.refused(problem, visit.language)
        people = await people_by_id(db, {one.actor_id for one in found if one.actor_id})
        leaves = await log.leaves_of(db, [one.id for one in found])
    return page(
        visit,
        "evidence/custody.html",
        status=400 if form.refusals else 200,
        form=form,
        asked=bool(asked),
        rows=[_row(visit, one, people, units, leaves.get(one.id)) for one in found[:MOST]],
        people=[(str(one.id), visit.named(one)) for one in mine],
        units=[(str(id_), name) for id_, name in units.items() if id_ in reached],
        events=[(str(one), say(visit.language, f"custody.{one}")) for one in Event],
        next=found[MOST - 1].id if len(found) > MOST else None,
        first="after" not in request.query_params,
    )


def _row(
    visit: Visit, entry: CustodyEntry, people: dict[UUID, Person], units: dict[UUID, str], index: int | None
) -> Row:
    actor = people.get(entry.actor_id) if entry.actor_id else None
    purpose = entry.details.get("purpose")
    said = (say(visit.language, f"access.purpose.{purpose}") if purpose else "", entry.details.get("reason"))
    return Row(
        entry,
        visit.named(actor) if actor else "—",
        units.get(actor.unit_id, "—") if actor else "—",
        say(visit.language, f"custody.{entry.event}"),
        " · ".join(one for one in said if isinstance(one, str) and one),
        index,
    )


def _event(asked: dict[str, str]) -> str | None:
    """Raises Malformed beside the field."""
    try:
        return Event(asked["event"]) if "event" in asked else None
    except ValueError as error:
        raise Malformed(field="event", what=Spoken("malformed.choice", value=asked["event"][:60])) from error


def _mark(after: str | None) -> int | None:
    """Raises Malformed."""
    if after is None:
        return None
    if not after.isdecimal() or len(after) > 18:
        raise Malformed(field="after", what=Spoken("malformed.page"))
    return int(after)


ROUTES = [custody_page]
