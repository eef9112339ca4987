"""Tasks of the demonstration city: made-up enterprises, their codes with true check digits."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from agency.model import Actor, PersonKind
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from inspection.model import Enterprise, Inspection, Source
from inspection.tasks import approve, open_tasks
from plumbline.demonstration_catalogue import BUILDING_SITE, CATERING, FUMES, NOISE, SITE


class DemonstrationTask(NamedTuple):
    title: str
    source: Source
    enterprise: Enterprise
    items: tuple[str, ...]
    checklist: str
    due_in_days: int


TASKS = (
    DemonstrationTask(
        "餐饮单位油烟与噪声检查（演示）", Source.PLAN,
        Enterprise("92420102MADEM00114", "演示餐饮店甲", "江岸区大智街道（演示地址）1号"),
        (NOISE, FUMES), CATERING, 10,
    ),
    DemonstrationTask(
        "夜间噪声投诉核查（演示）", Source.COMPLAINT,
        Enterprise("92420102MADEM002XU", "演示餐饮店乙", "江岸区大智街道（演示地址）2号"),
        (NOISE,), CATERING, 2,
    ),
    DemonstrationTask(
        "施工工地抽查（演示）", Source.DOUBLE_RANDOM,
        Enterprise("92420102MADEM0038U", "演示施工单位", "江岸区一元街道（演示地址）3号"),
        (SITE,), BUILDING_SITE, 20,
    ),
)  # fmt: skip


async def add_tasks(db: Connection, clock: Clock, unit_id: UUID, officers: list[UUID], opened_by: UUID) -> None:
    """Each task for these officers of the unit."""
    opener = Actor(opened_by, PersonKind.STAFF, unit_id, None, ())
    tasks = [
        Inspection(
            id=uuid4(),
            unit_id=unit_id,
            source=task.source,
            title=task.title,
            due_on=day_of(clock.now()) + timedelta(days=task.due_in_days),
            enterprise=task.enterprise,
            items=list(task.items),
            checklist=task.checklist,
            officers=officers,
        )
        for task in TASKS
    ]
    for opened in await open_tasks(db, clock, tasks, opener):
        await approve(db, clock, opened, opened_by)
