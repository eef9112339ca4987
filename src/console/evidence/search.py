"""`/desk/evidence`: evidence of my units by unit, officer, device, time, hash, verdict and reason."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency

from agency.http import requires
from agency.model import Actor, PersonKind
from agency.queries import people_by_id, people_in, reach, tree
from console.evidence.item import READERS
from console.forms import LOCAL_TIME, Form
from console.navigation import ENTRIES, Entry
from console.pages import page
from console.visit import Visit
from evidence import queries
from evidence.explanation import explain
from evidence.http.evidence import near_place
from evidence.model import State
from evidence.page_marks import page_mark
from evidence.queries import Sought
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Malformed, Problem, Spoken
from foundation.words import catalogue

PATH = "/desk/evidence"
MOST = 50
WORDS = "refusal."
"""Keys of the catalogue that name a reason in a few words."""
FIELDS = ("unit", "officer", "device", "from", "to", "sha256", "state", "reason", "near", "metres")
METRES = ("50", "200", "1000", "5000")
"""To each side of a place."""

ENTRIES.append(Entry("evidence", PATH, frozenset(READERS)))


@get("/evidence", guards=[requires(*READERS)])
async def search_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    """What cannot be read in the address is told beside its field, and nothing is searched."""
    asked = {name: value.strip() for name in FIELDS if (value := request.query_params.get(name, "").strip())}
    form, today = Form(asked), day_of(clock.now())
    async with database.connection() as db:
        reached = await reach(db, request.user, READERS, today)
        names = {unit.id: visit.named(unit) for unit in await tree(db, today)}
        officers = await people_in(db, reached, (PersonKind.OFFICER, PersonKind.AUXILIARY))
        found = []
        try:
            sought = _sought(asked, request.query_params.get("after"), reached)
            found = await queries.search(db, sought)
        except Problem as problem:
            form.refused(problem, visit.language)
        people = await people_by_id(db, {one.officer_id for one in found})
    shown = found[:MOST]
    return page(
        visit,
        "evidence/search.html",
        status=400 if form.refusals else 200,
        form=form,
        rows=shown,
        why=lambda one: [explain(reason, visit.language) for reason in one.reasons],
        names=names,
        people={one.id: visit.named(one) for one in people.values()},
        units=[(str(id_), name) for id_, name in names.items() if id_ in reached],
        officers=[(str(one.id), visit.named(one)) for one in officers],
        metres=[(one, f"{int(one):,} m") for one in METRES],
        states=list(State),
        reasons=[key.removeprefix(WORDS) for key in catalogue(visit.language) if key.startswith(WORDS)],
        next=f"{shown[-1].committed_at.isoformat()}~{shown[-1].id}" if len(found) > MOST else None,
        first="after" not in request.query_params,
        asked=bool(asked),
    )


def _sought(asked: dict[str, str], after: str | None, reached: frozenset[UUID]) -> Sought:
    """Raises Malformed beside the field."""
    digest = asked.get("sha256", "").lower()
    if digest and (len(digest) != 64 or not all(one in "0123456789abcdef" for one in digest)):
        raise Malformed(field="sha256", what=Spoken("page.evidence.not-a-digest"))
    unit = id_in(asked, "unit")
    state = asked.get("state")
    if state and state not in State.__members__:
        raise Malformed(field="state", what=Spoken("malformed.choice", value=state))
    begins, ends = instant_in(asked, "from"), instant_in(asked, "to")
    if begins and ends and begins > ends:
        raise Malformed(field="to", what=Spoken("malformed.order"))
    return Sought(
        units=list(reached & {unit} if unit else reached),
        officer_id=id_in(asked, "officer"),
        device_tag=asked.get("device"),
        sha256=bytes.fromhex(digest) if digest else None,
        states=[State(state)] if state else None,
        reason=asked.get("reason"),
        begins=begins,
        ends=ends,
        near=near_place("near", asked["near"], _metres(asked)) if "near" in asked else None,
        before=page_mark("after", after.replace(" ", "+") if after else None),
        most=MOST + 1,
    )


def _metres(asked: dict[str, str]) -> float:
    """Raises Malformed beside the field."""
    metres = asked.get("metres", METRES[1])
    if metres not in METRES:
        raise Malformed(field="metres", what=Spoken("malformed.choice", value=metres[:60]))
    return float(metres)


def id_in(asked: dict[str, str], field: str) -> UUID | None:
    """Raises Malformed beside the field."""
    try:
        return UUID(asked[field]) if field in asked else None
    except ValueError as error:
        raise Malformed(field=field, what=Spoken("malformed.choice", value=asked[field][:60])) from error


def instant_in(asked: dict[str, str], field: str) -> datetime | None:
    """Beijing time, as `<input type="datetime-local">` sends it. Raises Malformed beside the field."""
    if field not in asked:
        return None
    local = LOCAL_TIME.fullmatch(asked[field])
    try:
        return datetime.fromisoformat(f"{local[1]}{local[2] or ':00'}+08:00") if local else _refused(field)
    except ValueError:
        return _refused(field)


def _refused(field: str) -> datetime:
    raise Malformed(field=field, what=Spoken("malformed.choice", value=field))


ROUTES = [search_page]
