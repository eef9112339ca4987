"""Public pages: what was announced is told to anybody, and nothing else of a device ever is."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from msgspec.structs import replace

from agency import queries as agency
from agency.model import PersonKind, UnitKind
from device_registry import queries
from device_registry.model import (
    POINTS,
    Announcement,
    Aspect,
    Channel,
    Datum,
    Fact,
    Mounting,
    Notice,
    Place,
    Purpose,
    Review,
    ReviewOutcome,
    SiteVersion,
)
from device_registry.record import record_facts
from device_registry.register import Registration, register_device
from foundation.database import Database
from plumbline.settings import Settings
from tests.client import speaking_to
from tests.device_registry.builders import (
    a_conclusion,
    a_fail,
    a_pass,
    a_site,
    an_announcement,
    beijing,
    in_service,
    put_in_service,
)
from tests.support import FixedClock

SECRETS = {
    "serial": "SERIAL-4711-SECRET",
    "maker": "MAKER-SECRET",
    "model": "MODEL-SECRET",
    "person": "PERSON-SECRET",
    "opinion": "OPINION-SECRET",
    "document": "DOCUMENT-NO-SECRET",
    "certificate": "CERTIFICATE-NO-SECRET",
    "funding": "FUNDING-SECRET",
}
"""Markers of what is never public, each in the place where the register keeps it."""
HOSTILE = "<script>alert(1)</script>"
FORMULA = "=HYPERLINK(0)"
UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Town(NamedTuple):
    """People and units of a city whose devices the public asks about."""

    database: Database
    clock: FixedClock
    east: UUID
    bureau: UUID
    proposer: UUID
    reviewer: UUID

    async def device(self, tag: str, unit_id: UUID, site: SiteVersion | None, *more: Fact, **about: Any) -> UUID:
        """A device whose secrets are markers; `site` with both its reviews."""
        values: dict[str, Any] = {"kind": "SPEED_RADAR_FIXED", "mounting": Mounting.FIXED} | about
        registration = Registration(
            tag=tag,
            serial_no=SECRETS["serial"],
            model=SECRETS["model"],
            maker=SECRETS["maker"],
            unit_id=unit_id,
            **values,
        )
        device = await register_device(self.database, self.clock, registration)
        async with self.database.transaction() as db:
            if site is not None:
                await record_facts(db, self.clock, [(device.id, site)], recorded_by=self.proposer)
                facts: list[Fact] = [self._review(site, aspect) for aspect in Aspect]
                await record_facts(db, self.clock, [(device.id, fact) for fact in facts], recorded_by=self.reviewer)
            await record_facts(db, self.clock, [(device.id, fact) for fact in more], recorded_by=self.reviewer)
        return device.id

    def _review(self, site: SiteVersion, aspect: Aspect) -> Review:
        return Review(
            site_version_id=site.id,
            aspect=aspect,
            outcome=ReviewOutcome.PASSED,
            reviewing_body="区司法局",
            document_no=SECRETS["document"],
            reviewed_on=date(2024, 12, 1),
            opinion=SECRETS["opinion"],
            proposed_by=self.proposer,
            points=POINTS[aspect],
        )


@pytest_asyncio.fixture
async def public(services: Settings, database_url: str, clock: FixedClock) -> AsyncIterator[httpx.AsyncClient]:
    """A stranger."""
    settings = replace(services, database_url=database_url, retention_days=36500, database_connections=8)
    async with speaking_to(settings, clock) as client:
        yield client


@pytest_asyncio.fixture
async def town(database: Database, clock: FixedClock) -> Town:
    begins = date(2020, 1, 1)
    async with database.transaction() as db:
        city = await agency.add_unit(db, UnitKind.CITY, "武汉市", "Wuhan", begins, division_code="420100")
        east = await agency.add_unit(
            db, UnitKind.DISTRICT, "江岸区", "Jiang'an District", begins, parent_id=city.id, division_code="420102"
        )
        zone = await agency.add_unit(db, UnitKind.FUNCTIONAL_ZONE, "光谷", "Optics Valley", begins, parent_id=city.id)
        bureau = await agency.add_unit(db, UnitKind.DEPARTMENT, "市交管局", "Traffic Police", begins, parent_id=city.id)
        people = [
            await agency.add_person(db, PersonKind.STAFF, SECRETS["person"], SECRETS["person"], city.id) for _ in "ab"
        ]
        for unit, words in ((city.id, "拨打 12345"), (zone.id, "光谷窗口")):
            channel = Channel(unit_id=unit, purpose=Purpose.COMPLAINT, words_zh=words, words_en=f"{words} (en)")
            await queries.set_channel(db, channel, begins, clock.now(), people[0].id)
    town = Town(database, clock, east.id, bureau.id, people[0].id, people[1].id)
    await town.device("R-1", east.id, *at_work(a_place(1)))
    await town.device("R-2-ZONE", zone.id, *at_work(a_place(2, HOSTILE)))
    await town.device(FORMULA, bureau.id, *at_work(a_place(3, "=1+1")))
    return town


def a_place(number: int = 1, address: str | None = None) -> SiteVersion:
    site = a_site(1)
    return replace(
        site,
        address=address or f"沿江大道 {number} 号",
        direction="由东向西",
        funding=SECRETS["funding"],
        necessity=SECRETS["opinion"],
        place=Place(114.3 + number / 100, 30.6, Datum.WGS84),
    )


def at_work(site: SiteVersion, *more: Fact) -> tuple[SiteVersion, *tuple[Fact, ...]]:
    """In use since 2025 and verified until the end of June 2026."""
    verified = a_pass("2025-07-01", "2026-06-30", number=SECRETS["certificate"])
    facts: tuple[Fact, ...] = (
        an_announcement(site, "2025-01-01"), put_in_service(site, "2025-07-02 08:00"), verified, *more
    )  # fmt: skip
    return site, *facts


PAGES = ("/public", "/public/map", "/public/notices", "/public/devices.csv", "/public/v1/devices", "/d/R-1",
         "/d/R-1?at=2025-08-01T14:05", "/d/R-1?at=2025-01-05T14:05", "/public/v1/devices/R-1",
         "/public/v1/devices/R-1?at=2025-01-05T14:05:00%2B08:00", "/d/FAILED", "/public/v1/devices/FAILED",
         "/d/WITHDRAWN", "/public/v1/devices/WITHDRAWN")  # fmt: skip


async def a_fuller_town(town: Town) -> None:
    """And one that failed, and one that was given up."""
    await town.device("FAILED", town.east, *at_work(a_place(4)), a_fail("2026-06-01"))
    given_up = a_place(5)
    await town.device(
        "WITHDRAWN", town.east, *at_work(given_up), an_announcement(given_up, "2026-05-01", Notice.WITHDRAWN)
    )


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_no_public_answer_holds_what_is_never_public(
    public: httpx.AsyncClient, town: Town, language: str
) -> None:
    await a_fuller_town(town)
    public.headers["Accept-Language"] = language
    public.cookies["plumbline_language"] = language
    for path in PAGES:
        answer = await public.get(path)
        assert answer.status_code == 200, path
        text = answer.text
        assert [name for name, marker in SECRETS.items() if marker.lower() in text.lower()] == [], path
        assert UUIDS.findall(text) == [], path


async def test_a_search_does_not_tell_a_serial_number_or_a_maker(public: httpx.AsyncClient, town: Town) -> None:
    for secret in SECRETS.values():
        assert (await public.get("/public/v1/devices", params={"text": secret})).json()["devices"] == [], secret
    found = (await public.get("/public/v1/devices", params={"text": "沿江大道 1"})).json()["devices"]
    assert [device["tag"] for device in found] == ["R-1"]
    found = (await public.get("/public/v1/devices", params={"text": "r-2"})).json()["devices"]
    assert [device["tag"] for device in found] == ["R-2-ZONE"]


async def test_a_search_that_very_many_fit_finds_the_same(
    public: httpx.AsyncClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (await public.get("/public/v1/devices", params={"text": "由东向西"})).json()
    assert [device["tag"] for device in found["devices"]] == [FORMULA, "R-1", "R-2-ZONE"]
    monkeypatch.setattr("device_registry.queries.public.FEW", 1)
    assert (await public.get("/public/v1/devices", params={"text": "由东向西"})).json() == found
    assert (await public.get("/public/v1/devices", params={"text": SECRETS["serial"]})).json()["devices"] == []


async def test_whoever_asks_for_what_was_never_announced_hears_the_same_as_for_what_is_not_there(
    public: httpx.AsyncClient, town: Town
) -> None:
    site = a_place(9)
    await town.device("T-SILENT", town.east, site, put_in_service(site, "2025-07-02 08:00"))
    await town.device("T-PLANNED", town.east, a_place(8))
    await town.device("T-HANDED", town.east, None, in_service(), kind="SOUND_LEVEL", mounting=Mounting.HANDHELD)
    for prefix in ("/d/", "/public/v1/devices/"):
        answers = {}
        for tag in ("T-ABSENT", "T-SILENT", "T-PLANNED", "T-HANDED"):
            answer = await public.get(prefix + tag)
            told = {name: value for name, value in answer.headers.items() if name != "content-length"}
            answers[tag] = (answer.status_code, told, answer.text.replace(tag, "TAG"))
        assert len({str(answer) for answer in answers.values()}) == 1, answers
        assert answers["T-ABSENT"][0] == 404
    assert "T-" not in (await public.get("/public/devices.csv")).text


async def test_a_site_under_review_is_not_told_while_the_announced_one_is_shown(
    public: httpx.AsyncClient, town: Town
) -> None:
    first = a_place(6)
    device = await town.device("MOVING", town.east, *at_work(first))
    planned = replace(a_place(7, "尚未公布的地点"), number=2, id=UUID(int=7))
    async with town.database.transaction() as db:
        await record_facts(db, town.clock, [(device, planned)], recorded_by=town.proposer)
    for path in ("/d/MOVING", "/public", "/public/devices.csv", "/public/v1/devices/MOVING"):
        text = (await public.get(path)).text
        assert "尚未公布的地点" not in text, path
        assert "沿江大道 6 号" in text, path
    assert (await public.get("/public/v1/devices", params={"text": "尚未公布"})).json()["devices"] == []


async def standing(public: httpx.AsyncClient, tag: str, at: str | None = None) -> tuple[bool, list[str]]:
    query = {"at": beijing(at).isoformat()} if at else None
    told = (await public.get(f"/public/v1/devices/{tag}", params=query)).json()["standing"]
    return told["in_service_and_verified"], [reason["code"] for reason in told["reasons"]]


async def test_the_card_answers_for_the_instant_the_reader_picks(public: httpx.AsyncClient, town: Town) -> None:
    await a_fuller_town(town)
    assert await standing(public, "R-1") == (True, [])
    assert await standing(public, "R-1", "2025-07-02 08:00") == (True, [])
    assert await standing(public, "R-1", "2025-07-02 07:59") == (False, ["DEVICE_NOT_IN_SERVICE"])
    assert await standing(public, "FAILED", "2026-05-31 23:59") == (True, [])
    assert await standing(public, "FAILED", "2026-06-01 00:00") == (False, ["VERIFICATION_FAILED"])
    assert await standing(public, "WITHDRAWN", "2026-04-30 14:05") == (True, [])
    assert await standing(public, "WITHDRAWN", "2026-05-01 14:05") == (False, ["SITE_NOT_ANNOUNCED"])
    page = await public.get("/d/FAILED?at=2026-06-02T14:05")
    assert "在 2026-06-02 14:05" in page.text
    assert "2026 年 6 月 1 日检定不合格" in page.text


@pytest.mark.parametrize(("at", "words"), [("2099-01-01T00:00", "将来"), ("yesterday", "RFC 3339")])
async def test_an_instant_that_cannot_be_asked_is_refused_beside_its_field(
    public: httpx.AsyncClient, town: Town, at: str, words: str
) -> None:
    page = await public.get("/d/R-1", params={"at": at})
    assert page.status_code == 400
    assert words in page.text
    assert 'aria-invalid="true"' in page.text


async def test_withdrawn_sites_stay_to_be_seen_as_withdrawn_and_are_announced_newest_first(
    public: httpx.AsyncClient, town: Town
) -> None:
    await a_fuller_town(town)
    stopped = a_place(8)
    await town.device("STOPPED", town.east, *at_work(stopped), an_announcement(stopped, "2026-05-20", Notice.STOPPED))
    listed = {device["tag"]: device for device in (await public.get("/public/v1/devices")).json()["devices"]}
    assert listed["WITHDRAWN"]["use"] == "WITHDRAWN"
    assert "已撤销公布" in (await public.get("/public")).text
    notices = (await public.get("/public/notices")).text
    assert notices.index("/d/STOPPED") < notices.index("/d/WITHDRAWN")
    assert "/d/R-1" not in notices


async def test_lists_are_filtered_by_district_and_kind(public: httpx.AsyncClient, town: Town) -> None:
    async def tags(**query: str) -> list[str]:
        found = (await public.get("/public/v1/devices", params=query)).json()["devices"]
        return [device["tag"] for device in found]

    assert await tags() == [FORMULA, "R-1", "R-2-ZONE"]
    assert await tags(district="江岸区") == ["R-1"]
    assert await tags(district="光谷") == ["R-2-ZONE"]
    assert await tags(district="武汉市") == [FORMULA]
    assert await tags(district="无此区") == []
    assert await tags(kind="RED_LIGHT") == []
    page = await public.get("/public", params={"district": "光谷"})
    assert "R-2-ZONE" in page.text
    assert "/d/R-1" not in page.text


async def test_pages_follow_each_other_by_key(public: httpx.AsyncClient, town: Town) -> None:
    seen, after = [], None
    while True:
        page = (
            await public.get("/public/v1/devices", params={"most": "1"} | ({"after": after} if after else {}))
        ).json()
        seen += [device["tag"] for device in page["devices"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [FORMULA, "R-1", "R-2-ZONE"]


async def test_the_nearest_unit_above_says_where_to_turn_to(public: httpx.AsyncClient, town: Town) -> None:
    listed = {device["tag"]: device for device in (await public.get("/public/v1/devices")).json()["devices"]}
    assert listed["R-1"]["channels"] == [{"purpose": "COMPLAINT", "words": "拨打 12345"}]
    assert listed["R-2-ZONE"]["channels"] == [{"purpose": "COMPLAINT", "words": "光谷窗口"}]


async def test_the_file_has_the_columns_of_the_public_list_and_no_cell_computes(
    public: httpx.AsyncClient, town: Town
) -> None:
    answer = await public.get("/public/devices.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head == [
        "序号", "设置单位", "设备编号", "设备类别", "所在区", "设置地点（方向）", "监管的违法行为", "启用日期",
        "检定有效期至", "状态", "查询、申辩、投诉渠道",
    ]  # fmt: skip
    assert rows[1] == [
        "2", "江岸区", "R-1", "固定式机动车雷达测速仪", "江岸区", "沿江大道 1 号（由东向西）", "超速行驶", "2025-07-02",
        "2026-06-30", "在用", "投诉：拨打 12345",
    ]  # fmt: skip
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


@pytest.mark.parametrize("path", ["/public", "/public/map", "/d/R-2-ZONE"])
async def test_what_was_typed_into_the_register_never_becomes_mark_up(
    public: httpx.AsyncClient, town: Town, path: str
) -> None:
    page = (await public.get(path)).text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page or "\\u003cscript" in page or "&#34;&lt;script" in page


async def test_an_address_that_is_no_web_address_does_not_become_a_link(public: httpx.AsyncClient, town: Town) -> None:
    site = a_place(8)
    told = replace(an_announcement(site, "2026-05-20", Notice.STOPPED), url="javascript:alert(1)")
    assert isinstance(told, Announcement)
    await town.device("LINKED", town.east, *at_work(site), told)
    assert "javascript:" not in (await public.get("/public/notices")).text


async def test_answers_may_be_kept_for_a_minute_and_set_no_cookie(
    public: httpx.AsyncClient, town: Town, clock: FixedClock
) -> None:
    for path, vary in (("/public", "Cookie"), ("/d/R-1", "Cookie"), ("/public/v1/devices/R-1", "Accept-Language")):
        answer = await public.get(path)
        assert answer.headers["cache-control"] == "public, max-age=60", path
        assert answer.headers["vary"] == vary
        assert "set-cookie" not in answer.headers
        again = await public.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        other = await public.get(path, headers={"If-None-Match": '"another"'})
        assert other.status_code == 200
    assert "no-store" in (await public.get("/d/NOTHING")).headers["cache-control"]


async def test_the_language_is_switched_without_a_sign_in(public: httpx.AsyncClient, town: Town) -> None:
    switched = await public.get("/d/R-1?language=en")
    assert (switched.status_code, switched.headers["location"]) == (303, "/d/R-1")
    page = await public.get("/d/R-1")
    assert "In use and verified" in page.text
    assert page.headers["content-language"] == "en"


async def test_one_character_is_too_short_a_search(public: httpx.AsyncClient, town: Town) -> None:
    page = await public.get("/public?text=R")
    assert page.status_code == 400
    assert "至少输入两个字" in page.text
    assert (await public.get("/public/v1/devices?text=R")).status_code == 400
    assert (await public.get("/public/devices.csv?text=R")).status_code == 400


async def test_the_day_after_the_last_valid_day_it_is_no_more_verified(
    public: httpx.AsyncClient, town: Town, clock: FixedClock
) -> None:
    clock.instant = beijing("2026-06-30 23:59")
    assert (await standing(public, "R-1"))[0]
    clock.instant += timedelta(minutes=1)
    assert await standing(public, "R-1") == (False, ["VERIFICATION_OVERDUE"])
    told = (await public.get("/public/v1/devices/R-1")).json()["device"]
    assert (told["verification"], told["valid_until"], told["use"]) == ("EXPIRED", "2026-06-30", "SUSPENDED")


async def test_a_device_that_needs_no_verification_is_in_use_without_end(public: httpx.AsyncClient, town: Town) -> None:
    site = a_place(8)
    told, begun = an_announcement(site, "2025-01-01"), put_in_service(site, "2025-07-02 08:00")
    await town.device("LIGHT", town.east, site, told, begun, a_conclusion("2025-01-01"), kind="RED_LIGHT")
    card = (await public.get("/public/v1/devices/LIGHT")).json()
    assert (card["device"]["use"], card["device"]["verification"]) == ("IN_SERVICE", "NOT_REQUIRED")
    assert card["standing"]["in_service_and_verified"]
    assert "依法无需检定" in (await public.get("/public")).text
    other = a_place(9)
    await town.device("UNWRITTEN", town.east, other, an_announcement(other, "2025-01-01"), kind="RED_LIGHT")
    card = (await public.get("/public/v1/devices/UNWRITTEN")).json()
    assert card["device"]["verification"] == "CONCLUSION_MISSING"
