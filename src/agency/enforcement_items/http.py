"""The catalogue at the desk: everybody reads it, administrators keep that of their units."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from agency.enforcement_items import keeping, queries
from agency.enforcement_items.changes import ItemsChanged
from agency.enforcement_items.model import (
    Act,
    Checklist,
    Grant,
    ItemUse,
    ItemVersion,
    NoPenaltyEntry,
    NoPenaltyKind,
    Point,
    UnusedItem,
)
from agency.enforcement_items.problems import (
    DaysOutOfOrder,
    EmpowermentOverlaps,
    ItemUnknown,
    NotAStreet,
    NothingToEnd,
    PointTwice,
    UnitOutOfReach,
    VersionPlanned,
)
from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from foundation.civil import FIRST_DAY, LAST_DAY, day_after, day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.http import declared
from foundation.problem import (
    Malformed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Problem,
    Spoken,
    TooLarge,
    UnsupportedContentType,
)

READERS = [requires(*Role)]
KEEPERS = [requires(Role.ADMINISTRATOR)]
MOST_ON_A_PAGE = 500
UNUSED_YEARS = 5
"""国办发〔2024〕54号, 武政办〔2024〕67号: what was not used for so long is to be cancelled, adjusted or suspended."""

Code = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\s/.][^\s/]*$", examples=["420102-CG-001"])]
Day = Annotated[date, Meta(description="Beijing civil day.", examples=["2026-05-03"])]
LastDay = Annotated[date, Meta(description="Beijing civil day, included.", examples=["2027-05-02"])]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Text = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
After = Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before")]
OnDay = Annotated[date | None, QueryParameter(description="Beijing civil day; today where it is not given")]


class NewItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of an enforcement item, published from `begins` on; what was published then ends the day before."""

    code: Code
    act: Act
    name_zh: Line
    name_en: Line
    legal_basis: Text
    unit_id: UUID
    begins: Day
    last_day: LastDay | None = None

    def version(self) -> ItemVersion:
        """Raises Malformed."""
        return ItemVersion(
            code=self.code,
            act=self.act,
            name_zh=_tidy(self.name_zh),
            name_en=_tidy(self.name_en),
            legal_basis=_tidy(self.legal_basis),
            unit_id=self.unit_id,
            begins=self.begins,
            ends=half_open(self.last_day),
        )


class NewGrant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The street may carry out the item on these days, by this decision."""

    unit_id: UUID
    code: Code
    begins: Day
    last_day: LastDay | None = None
    basis: Text


class End(Struct, frozen=True, forbid_unknown_fields=True):
    """Today at the earliest, or the day of a decision recorded late: what was carried out by then stays lawful."""

    last_day: LastDay
    reason: Line
    decided_on: (
        Annotated[date, Meta(description="Where it was decided before today", examples=["2026-05-03"])] | None
    ) = None

    def ending(self) -> keeping.Ending:
        return keeping.Ending(self.last_day, _tidy(self.reason), self.decided_on)


class NewNoPenalty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Code
    kind: NoPenaltyKind
    unit_id: UUID
    item: Code
    text: Text
    conditions: Text
    begins: Day
    last_day: LastDay | None = None


class NewPoint(Struct, frozen=True, forbid_unknown_fields=True):
    code: Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^\S+$", examples=["F-01"])]
    text: Text
    basis: Text


class NewChecklist(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next version of a checklist, from `begins` on."""

    code: Code
    unit_id: UUID
    title: Line
    items: Annotated[list[NewPoint], Meta(min_length=1, max_length=200)]
    item_codes: Annotated[list[Code], Meta(min_length=1, max_length=50)]
    begins: Day
    last_day: LastDay | None = None


class ItemPage(Struct, frozen=True):
    """In the order of codes. `next` goes into `after` for the following page; null on the last."""

    items: list[ItemVersion]
    next: str | None


class Item(Struct, frozen=True):
    """Every version of an item, oldest first, every empowerment for it, and what each unit did under it."""

    versions: list[ItemVersion]
    grants: list[Grant]
    used: list[ItemUse]


class UnusedItems(Struct, frozen=True):
    since: date
    items: list[UnusedItem]


class GrantPage(Struct, frozen=True):
    grants: list[Grant]
    next: UUID | None


class NoPenaltyPage(Struct, frozen=True):
    entries: list[NoPenaltyEntry]
    next: str | None


class ChecklistPage(Struct, frozen=True):
    checklists: list[Checklist]
    next: str | None


def _read(*more: type[Problem]) -> Any:
    return declared(Malformed, NotSignedIn, NotAllowed, *more)


def _kept(*more: type[Problem]) -> Any:
    return declared(Malformed, NotSignedIn, NotAllowed, DaysOutOfOrder, TooLarge, UnsupportedContentType, *more)


@get("/enforcement-items", guards=READERS, summary="The published catalogue on a day", responses=_read())
async def list_items(
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    day: OnDay = None,
    unit_id: Annotated[UUID | None, QueryParameter(description="Whose catalogue; all where it is not given")] = None,
    after: After = None,
) -> ItemPage:
    async with database.connection() as db:
        found = await queries.catalogue(db, _on(day, clock), unit_id=unit_id, after=after, most=MOST_ON_A_PAGE + 1)
    return ItemPage(found[:MOST_ON_A_PAGE], found[MOST_ON_A_PAGE - 1].code if len(found) > MOST_ON_A_PAGE else None)


@get("/enforcement-items/unused", guards=READERS,
     summary="Published items of your units that nobody used for years", responses=_read())  # fmt: skip
async def list_unused_items(
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    years: Annotated[int, QueryParameter(ge=1, le=50)] = UNUSED_YEARS,
) -> UnusedItems:
    today = day_of(clock.now())
    since = _years_before(today, years)
    async with database.connection() as db:
        units = await reach(db, request.user, tuple(Role), today)
        return UnusedItems(since, await queries.unused(db, today, since, units))


@get("/enforcement-items/{item_code:str}", guards=READERS, summary="One item: versions, empowerments, use",
     responses=_read(NotFound))  # fmt: skip
async def show_item(
    item_code: FromPath[str], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Item:
    async with database.connection() as db:
        return Item(
            await keeping.known_item(db, item_code),
            await queries.grants(db, code=item_code),
            await queries.uses_of(db, item_code, day_of(clock.now()).year),
        )


@post("/enforcement-items", guards=KEEPERS, summary="Publish a version of an item",
      responses=_kept(UnitOutOfReach, VersionPlanned))  # fmt: skip
async def add_item(
    data: JSONBody[NewItem],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    items_changed: NamedDependency[ItemsChanged],
) -> ItemVersion:
    return await keeping.publish_item(database, clock, request.user, data.version(), items_changed)


@post("/enforcement-items/{item_code:str}/end", guards=KEEPERS, status_code=204, summary="Take an item out",
      responses=_kept(NotFound, NothingToEnd))  # fmt: skip
async def end_item(
    item_code: FromPath[str],
    data: JSONBody[End],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    items_changed: NamedDependency[ItemsChanged],
) -> None:
    await keeping.end_item(database, clock, request.user, item_code, data.ending(), items_changed)


@get("/empowerment-grants", guards=READERS, summary="Which street may carry out which item", responses=_read())
async def list_grants(
    database: NamedDependency[Database],
    unit_id: Annotated[UUID | None, QueryParameter(description="The street")] = None,
    code: Annotated[str | None, QueryParameter(max_length=60, description="The item")] = None,
    after: Annotated[UUID | None, QueryParameter(description="`next` of the page before")] = None,
) -> GrantPage:
    async with database.connection() as db:
        found = await queries.grants(db, unit_id=unit_id, code=code, after=after, most=MOST_ON_A_PAGE + 1)
    return GrantPage(found[:MOST_ON_A_PAGE], found[MOST_ON_A_PAGE - 1].id if len(found) > MOST_ON_A_PAGE else None)


@post("/empowerment-grants", guards=KEEPERS, summary="Empower a street to carry out an item",
      responses=_kept(UnitOutOfReach, NotAStreet, ItemUnknown, EmpowermentOverlaps))  # fmt: skip
async def add_grant(
    data: JSONBody[NewGrant],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    items_changed: NamedDependency[ItemsChanged],
) -> Grant:
    return await keeping.empower(
        database,
        clock,
        request.user,
        data.unit_id,
        data.code,
        data.begins,
        half_open(data.last_day),
        _tidy(data.basis),
        items_changed,
    )


@post("/empowerment-grants/{grant_id:uuid}/end", guards=KEEPERS, status_code=204, summary="End an empowerment",
      responses=_kept(NotFound, NothingToEnd))  # fmt: skip
async def end_grant(
    grant_id: FromPath[UUID],
    data: JSONBody[End],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    items_changed: NamedDependency[ItemsChanged],
) -> None:
    await keeping.end_empowerment(database, clock, request.user, grant_id, data.ending(), items_changed)


@get("/no-penalty-list", guards=READERS, summary="What stays without penalty, on what conditions", responses=_read())
async def list_no_penalty(
    database: NamedDependency[Database], clock: NamedDependency[Clock], day: OnDay = None, after: After = None
) -> NoPenaltyPage:
    async with database.connection() as db:
        found = await queries.no_penalty_entries(db, _on(day, clock), after, MOST_ON_A_PAGE + 1)
    more = len(found) > MOST_ON_A_PAGE
    return NoPenaltyPage(found[:MOST_ON_A_PAGE], found[MOST_ON_A_PAGE - 1].code if more else None)


@post("/no-penalty-list", guards=KEEPERS, summary="Publish an entry of a no-penalty list",
      responses=_kept(UnitOutOfReach, ItemUnknown, VersionPlanned))  # fmt: skip
async def add_no_penalty(
    data: JSONBody[NewNoPenalty],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> NoPenaltyEntry:
    entry = NoPenaltyEntry(
        code=data.code,
        kind=data.kind,
        unit_id=data.unit_id,
        item=data.item,
        text=_tidy(data.text),
        conditions=_tidy(data.conditions),
        begins=data.begins,
        ends=half_open(data.last_day),
    )
    return await keeping.publish_no_penalty(database, clock, request.user, entry)


@get("/checklists", guards=READERS, summary="Checklists that hold on a day", responses=_read())
async def list_checklists(
    database: NamedDependency[Database], clock: NamedDependency[Clock], day: OnDay = None, after: After = None
) -> ChecklistPage:
    async with database.connection() as db:
        found = await queries.all_checklists(db, _on(day, clock), after, most := 100)
    return ChecklistPage(found, found[-1].code if len(found) == most else None)


@post("/checklists", guards=KEEPERS, summary="Publish the next version of a checklist",
      responses=_kept(UnitOutOfReach, ItemUnknown, PointTwice, VersionPlanned))  # fmt: skip
async def add_checklist(
    data: JSONBody[NewChecklist],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Checklist:
    new = Checklist(
        code=data.code,
        version=1,
        unit_id=data.unit_id,
        title=_tidy(data.title),
        items=tuple(Point(point.code, _tidy(point.text), _tidy(point.basis)) for point in data.items),
        item_codes=tuple(dict.fromkeys(data.item_codes)),
        begins=data.begins,
        ends=half_open(data.last_day),
    )
    return await keeping.publish_checklist(database, clock, request.user, new)


router = Router(
    "/desk/v1",
    route_handlers=[
        list_items,
        list_unused_items,
        show_item,
        add_item,
        end_item,
        list_grants,
        add_grant,
        end_grant,
        list_no_penalty,
        add_no_penalty,
        list_checklists,
        add_checklist,
    ],
    tags=["enforcement items"],
)


def _on(day: date | None, clock: Clock) -> date:
    return day_of(clock.now()) if day is None else day


def half_open(last_day: date | None) -> date | None:
    """The day after the last. Raises Malformed."""
    if last_day is None:
        return None
    if last_day >= LAST_DAY:
        raise Malformed(field="last_day", what=Spoken("malformed.calendar", first=FIRST_DAY, last=LAST_DAY))
    return day_after(last_day)


def _years_before(day: date, years: int) -> date:
    """The same day of that year; the last of February where it has no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _tidy(text: str) -> str:
    return " ".join(text.split())
