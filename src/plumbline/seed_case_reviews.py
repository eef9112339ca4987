"""Case files of the demonstration city and two reviews of them: one being judged, one whose period still runs."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from agency.model import Actor, PersonKind, Unit
from evidence.case_file_review import judging
from evidence.case_file_review.campaign import NewTerms, commit_in, draw_in
from evidence.case_file_review.model import Day, ItemKind, Judged, Kind, Sheet, Terms
from evidence.case_file_review.queries import draw_of, review_by_id
from evidence.case_file_review.sheets import digest_of, standard
from evidence.case_files.attaching import open_in
from evidence.case_files.model import CaseFile
from evidence.case_files.queries import add_officers, close
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from foundation.working_days import WorkingDaysUnknown

TITLES = (
    "夜间施工噪声超标（演示）", "占用城市道路经营（演示）", "餐饮油烟直排（演示）", "擅自设置户外广告（演示）",
    "随意倾倒建筑垃圾（演示）", "施工工地未覆盖裸土（演示）", "未按规定分类投放垃圾（演示）", "损坏绿化（演示）",
)  # fmt: skip
LOST = {"F2": (2, "送达回证缺少受送达人签收日期（演示）"), "S5": (4, "未说明从轻处罚的理由（演示）")}
FOUND = {"V3": "询问笔录仅有一名执法人员签名（演示）"}
"""What the first judgement finds."""


class EarlierClock:
    """Made-up things happened before the city was seeded."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant


async def add_case_reviews(db: Connection, clock: Clock, units: Mapping[str, Unit], people: Mapping[str, UUID]) -> None:
    """The first was committed to a month ago, and its period ended yesterday."""
    unit_id, officers = units["jiangan-urban"].id, [people["officer-a"], people["officer-b"]]
    now, opener = clock.now(), Actor(officers[0], PersonKind.OFFICER, unit_id, None, ())
    then = EarlierClock(now - timedelta(days=30))
    for number, title in enumerate(TITLES, 1):
        opened_on = day_of(now) - timedelta(days=25 - number)
        case = CaseFile(
            id=uuid4(),
            number=f"演示罚〔{opened_on.year}〕{number}号",
            unit_id=unit_id,
            title=title,
            opened_on=opened_on,
        )
        await open_in(db, EarlierClock(now - timedelta(days=25 - number)), opener, case)
        await add_officers(db, case.id, officers, officers[0], now - timedelta(days=25 - number))
        await close(db, case.id, opened_on + timedelta(days=12), officers[0], now - timedelta(days=13 - number))
    supervisor = Actor(people["supervisor"], PersonKind.STAFF, units["justice"].id, None, ())
    reviewers = tuple(people[name] for name in ("supervisor", "supervisor-jiangan", "legal-reviewer"))
    terms = Terms(
        review=UUID(int=0), unit=units["city"].id, title="全市行政处罚案卷综合评查（演示）",
        basis="年度案卷评查方案（演示）",
        kind=Kind.COMPREHENSIVE, units=(unit_id,), day=Day.CLOSED, begins=day_of(now) - timedelta(days=29),
        ends=day_of(now), number=4, share=None, sheet=digest_of(standard()).hex(), reviewers_each=2,
        beacon_source=None,
    )  # fmt: skip
    drawn = await commit_in(db, then, supervisor, NewTerms(terms=terms, reviewers=reviewers))
    review = await review_by_id(db, drawn)
    assert review is not None, "it was written just now"
    await draw_in(db, clock, supervisor, review, None)
    await _judge_the_first(db, clock, drawn)
    running = NewTerms(
        terms=Terms(
            review=UUID(int=0), unit=units["city"].id, title="涉企行政执法案卷专项评查（演示）",
            basis="年度案卷评查方案（演示）",
            kind=Kind.ENTERPRISES, units=(unit_id, units["jianghan-urban"].id), day=Day.CLOSED, begins=day_of(now),
            ends=day_of(now) + timedelta(days=30), number=None, share=20, sheet=digest_of(standard()).hex(),
            reviewers_each=2, beacon_source="期间结束后第一期福利彩票双色球号码（演示）",
        ),
        reviewers=reviewers,
    )  # fmt: skip
    await commit_in(db, clock, supervisor, running)


async def _judge_the_first(db: Connection, clock: Clock, review_id: UUID) -> None:
    """One file by both of its reviewers, and an order about it."""
    drawn = await draw_of(db, review_id)
    assert drawn is not None, "it was drawn just now"
    file, sheet = drawn.result.files[0], standard()
    for reviewer in file.reviewers:
        by = Actor(reviewer, PersonKind.STAFF, file.unit, None, ())
        await judging.judge_in(db, clock, by, review_id, file.case, _judged(sheet))
    review = await review_by_id(db, review_id)
    assert review is not None, "it was written just now"
    ordering = Actor(review.committed_by, PersonKind.STAFF, review.unit_id, None, ())
    demand = "补正送达材料，重新核实询问过程，并对办案程序开展自查（演示）。"
    with suppress(WorkingDaysUnknown):  # late in a year whose successor's holidays are not out: it waits to be ordered
        await judging.order_in(db, clock, ordering, review, file.case, demand, 15)


def _judged(sheet: Sheet) -> list[Judged]:
    judged = []
    for item in sheet.items:
        if item.kind is ItemKind.POINTS:
            lost, reason = LOST.get(item.code, (0, ""))
            judged.append(Judged(code=item.code, points=item.points - lost, reason=reason))
        else:
            judged.append(Judged(code=item.code, found=item.code in FOUND, reason=FOUND.get(item.code, "")))
    return judged
