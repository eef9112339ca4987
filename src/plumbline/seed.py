"""A demonstration city for an empty database: divisions of Wuhan, people by role, devices of every standing."""

import asyncio
import json
import os
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import anyio

from agency import queries, sign_in
from agency.model import PersonKind, Role, Unit, UnitKind
from device_registry.model import Channel, Fact, Purpose
from device_registry.queries import set_channel
from device_registry.record import record_facts
from device_registry.register import Registration, register_devices
from foundation.civil import day_of
from foundation.clock import Clock, SystemClock
from foundation.database import Connection, Database
from foundation.reach import EVERYTHING
from plumbline.demonstration import ADDRESS, DEVICES
from plumbline.demonstration_catalogue import add_catalogue
from plumbline.seed_case_reviews import add_case_reviews
from plumbline.seed_clues import add_clues
from plumbline.seed_inspections import add_tasks
from plumbline.settings import Settings

SINCE = date(2000, 1, 1)
"""From when the units stand: before anything the register may learn about."""
GRANTED = datetime(2000, 1, 1, tzinfo=UTC)
PASSWORDS = "demonstration-passwords.json"
ISSUER = "武汉市人民政府（演示）"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""For passwords that people type: nothing that looks like something else. Twelve of them are 59 bits."""
LOCK_KEY = 0x73656564  # "seed"


class SeededPerson(NamedTuple):
    """Somebody who can sign in; `words` say who it is, Chinese first."""

    sign_in_name: str
    password: str
    words: str


class SeedReport(NamedTuple):
    """`created` is False where there were units already; `people` are those whose passwords are known here."""

    created: bool
    people: list[SeededPerson]


class Place(NamedTuple):
    """A unit of the city by its key, the key of what it belongs to, its names, and its division code if it has one."""

    key: str
    parent: str
    kind: UnitKind
    name_zh: str
    name_en: str
    division_code: str | None = None


class Somebody(NamedTuple):
    """Somebody by what they do: nobody in this city has a name."""

    sign_in_name: str
    kind: PersonKind
    name_zh: str
    name_en: str
    unit: str
    role: Role
    reach: str
    credential_days: tuple[int, int] | None = None
    """Days from today on which the credential begins and has its last day."""


DISTRICTS = (
    ("420102", "江岸区", "Jiang'an District"),
    ("420103", "江汉区", "Jianghan District"),
    ("420104", "硚口区", "Qiaokou District"),
    ("420105", "汉阳区", "Hanyang District"),
    ("420106", "武昌区", "Wuchang District"),
    ("420107", "青山区", "Qingshan District"),
    ("420111", "洪山区", "Hongshan District"),
    ("420112", "东西湖区", "Dongxihu District"),
    ("420113", "汉南区", "Hannan District"),
    ("420114", "蔡甸区", "Caidian District"),
    ("420115", "江夏区", "Jiangxia District"),
    ("420116", "黄陂区", "Huangpi District"),
    ("420117", "新洲区", "Xinzhou District"),
)
"""GB/T 2260; there are no 420108 to 420110."""
STREETS = (
    ("420102002", "大智街道", "Dazhi Street"),
    ("420102003", "一元街道", "Yiyuan Street"),
    ("420103001", "民族街街道", "Minzu Street"),
    ("420104001", "古田街道", "Gutian Street"),
)
"""Nine digits, the first six of them the district's. 2024 edition."""
UNITS = (
    Place("city", "", UnitKind.CITY, "武汉市", "Wuhan", "420100"),
    *(Place(code, "city", UnitKind.DISTRICT, zh, en, code) for code, zh, en in DISTRICTS),
    Place("east-lake", "city", UnitKind.FUNCTIONAL_ZONE, "东湖新技术开发区", "East Lake High-tech Development Zone"),
    *(Place(code, code[:6], UnitKind.STREET, zh, en, code) for code, zh, en in STREETS),
    Place("justice", "city", UnitKind.DEPARTMENT, "武汉市司法局", "Wuhan Bureau of Justice"),
    Place("environment", "city", UnitKind.DEPARTMENT, "武汉市生态环境局", "Wuhan Bureau of Ecology and Environment"),
    Place("traffic", "city", UnitKind.DEPARTMENT, "武汉市公安局交通管理局", "Wuhan Traffic Police"),
    Place("jiangan-urban", "420102", UnitKind.DEPARTMENT, "江岸区城市管理执法局", "Jiang'an Urban Management Bureau"),
    Place("jianghan-urban", "420103", UnitKind.DEPARTMENT, "江汉区城市管理执法局", "Jianghan Urban Management Bureau"),
)  # fmt: skip
CHANNELS = {
    Purpose.QUERY: (
        "凭处理通知书编号，到设置单位窗口或其网站查询记录（演示）。",
        "With the number of your notice, at the counter or the site of the unit that set it up (demonstration).",
    ),
    Purpose.STATEMENT: (
        "收到通知后可向设置单位陈述、申辩，口头或书面均可，也可委托他人（演示）。",
        "State your case to that unit, orally or in writing, yourself or by somebody else (demonstration).",
    ),
    Purpose.COMPLAINT: (
        "对设备的设置或使用有意见，可拨打 12345 政务服务便民热线（演示）。",
        "About where a device stands or how it is used: the public service line 12345 (demonstration).",
    ),
}
"""What the city tells everybody."""
_VALID, _EXPIRED = (-700, 395), (-1500, -30)
PEOPLE = (
    Somebody("officer-a", PersonKind.OFFICER, "执法人员甲", "Officer A",
             "jiangan-urban", Role.FIELD_OFFICER, "420102", _VALID),
    Somebody("officer-b", PersonKind.OFFICER, "执法人员乙", "Officer B",
             "jiangan-urban", Role.FIELD_OFFICER, "420102", _VALID),
    Somebody("officer-expired", PersonKind.OFFICER, "证件过期的执法人员", "Officer with an expired credential",
             "jianghan-urban", Role.FIELD_OFFICER, "420103", _EXPIRED),
    Somebody("auxiliary", PersonKind.AUXILIARY, "执法辅助人员", "Auxiliary",
             "jiangan-urban", Role.FIELD_OFFICER, "420102"),
    Somebody("device-manager", PersonKind.STAFF, "监控设备管理员", "Device manager",
             "traffic", Role.DEVICE_MANAGER, "city"),
    Somebody("device-manager-b", PersonKind.STAFF, "监控设备管理员乙", "Second device manager",
             "traffic", Role.DEVICE_MANAGER, "city"),
    Somebody("legal-reviewer", PersonKind.STAFF, "法制审核员", "Legal reviewer",
             "justice", Role.LEGAL_REVIEWER, "city"),
    Somebody("technical-reviewer", PersonKind.STAFF, "技术审核员", "Technical reviewer",
             "traffic", Role.TECHNICAL_REVIEWER, "city"),
    Somebody("publicity-officer", PersonKind.STAFF, "公布员", "Publicity officer",
             "traffic", Role.PUBLICITY_OFFICER, "city"),
    Somebody("entity-head", PersonKind.STAFF, "单位负责人", "Head of the entity", "traffic", Role.ENTITY_HEAD, "city"),
    Somebody("report-receiver", PersonKind.STAFF, "报告接收员", "Receiver of reports",
             "justice", Role.REPORT_RECEIVER, "city"),
    Somebody("report-receiver-jiangan", PersonKind.STAFF, "江岸区报告接收员", "Receiver of reports, Jiang'an",
             "420102", Role.REPORT_RECEIVER, "420102"),
    Somebody("supervisor", PersonKind.STAFF, "行政执法监督员", "Supervisor", "justice", Role.SUPERVISOR, "city"),
    Somebody("supervisor-jiangan", PersonKind.STAFF, "江岸区行政执法监督员", "Supervisor of Jiang'an District",
             "420102", Role.SUPERVISOR, "420102"),
    Somebody("administrator", PersonKind.STAFF, "系统管理员", "Administrator", "justice", Role.ADMINISTRATOR, "city"),
)  # fmt: skip


async def seed(settings: Settings, clock: Clock | None = None) -> SeedReport:
    """Fills a database without units, all or nothing; on any other only tells who can sign in."""
    clock = clock or SystemClock()
    file = settings.data / PASSWORDS
    database = await Database.open(settings.database_url, most=1, unless_said=EVERYTHING)
    try:
        async with database.connection() as db:
            if await _is_taken(db):
                return SeedReport(created=False, people=_known(file))
        hashes = await _hashed({person.sign_in_name: _password() for person in PEOPLE})
        async with database.transaction() as db:
            await db.execute("select pg_advisory_xact_lock($1)", LOCK_KEY)
            if await _is_taken(db):  # another process was first
                return SeedReport(created=False, people=_known(file))
            units = await _add_units(db)
            people = await _add_people(db, units, hashes, day_of(clock.now()))
            for purpose, (words_zh, words_en) in CHANNELS.items():
                told = Channel(unit_id=units["city"].id, purpose=purpose, words_zh=words_zh, words_en=words_en)
                await set_channel(db, told, SINCE, clock.now(), people["publicity-officer"])
            await add_catalogue(db, {key: unit.id for key, unit in units.items()}, people["administrator"], clock.now())
            await _add_devices(db, units, people, clock)
            officers = [people["officer-a"], people["officer-b"]]
            await add_tasks(db, clock, units["jiangan-urban"].id, officers, people["entity-head"])
            await add_case_reviews(db, clock, units, people)
            await add_clues(db, clock, units["420102"].id, people["supervisor"], people["legal-reviewer"])
            # Before the commit: passwords that nobody knows would be worse than a file that nothing fits.
            _write(file, {name: password for name, (password, _) in hashes.items()})
        return SeedReport(created=True, people=_known(file))
    finally:
        await database.close()


async def _is_taken(db: Connection) -> bool:
    taken: bool = await db.fetchval("select exists (select from unit_period)")
    return taken


async def _add_units(db: Connection) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for place in UNITS:
        units[place.key] = await queries.add_unit(
            db,
            place.kind,
            place.name_zh,
            place.name_en,
            SINCE,
            parent_id=units[place.parent].id if place.parent else None,
            division_code=place.division_code,
        )
    return units


async def _add_people(
    db: Connection, units: dict[str, Unit], hashes: dict[str, tuple[str, str]], today: date
) -> dict[str, UUID]:
    """Their ids by sign-in name."""
    people = {}
    for number, somebody in enumerate(PEOPLE, start=1):
        person = await queries.add_person(
            db, somebody.kind, somebody.name_zh, somebody.name_en, units[somebody.unit].id
        )
        people[somebody.sign_in_name] = person.id
        await queries.grant(db, person.id, somebody.role, units[somebody.reach].id, GRANTED)
        await queries.open_account(db, somebody.sign_in_name, person.id, hashes[somebody.sign_in_name][1])
        if somebody.credential_days is not None:
            begins, ends = (today + timedelta(days=days) for days in somebody.credential_days)
            await queries.add_credential(db, person.id, f"演示-{number:04}", ISSUER, begins, ends)
    return people


async def _add_devices(db: Connection, units: dict[str, Unit], people: dict[str, UUID], clock: Clock) -> None:
    registered = await register_devices(
        db,
        clock,
        [
            Registration(
                tag=shown.tag,
                kind=shown.kind,
                serial_no=f"S{shown.tag}",
                model="演示型号",
                maker="演示厂家",
                unit_id=_keeper(units, shown.kind),
                mounting=shown.mounting,
                address=None if shown.place is None else ADDRESS,
                place=shown.place,
            )
            for shown in DEVICES
        ],
    )
    now = clock.now()
    recorded: dict[str, list[tuple[UUID, Fact]]] = {}
    for device, shown in zip(registered, DEVICES, strict=True):
        for who, fact in shown.facts(now, people):
            recorded.setdefault(who, []).append((device.id, fact))
    for who, facts in recorded.items():
        await record_facts(db, clock, facts, recorded_by=people[who])


def _keeper(units: dict[str, Unit], kind: str) -> UUID:
    if kind == "SOUND_LEVEL":
        return units["jiangan-urban"].id
    return units["environment" if kind == "GAS_MULTI" else "traffic"].id


def _password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


async def _hashed(passwords: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Each password with its hash."""
    slots = anyio.CapacityLimiter(sign_in.HASHES_AT_ONCE)
    hashes = await asyncio.gather(
        *(anyio.to_thread.run_sync(sign_in.hashed, password, limiter=slots) for password in passwords.values())
    )
    return {name: (password, hashes[number]) for number, (name, password) in enumerate(passwords.items())}


def _write(file: Path, passwords: dict[str, str]) -> None:
    """Only the owner may read it, from its first byte on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:  # noqa: PTH123
        json.dump(passwords, out, indent=2)


def _known(file: Path) -> list[SeededPerson]:
    try:
        passwords: dict[str, str] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [
        SeededPerson(somebody.sign_in_name, passwords[somebody.sign_in_name], f"{somebody.name_zh} {somebody.name_en}")
        for somebody in PEOPLE
        if somebody.sign_in_name in passwords
    ]
