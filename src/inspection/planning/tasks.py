"""Plans are filed, tasks made of them or of a complaint, officers sent, visits approved: each by name."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from uuid import UUID, uuid4

from msgspec.structs import replace

from agency.enforcement_items.queries import item_standings
from agency.identifiers import credit_code
from agency.model import Actor
from agency.queries import credentials_of, people_by_id
from evidence.custody import Event, tell
from foundation.civil import beginning_of, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database, sees_every_unit
from foundation.problem import Spoken
from inspection import queries as inspections
from inspection.current import derive
from inspection.model import Enterprise, Inspection, State
from inspection.planning import queries, rules
from inspection.planning.model import Plan, Row, Visit
from inspection.planning.problems import (
    AlreadyApproved,
    AlreadyClosed,
    ApprovesOwnVisit,
    CapReached,
    EnterpriseRefused,
    ItemNotOpen,
    PlanDays,
    TeamRefused,
)
from inspection.rules import merging
from inspection.rules.guard import FEWEST_OFFICERS
from inspection.tasks import approve as approved_once
from inspection.tasks import open_tasks


async def file_plan(database: Database, clock: Clock, actor: Actor, plan: Plan) -> Plan:
    """Raises EnterpriseRefused, ItemNotOpen, PlanDays."""
    now, targets = clock.now(), [_checked(target, "targets") for target in plan.targets]
    if len({target.uscc for target in targets}) < len(targets):
        raise EnterpriseRefused(field="targets", uscc="")
    plan = replace(plan, targets=targets)
    async with database.transaction() as db:
        await queries.add_plan(db, plan, actor.person_id, now)
        await check_items(db, plan.unit_id, plan.items, plan.begins)
        told = {"plan_id": plan.id, "published_on": plan.published_on.isoformat(), "targets": len(targets)}
        await tell(db, Event.INSPECTION_PLANNED, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return plan


async def tasks_of_plan(
    database: Database, clock: Clock, actor: Actor, plan: Plan, due_on: date, officers: Sequence[UUID]
) -> list[UUID]:
    """A task for each target that has none; all or none are made.

    Raises CapReached, ItemNotOpen, PlanDays, TeamRefused.
    """
    if not plan.begins <= due_on <= plan.ends:
        raise PlanDays(field="due_on")
    async with database.transaction() as db:
        made = [
            Inspection(
                id=uuid4(),
                unit_id=plan.unit_id,
                source=plan.source,
                title=plan.title,
                due_on=due_on,
                enterprise=target,
                items=plan.items,
                checklist=plan.checklist,
                officers=list(officers),
            )
            for target in await queries.targets_left(db, plan.id)
        ]
        await _open(db, clock, actor, made, counts=plan.counts)
        await queries.keep_of_plan(db, plan.id, {task.id: task.enterprise.uscc for task in made})
    return [task.id for task in made]


async def add_task(database: Database, clock: Clock, actor: Actor, task: Inspection) -> None:
    """Raises CapReached, EnterpriseRefused, ItemNotOpen, TeamRefused."""
    checked = replace(task, enterprise=_checked(task.enterprise, "uscc"))
    async with database.transaction() as db:
        await _open(db, clock, actor, [checked], counts=rules.COUNTS[task.source])


async def assign(database: Database, clock: Clock, actor: Actor, inspection: Row, officers: Sequence[UUID]) -> None:
    """These go, and nobody else; whoever does not any more is told so. Raises AlreadyClosed, TeamRefused."""
    now = clock.now()
    async with database.transaction() as db:
        await inspections.one_by_one(db, [inspection.id])
        held = (await queries.rows_by_id(db, [inspection.id]))[inspection.id]
        if held.state is State.CLOSED:
            raise AlreadyClosed
        await check_teams(db, [officers], held.due_on or day_of(now))
        await queries.replace_officers(db, inspection.id, officers, actor.person_id, now)
        authors = {one.author for one in (await inspections.operations_of(db, [inspection.id]))[inspection.id]}
        removed = sorted(set(held.officers) - set(officers) - authors)
        told = {"inspection_id": inspection.id, "officers": list(officers), "removed": removed}
        await tell(db, Event.INSPECTION_ASSIGNED, now, evidence_id=None, actor_id=actor.person_id, details=told)
        await derive(db, [inspection.id], now)
        await inspections.tell_officers(db, [(person_id, inspection.id) for person_id in removed], gone=True)


async def approve(database: Database, clock: Clock, actor: Actor, inspection: Row, note: str) -> None:
    """Raises AlreadyApproved, ApprovesOwnVisit."""
    async with database.transaction() as db:
        await inspections.one_by_one(db, [inspection.id])
        held = (await queries.rows_by_id(db, [inspection.id]))[inspection.id]
        if actor.person_id in held.officers:
            raise ApprovesOwnVisit
        if not await approved_once(db, clock, inspection.id, actor.person_id, note):
            raise AlreadyApproved


@sees_every_unit
async def visits(db: Connection, usccs: Collection[str], year: int) -> dict[str, list[Visit]]:
    """Who was at each enterprise in a Beijing year, or is to be, newest first, and whether it counts toward the cap.

    What officers tell in CAP holds before what the plan says, and that before the default of the source; where two
    tell different things it counts.
    """
    found = await queries.visits_of(db, usccs, date(year, 1, 1), date(year, 12, 31))
    told = await inspections.operations_of(db, [one.inspection_id for one in found])
    listed: dict[str, list[Visit]] = {uscc: [] for uscc in usccs}
    for one in found:
        said = merging.merged(told[one.inspection_id]).get("cap", {}).get("counts", [])
        default = rules.COUNTS[one.source] if one.counts is None else one.counts
        visit = Visit(
            inspection_id=one.inspection_id,
            unit_id=one.unit_id,
            source=one.source,
            title=one.title,
            joint_id=one.joint_id,
            due_on=one.due_on,
            at=one.at,
            counts=any(value.value for value in said) if said else default,
        )
        listed[one.uscc].append(visit)
    return listed


async def _open(db: Connection, clock: Clock, actor: Actor, tasks: Sequence[Inspection], *, counts: bool) -> None:
    """Tasks of one unit for the same items, day and officers, each for another enterprise."""
    if not tasks:
        return
    task, day = tasks[0], tasks[0].due_on or day_of(clock.now())
    await check_items(db, task.unit_id, task.items, day)
    if task.officers:
        await check_teams(db, [task.officers], day)
    if counts:
        names = {one.enterprise.uscc: one.enterprise.name for one in tasks}
        for uscc, (number, most) in (await at_cap(db, task.unit_id, names, day.year)).items():
            raise CapReached(number=number, most=most, name=names[uscc])
    await open_tasks(db, clock, tasks, actor)


async def at_cap(db: Connection, unit_id: UUID, usccs: Collection[str], year: int) -> dict[str, tuple[int, int]]:
    """Enterprises that the unit visits as often as it may in a Beijing year: how often, and how often at most.

    Nobody else counts them until the transaction ends.
    """
    most = await queries.cap_of(db, unit_id, year)
    if most is None:
        return {}
    await queries.one_enterprise_by_one(db, usccs)
    numbers = {
        uscc: rules.counted(one for one in listed if one.unit_id == unit_id)
        for uscc, listed in (await visits(db, usccs, year)).items()
    }
    return {uscc: (number, most) for uscc, number in numbers.items() if number >= most}


async def check_items(db: Connection, unit_id: UUID, codes: Sequence[str], day: date) -> None:
    """The unit may carry all of them out on that Beijing day. Raises ItemNotOpen."""
    noon = beginning_of(day) + timedelta(hours=12)
    standings = await item_standings(db, unit_id, codes, noon, noon)
    for code in codes:
        if standings[code].reasons:
            raise ItemNotOpen(field="items", code=code, why=Spoken(f"planning.item.{standings[code].reasons[0]}"))


async def check_teams(db: Connection, teams: Sequence[Collection[UUID]], day: date) -> None:
    """Each may go on that Beijing day. Raises TeamRefused for the first that may not."""
    officers = {person_id for team in teams for person_id in team}
    people, held = await people_by_id(db, officers), await credentials_of(db, officers)
    for sent in teams:
        team = rules.team([people[one] for one in sent if one in people], held, day)
        if not people.keys() >= set(sent) or not team.may_go:
            named = [{"person_id": person_id, "reason": reason} for person_id, reason in sorted(team.barred.items())]
            number = len(team.counted)
            raise TeamRefused(field="officers", members={"people": named}, number=number, fewest=FEWEST_OFFICERS)


def _checked(enterprise: Enterprise, field: str) -> Enterprise:
    code = credit_code(enterprise.uscc)
    if code is None:
        raise EnterpriseRefused(field=field, uscc=enterprise.uscc)
    return replace(enterprise, uscc=code)
