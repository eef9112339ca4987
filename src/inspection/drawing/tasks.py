"""The tasks that follow from a published drawing: whom it drew is who goes, and where."""

from datetime import date
from uuid import UUID, uuid4

from msgspec import Struct
from msgspec.json import decode

from agency.model import Actor
from foundation.clock import Clock
from foundation.database import Database
from inspection import queries as inspections
from inspection.drawing import queries
from inspection.drawing.drawing import tasks_of
from inspection.drawing.model import Drawing, Pools, Step
from inspection.drawing.problems import DrawingOutOfStep
from inspection.model import Inspection, Source
from inspection.planning import rules
from inspection.planning.tasks import at_cap, check_items, check_teams
from inspection.tasks import open_tasks


class Wish(Struct, frozen=True, kw_only=True):
    """What the tasks of a drawing have in common. `due_on` is a Beijing civil day."""

    due_on: date
    items: list[str]
    checklist: str


class Made(Struct, frozen=True):
    """The new tasks, and the enterprises that got none: visited as often as they may be this year."""

    tasks: list[UUID]
    at_cap: list[str]


async def make_tasks(database: Database, clock: Clock, actor: Actor, drawing: Drawing, wish: Wish) -> Made:
    """A task for each team that has none yet, so that asking twice makes nothing twice.

    Nobody chooses among those drawn: teams are checked together, and one that may not go stops all. Raises
    DrawingOutOfStep, ItemNotOpen, TeamRefused.
    """
    async with database.transaction() as db:
        await inspections.one_by_one(db, [drawing.id])
        result = await queries.result_of(db, drawing.id)
        if drawing.step is not Step.PUBLISHED or result is None:
            raise DrawingOutOfStep(step=drawing.step)
        made = await queries.tasks_made(db, drawing.id)
        drawn = tasks_of(decode(await queries.pools_of(db, drawing.id), type=Pools), result)
        left = {enterprise.uscc: (enterprise, team) for enterprise, team in drawn if enterprise.uscc not in made}
        if not left:
            return Made([], [])
        await check_items(db, drawing.unit_id, wish.items, wish.due_on)
        await check_teams(db, [team for _, team in left.values()], wish.due_on)
        full: set[str] = set()
        if rules.COUNTS[Source.DOUBLE_RANDOM]:
            full = set(await at_cap(db, drawing.unit_id, left, wish.due_on.year))
        tasks = [
            Inspection(
                id=uuid4(),
                unit_id=drawing.unit_id,
                source=Source.DOUBLE_RANDOM,
                title=drawing.title,
                due_on=wish.due_on,
                enterprise=enterprise,
                items=wish.items,
                checklist=wish.checklist,
                officers=list(team),
            )
            for uscc, (enterprise, team) in left.items()
            if uscc not in full
        ]
        await open_tasks(db, clock, tasks, actor)
        await queries.keep_tasks(db, drawing.id, {task.id: task.enterprise.uscc for task in tasks})
    return Made([task.id for task in tasks], sorted(full))
