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
from foundation.civil import beginning_of, day_of, end_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Spoken
from inspection import queries as inspections
from inspection.current import derive
from inspection.model import Enterprise, Inspection, State
from inspection.planning import queries, rules
from inspection.planning.model import Plan, Row, Visit
from inspection.planning.problems import (
    AlreadyClosed,
    ApprovesOwnVisit,
    CapReached,
    EnterpriseRefused,
    ItemNotOpen,
    TeamRefused,
)
from inspection.rules import merging
from inspection.rules.guard import FEWEST_OFFICERS
from inspection.tasks import open_task


async def file_plan(database: Database, clock: Clock, actor: Actor, plan: Plan) -> Plan:
    """Raises EnterpriseRefused, ItemNotOpen, PlanDays."""
    now, targets = clock.now(), [_checked(target, "targets") for target in plan.targets]
    if len({target.uscc for target in targets}) < len(targets):
        raise EnterpriseRefused(field="targets", uscc="")
    plan = replace(plan, targets=targets)
    async with database.transaction() as db:
        await queries.add_plan(db, plan, actor.person_id, now)
        await _check_items(db, plan.unit_id, plan.items, plan.begins)
        told = {"plan_id": plan.id, "published_on": plan.published_on.isoformat(), "targets": len(targets)}
        await tell(db, Event.INSPECTION_PLANNED, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return plan


async def tasks_of_plan(
    database: Database, clock: Clock, actor: Actor, plan: Plan, due_on: date, officers: Sequence[UUID]
) -> list[UUID]:
    """A task for each target that has none. Raises CapReached, ItemNotOpen, TeamRefused; nothing is made then."""
    async with database.transaction() as db:
        made = []
        for target in await queries.targets_left(db, plan.id):
            task = Inspection(
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
            await _open(db, clock, actor, task, counts=plan.counts)
            await queries.keep_of_plan(db, task.id, plan.id, target.uscc)
            made.append(task.id)
    return made


async def add_task(database: Database, clock: Clock, actor: Actor, task: Inspection) -> None:
    """Raises CapReached, EnterpriseRefused, ItemNotOpen, TeamRefused."""
    async with database.transaction() as db:
        checked = replace(task, enterprise=_checked(task.enterprise, "uscc"))
        await _open(db, clock, actor, checked, counts=rules.COUNTS[task.source])


async def assign(database: Database, clock: Clock, actor: Actor, inspection: Row, officers: Sequence[UUID]) -> None:
    """These go, and nobody else; whoever does not any more is told so. Raises AlreadyClosed, TeamRefused."""
    now = clock.now()
    async with database.transaction() as db:
        await inspections.one_by_one(db, [inspection.id])
        held = (await queries.rows_by_id(db, [inspection.id]))[inspection.id]
        if held.state is State.CLOSED:
            raise AlreadyClosed
        await _check_team(db, officers, held.due_on or day_of(now))
        await queries.replace_officers(db, inspection.id, officers, actor.person_id, now)
        authors = {one.author for one in (await inspections.operations_of(db, [inspection.id]))[inspection.id]}
        removed = sorted(set(held.officers) - set(officers) - authors)
        told = {"inspection_id": inspection.id, "officers": list(officers), "removed": removed}
        await tell(db, Event.INSPECTION_ASSIGNED, now, evidence_id=None, actor_id=actor.person_id, details=told)
        await derive(db, [inspection.id], now)
        await inspections.tell_officers(db, [(person_id, inspection.id) for person_id in removed], gone=True)


async def approve(database: Database, clock: Clock, actor: Actor, inspection: Row, note: str) -> None:
    """Raises AlreadyApproved, ApprovesOwnVisit."""
    now = clock.now()
    async with database.transaction() as db:
        await inspections.one_by_one(db, [inspection.id])
        held = (await queries.rows_by_id(db, [inspection.id]))[inspection.id]
        if actor.person_id in held.officers:
            raise ApprovesOwnVisit
        await queries.add_approval(db, inspection.id, actor.person_id, now, note)
        told = {"inspection_id": inspection.id, "state": held.state}
        await tell(db, Event.INSPECTION_APPROVED, now, evidence_id=None, actor_id=actor.person_id, details=told)
        await derive(db, [inspection.id], now)


async def visits(db: Connection, uscc: str, year: int) -> list[Visit]:
    """Everybody who was at the enterprise in a Beijing year, newest first, and whether it counts toward the cap.

    What officers tell in CAP holds before what the plan says, and that before the default of the source; where two
    tell different things it counts.
    """
    begins, ends = beginning_of(date(year, 1, 1)), end_of(date(year, 12, 31))
    begun = await queries.begun_of(db, uscc, begins, ends)
    told = await inspections.operations_of(db, [one.inspection_id for one in begun])
    found = []
    for one in begun:
        said = merging.merged(told[one.inspection_id]).get("cap", {}).get("counts", [])
        default = rules.COUNTS[one.source] if one.counts is None else one.counts
        found.append(
            Visit(
                inspection_id=one.inspection_id,
                unit_id=one.unit_id,
                source=one.source,
                title=one.title,
                joint_id=one.joint_id,
                at=one.at,
                counts=any(value.value for value in said) if said else default,
            )
        )
    return found


async def _open(db: Connection, clock: Clock, actor: Actor, task: Inspection, *, counts: bool) -> None:
    day = task.due_on or day_of(clock.now())
    await _check_items(db, task.unit_id, task.items, day)
    if task.officers:
        await _check_team(db, task.officers, day)
    if counts:
        most = await queries.cap_of(db, task.unit_id, day.year)
        if most is not None:
            been = [one for one in await visits(db, task.enterprise.uscc, day.year) if one.unit_id == task.unit_id]
            if (number := rules.counted(been)) >= most:
                raise CapReached(number=number, most=most, name=task.enterprise.name)
    await open_task(db, clock, task, actor)


async def _check_items(db: Connection, unit_id: UUID, codes: Sequence[str], day: date) -> None:
    noon = beginning_of(day) + timedelta(hours=12)
    standings = await item_standings(db, unit_id, codes, noon, noon)
    for code in codes:
        if standings[code].reasons:
            raise ItemNotOpen(field="items", code=code, why=Spoken(f"planning.item.{standings[code].reasons[0]}"))


async def _check_team(db: Connection, officers: Collection[UUID], day: date) -> None:
    people = await people_by_id(db, officers)
    team = rules.team(people.values(), await credentials_of(db, officers), day)
    if len(people) < len(set(officers)) or not team.may_go:
        named = [{"person_id": person_id, "reason": reason} for person_id, reason in sorted(team.barred.items())]
        raise TeamRefused(field="officers", members={"people": named}, number=len(team.counted), fewest=FEWEST_OFFICERS)


def _checked(enterprise: Enterprise, field: str) -> Enterprise:
    code = credit_code(enterprise.uscc)
    if code is None:
        raise EnterpriseRefused(field=field, uscc=enterprise.uscc)
    return replace(enterprise, uscc=code)
