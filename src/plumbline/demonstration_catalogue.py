"""The demonstration city's catalogue: items of a district's urban management, a street's powers, checklists, lists.

The laws are real; codes, wording of the points and conditions are made up for the demonstration.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from agency.enforcement_items.model import Act, Checklist, ItemVersion, NoPenaltyEntry, NoPenaltyKind, Point
from agency.enforcement_items.queries import add_checklist, add_grant, add_no_penalty, add_version
from foundation.database import Connection

KEEPER = "jiangan-urban"
STREET = "420102002"
PUBLISHED = date(2024, 10, 31)
"""武政办〔2024〕67号 asks for the catalogues by then."""
EMPOWERED = date(2025, 1, 1)
GRANT_BASIS = "江岸区街道赋权事项清单（演示）"

NOISE, FUMES, FRONTAGE, SITE = "420102-JC-001", "420102-JC-002", "420102-JC-003", "420102-JC-004"
NOISE_PENALTY, FUMES_PENALTY, OCCUPATION_PENALTY = "420102-CF-001", "420102-CF-002", "420102-CF-003"
WITHDRAWN = "420102-JC-009"
CATERING, BUILDING_SITE = "CY-YYZS", "SG-ZSYC"
_NOISE_LAW, _AIR_LAW = "《中华人民共和国噪声污染防治法》", "《中华人民共和国大气污染防治法》"
_SANITATION = "《城市市容和环境卫生管理条例》"

ITEMS = (
    (NOISE, Act.INSPECTION, "社会生活噪声污染防治检查", "Inspection of noise from social life",
     f"{_NOISE_LAW}第二十九条"),
    (FUMES, Act.INSPECTION, "餐饮服务业油烟排放检查", "Inspection of cooking fumes", f"{_AIR_LAW}第八十一条"),
    (FRONTAGE, Act.INSPECTION, "门前三包与占道经营检查", "Inspection of frontages and occupied pavements",
     f"{_SANITATION}第十四条；《武汉市市容环境卫生管理条例》"),
    (SITE, Act.INSPECTION, "建筑施工噪声与扬尘检查", "Inspection of noise and dust of building sites",
     f"{_NOISE_LAW}第四十三条；{_AIR_LAW}第六十九条"),
    (NOISE_PENALTY, Act.PENALTY, "对超标排放社会生活噪声的处罚", "Penalty for noise above the limit",
     f"{_NOISE_LAW}第八十二条"),
    (FUMES_PENALTY, Act.PENALTY, "对餐饮服务业超标排放油烟的处罚", "Penalty for cooking fumes above the limit",
     f"{_AIR_LAW}第一百一十八条"),
    (OCCUPATION_PENALTY, Act.PENALTY, "对擅自占道堆放物料、摆摊设点的处罚", "Penalty for occupying the pavement",
     f"{_SANITATION}第三十六条"),
)  # fmt: skip
WITHDRAWN_SPAN = (date(2024, 10, 31), date(2025, 7, 1))
"""Of an item that was published once: what is captured under it today is held, and says why."""
GRANTED = (FRONTAGE, OCCUPATION_PENALTY, FUMES)
"""To the street; noise and building sites stay with the district."""

CHECKLISTS = (
    (CATERING, "餐饮单位油烟与噪声现场检查", (FUMES, NOISE), (
        ("F-01", "是否安装油烟净化设施", f"{_AIR_LAW}第八十一条第一款"),
        ("F-02", "油烟净化设施是否正常使用", f"{_AIR_LAW}第八十一条第一款"),
        ("F-03", "油烟净化设施是否定期清洗并留有记录", "GB 18483—2001《饮食业油烟排放标准（试行）》"),
        ("F-04", "油烟是否经专用烟道排放", f"{_AIR_LAW}第八十一条第二款"),
        ("N-01", "风机、冷却塔等设备是否采取隔声减振措施", f"{_NOISE_LAW}第六十二条"),
        ("N-02", "边界噪声是否符合排放标准（记录声级计读数）", "GB 22337—2008《社会生活环境噪声排放标准》"),
        ("N-03", "是否使用高音喇叭等持续反复发出高噪声的方法招揽顾客", f"{_NOISE_LAW}第六十三条"),
        ("M-01", "门前是否堆放物料、摆设摊点", f"{_SANITATION}第十四条"),
    )),
    (BUILDING_SITE, "施工工地噪声与扬尘现场检查", (SITE,), (
        ("S-01", "是否制定噪声污染防治实施方案", f"{_NOISE_LAW}第四十条"),
        ("S-02", "夜间施工是否持有证明并公示附近居民", f"{_NOISE_LAW}第四十三条"),
        ("S-03", "场界噪声是否符合排放标准（记录声级计读数）", "GB 12523—2011《建筑施工场界环境噪声排放标准》"),
        ("D-01", "是否设置硬质围挡", f"{_AIR_LAW}第六十九条第三款"),
        ("D-02", "裸露地面、土方是否覆盖", f"{_AIR_LAW}第六十九条"),
        ("D-03", "是否采取洒水抑尘、冲洗地面和车辆等措施", f"{_AIR_LAW}第六十九条第三款"),
        ("D-04", "是否公示扬尘污染防治措施、负责人、主管部门", f"{_AIR_LAW}第六十九条第二款"),
    )),
)  # fmt: skip
"""Code, title, the items it serves, and its points with what each rests on."""

NO_PENALTY = (
    ("420102-SW-001", NoPenaltyKind.FIRST_OFFENCE, OCCUPATION_PENALTY, "首次擅自在街道两侧堆放物料、摆摊设点",
     "两年内首次被发现；占地不影响通行；责令后当场改正。"),
    ("420102-SW-002", NoPenaltyKind.FIRST_OFFENCE, NOISE_PENALTY, "首次使用高音喇叭招揽顾客",
     "首次被发现；夜间二十二时前；责令后当场停止。"),
    ("420102-QW-001", NoPenaltyKind.MINOR, FUMES_PENALTY, "油烟净化设施未按期清洗",
     "设施已安装并运行；排放未超标；在责令的期限内完成清洗；没有造成危害后果。"),
)  # fmt: skip


async def add_catalogue(db: Connection, units: Mapping[str, UUID], recorded_by: UUID, now: datetime) -> None:
    """`units` by their key in the demonstration city."""
    keeper = units[KEEPER]
    for code, act, name_zh, name_en, basis in ITEMS:
        version = ItemVersion(
            code=code, act=act, name_zh=name_zh, name_en=name_en, legal_basis=basis, unit_id=keeper, begins=PUBLISHED
        )
        await add_version(db, version, now, recorded_by)
    begins, ends = WITHDRAWN_SPAN
    once = ItemVersion(
        code=WITHDRAWN,
        act=Act.INSPECTION,
        name_zh="户外招牌设置检查（已取消）",
        name_en="Inspection of shop signs (cancelled)",
        legal_basis=f"{_SANITATION}第十一条",
        unit_id=keeper,
        begins=begins,
        ends=ends,
    )
    await add_version(db, once, now, recorded_by)
    for code in GRANTED:
        await add_grant(db, units[STREET], code, EMPOWERED, basis=GRANT_BASIS, known_from=now, recorded_by=recorded_by)
    for code, title, serves, points in CHECKLISTS:
        checklist = Checklist(
            code=code,
            version=1,
            unit_id=keeper,
            title=title,
            items=tuple(Point(*point) for point in points),
            item_codes=serves,
            begins=PUBLISHED,
        )
        await add_checklist(db, checklist, now, recorded_by)
    for code, kind, item, text, conditions in NO_PENALTY:
        entry = NoPenaltyEntry(
            code=code, kind=kind, unit_id=keeper, item=item, text=text, conditions=conditions, begins=EMPOWERED
        )
        await add_no_penalty(db, entry, now, recorded_by)
