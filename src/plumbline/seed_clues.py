"""Clues of the demonstration city: one late, one being looked into, one to be closed by somebody else, one new."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from evidence.clues.handling import keep, record_step
from evidence.clues.model import Clue, Done, Reference, Reporter, Step
from evidence.clues.queries import channels
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection


class DemonstrationClue(NamedTuple):
    channel: str
    number: str
    days_ago: int
    text: str
    about: Reference
    reporter: Reporter | None
    steps: tuple[tuple[Step, str], ...] = ()


CLUES = (
    DemonstrationClue(
        "HOTLINE_12345", "演示-12345-0001", 9, "反映夜间施工噪声检测设备长期无人维护，要求核实其检定情况（演示）。",
        Reference(uscc="92420102MADEM0038U"), Reporter("来电人（演示）", "027-0000-0000"),
    ),
    DemonstrationClue(
        "INDUSTRY_FEDERATION", "演示-工商联-0001", 6, "会员企业反映一个月内多个部门先后上门检查（演示）。",
        Reference(uscc="92420102MADEM00114"), Reporter("某会员企业（演示）", "027-0000-0001"),
        ((Step.ACCEPTED, ""), (Step.ASSIGNED, "请核对入企检查次数"), (Step.LOOKED_INTO, "正在核对合并情况")),
    ),
    DemonstrationClue(
        "LETTER", "演示-信-0001", 15, "来信反映执法人员检查时没有出示证件（演示）。",
        Reference(uscc="92420102MADEM002XU"), None,
        ((Step.ACCEPTED, ""), (Step.ASSIGNED, ""), (Step.LOOKED_INTO, "调阅检查记录，出示证件有记录"),
         (Step.RESULT, "反映不属实"), (Step.REPLIED, "已书面答复")),
    ),
    DemonstrationClue(
        "OWN_PATROL", "", 1, "巡查发现一处设备点位未见公示标志（演示）。", Reference(uscc="92420102MADEM0038U"), None,
    ),
)  # fmt: skip


async def add_clues(db: Connection, clock: Clock, unit_id: UUID, registered_by: UUID, handled_by: UUID) -> None:
    """Of this unit: registered and decided by one, looked into by the other."""
    now = clock.now()
    known = await channels(db, day_of(now))
    for shown in CLUES:
        clue = Clue(
            id=uuid4(),
            unit_id=unit_id,
            channel=known[shown.channel],
            channel_number=shown.number,
            received_at=now - timedelta(days=shown.days_ago),
            text=shown.text,
            registered_by=registered_by,
            registered_at=now,
        )
        await keep(db, clue, shown.reporter, [shown.about])
        for ordinal, (step, text) in enumerate(shown.steps, start=1):
            assigning = step is Step.ASSIGNED
            done = Done(
                ordinal=ordinal,
                step=step,
                by_id=registered_by if assigning or step is Step.ACCEPTED else handled_by,
                at=now,
                text=text,
                unit_id=unit_id if assigning else None,
                person_id=handled_by if assigning else None,
            )
            await record_step(db, clue.id, done)
