"""The walkthrough against a real server: green where all is well, and never green where it is not."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from tests.builders import a_photo

from device_registry import queries as registry
from device_registry.model import ServiceChange, ServiceEvent
from device_registry.record import record_fact
from evidence.signing import Signer
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.words import Language
from plumbline import serve as serving
from plumbline import walkthrough
from plumbline.app import create_app
from plumbline.seed import PASSWORDS, seed
from plumbline.settings import Settings
from plumbline.walkthrough import incidents
from plumbline.walkthrough.api import Api, CannotPlayError
from plumbline.walkthrough.folding import folded
from plumbline.walkthrough.incidents import INCIDENTS, USUAL, Incident
from plumbline.walkthrough.phone import Phone
from plumbline.walkthrough.pictures import Picture, in_folder
from plumbline.walkthrough.receipts import ReceiptKeys
from plumbline.walkthrough.shift import OFFICER, SITUATIONS, SUPERVISOR, Act, Played, planned, play
from plumbline.walkthrough.supervisor import Supervisor
from plumbline.walkthrough.table import LONGEST_FILE_NAME, shortened

PHOTO = a_photo(7)


class City(NamedTuple):
    """A demonstration city behind a real socket."""

    url: str
    settings: Settings

    @property
    def passwords(self) -> Path:
        return self.settings.data / PASSWORDS

    async def walk(self, photos: Path | None = None, *, language: Language = "zh-CN", svg: Path | None = None) -> int:
        return await asyncio.to_thread(walkthrough.run, self.url, photos, self.passwords, language=language, svg=svg)

    @contextmanager
    def shift(self) -> Iterator["Shift"]:
        passwords = json.loads(self.passwords.read_bytes())
        with ExitStack() as open_clients:
            phone, desk, anybody = (open_clients.enter_context(Api(self.url, "en")) for _ in range(3))
            yield Shift(
                {OFFICER: Phone(phone, OFFICER, passwords)},
                Supervisor(desk, SUPERVISOR, passwords),
                ReceiptKeys.published_by(anybody),
            )

    async def played(self, act: Act) -> Played:
        def run() -> Played:
            with self.shift() as shift:
                return play(act, *shift)

        return await asyncio.to_thread(run)


class Shift(NamedTuple):
    phones: dict[str, Phone]
    supervisor: Supervisor
    keys: ReceiptKeys


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[City]:
    await seed(settings)
    listening, _ = serving.listen("127.0.0.1", 0)
    ready = asyncio.Event()
    with listening:
        serves = asyncio.create_task(serving.serve(create_app(settings), listening, ready=ready.set))
        await ready.wait()
        yield City(serving.address(listening), settings)
        serves.cancel()
        await asyncio.wait([serves])


@pytest_asyncio.fixture(scope="module")
async def city(services: Settings) -> AsyncIterator[City]:
    """One for all tests that only hand evidence in, as a walkthrough may do as often as it likes."""
    assert services.database_url is not None
    owner = await asyncpg.connect(services.owner_url, database="postgres")
    await owner.execute("create database walkthrough template plumbline")
    url = services.database_url.replace("/plumbline?", "/walkthrough?")
    with tempfile.TemporaryDirectory(prefix="plumbline-") as data:
        async with served(replace(services, data=Path(data), database_url=url, database_connections=8)) as city:
            yield city
    await owner.execute("drop database walkthrough with (force)")
    await owner.close()


@pytest_asyncio.fixture
async def changing_city(services: Settings, database_url: str, tmp_path: Path) -> AsyncIterator[City]:
    settings = replace(services, data=tmp_path / "data", database_url=database_url, database_connections=8)
    async with served(settings) as city:
        yield city


def a_picture(name: str = "a.jpg", body: bytes = PHOTO) -> Picture:
    return Picture(name, len(body), lambda: body)


def an_act(incident: Incident, *, reasons: frozenset[str] = frozenset(), read: bool = True) -> Act:
    """By a device in standing; `reasons` are what is expected."""
    return Act(a_picture(), SITUATIONS[0]._replace(reasons=reasons), incident, read)


async def test_a_shift_ends_green_and_so_does_another_on_the_same_server(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await city.walk() == 0, capsys.readouterr().out
    told = capsys.readouterr().out
    for words in ("逾期未检定", "开始上传 → ", "全部与预期一致", "采纳 12，留存 14，拒收 1"):
        assert words in told
    drawn = tmp_path / "table.svg"
    assert await city.walk(language="en", svg=drawn) == 0, capsys.readouterr().out
    told = capsys.readouterr().out
    for words in ("verification overdue", "Resumed at byte", "All as expected", "admitted 12, held 14, refused 1"):
        assert words in told
    assert "留存" not in told
    assert_is_a_picture_that_asks_no_server(drawn.read_text("utf-8"))


def assert_is_a_picture_that_asks_no_server(svg: str) -> None:
    assert "SLM-002" in svg
    assert svg.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0
    assert ET.fromstring(svg).tag.endswith("svg")


async def test_a_file_that_is_no_photograph_is_expected_to_be_held(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")  # so that no sentence is broken where somebody's terminal ends
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(PHOTO)
    (folder / "a-note-with-a-name-too-long-for-the-table.txt").write_text("what is this")
    (folder / ".hidden").write_text("not of the shift")
    (folder / "empty.jpg").touch()
    assert await city.walk(folder) == 0, capsys.readouterr().out
    told = capsys.readouterr().out
    assert "文件内容不是受理的类型" in told
    assert "hidden" not in told


async def test_a_verdict_that_differs_is_told_and_the_walkthrough_is_red(
    changing_city: City, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    async with database.connection() as db:
        device = await registry.device_by_tag(db, "RLC-001")
    assert device is not None
    suspended = ServiceEvent(
        change=ServiceChange.SUSPENDED, occurred_at=SystemClock().now() - timedelta(hours=1), reason="外观破损"
    )
    await record_fact(database, SystemClock(), device.id, suspended)
    assert await changing_city.walk() == 1
    told = capsys.readouterr().out
    assert "✗ IMG_0013.jpg · RLC-001: verdict: HELD, expected ADMITTED" in told
    assert "✗ IMG_0013.jpg · RLC-001: reasons: DEVICE_SUSPENDED, expected none" in told
    assert "1 份与预期不一致" in told


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.name)
async def test_each_incident_comes_to_what_it_must(city: City, incident: Incident) -> None:
    played = await city.played(an_act(incident, read=incident.taken))
    assert played.differences == ()


@pytest.mark.parametrize(
    ("incident", "difference"),
    [
        (Incident("tampered", incidents.as_usual, ("digest-mismatch",)), "refusals: none, expected digest-mismatch"),
        (Incident("usual", incidents.too_early), "refusals: not-yet-received, expected none"),
        (Incident("usual", incidents.tampered, ("digest-mismatch",)), "custody: "),
        (Incident("forged", incidents.as_usual, taken=False), "verdict: ADMITTED, expected REFUSED"),
        (Incident("usual", incidents.forged, ("commitment-not-signed",)), "404 not-found"),
    ],
)
async def test_what_goes_otherwise_than_expected_is_a_difference(
    city: City, incident: Incident, difference: str
) -> None:
    (told, *_) = (await city.played(an_act(incident))).differences
    assert told.startswith(difference)


async def test_a_reason_that_is_missing_is_a_difference(city: City) -> None:
    played = await city.played(an_act(USUAL, reasons=frozenset({"NEVER_VERIFIED"})))
    assert played.differences[:2] == (
        "verdict: ADMITTED, expected HELD",
        "reasons: none, expected NEVER_VERIFIED",
    )


async def test_the_same_bytes_must_be_told_of_in_the_custody_entries(city: City) -> None:
    incident = Incident("usual", incidents.as_usual, same_bytes=True)
    unheard_of = an_act(incident)._replace(picture=a_picture(body=PHOTO + os.urandom(8)))
    assert (await city.played(unheard_of)).differences == (
        "custody: does not tell that the same bytes are here already",
    )
    assert (await city.played(unheard_of)).differences == ()


async def test_a_wrong_password_is_told_clearly(city: City, tmp_path: Path) -> None:
    passwords = dict.fromkeys(json.loads(city.passwords.read_bytes()), "wrong")
    (tmp_path / "others.json").write_text(json.dumps(passwords))
    with pytest.raises(CannotPlayError, match="does not sign officer-a in: Sign-in refused"):
        await asyncio.to_thread(walkthrough.run, city.url, None, tmp_path / "others.json", language="en")


def test_without_passwords_or_a_server_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotPlayError, match="--data DIR"):
        walkthrough.run("http://127.0.0.1:1", None, tmp_path / "none.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(CannotPlayError, match="not a JSON object"):
        walkthrough.run("http://127.0.0.1:1", None, tmp_path / "list.json")
    (tmp_path / "some.json").write_text("{}")
    with pytest.raises(CannotPlayError, match="does not answer"):
        walkthrough.run("http://127.0.0.1:1", None, tmp_path / "some.json")


def test_a_folder_without_files_is_told(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("nothing to photograph")
    with pytest.raises(CannotPlayError, match="no file"):
        in_folder(tmp_path)


def test_a_receipt_must_be_signed_by_a_published_key_and_say_what_was_sent() -> None:
    signer, other = Signer(Ed25519PrivateKey.generate()), Signer(Ed25519PrivateKey.generate())
    receipt = signer.sign({"receipt": "SAFE_TO_WIPE", "size": 7})
    keys = ReceiptKeys({"keys": [signer.public_key()]})
    assert keys.faults_of(receipt, {"receipt": "SAFE_TO_WIPE", "size": 7}) == []
    assert keys.faults_of(receipt, {"size": 8}) == ["receipt: size is 7, not 8"]
    assert keys.faults_of(other.sign({"size": 7}), {"size": 7}) != []
    assert keys.faults_of(msgspec.json.encode({"size": 7}).decode(), {"size": 7}) != []
    head, _, signature = receipt.split(".")
    assert keys.faults_of(f"{head}.eyJzaXplIjo4fQ.{signature}", {}) != []


@pytest.mark.parametrize("number", [1, 50])
def test_every_picture_and_every_situation_has_its_turn_and_then_what_can_go_wrong(number: int) -> None:
    acts = planned([a_picture(f"{name}.jpg") for name in range(number)])
    usual = [act for act in acts if act.incident is USUAL]
    assert len({act.picture.name for act in usual}) == number
    assert all(any(act.situation is situation for act in usual) for situation in SITUATIONS)
    assert [act.incident for act in acts[len(usual) :]] == list(INCIDENTS)
    assert [act.outcome for act in usual if act.read_by_supervisor] == ["HELD"]


@given(st.text(st.sampled_from("检定合格，。（）a1- "), max_size=80), st.integers(4, 30))
def test_folding_loses_nothing_but_spaces_and_words_of_any_length_are_kept(text: str, width: int) -> None:
    lines = folded(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(line == line.rstrip() for line in lines)


def test_a_long_line_of_chinese_is_broken_before_it_is_too_wide() -> None:
    lines = folded("声级计 SLM-002：检定已于 2026 年 10 月 18 日到期（证书 演示-SLM-002-1，逾期 36 天）。", 34)
    assert all(cell_len(line) <= 34 for line in lines)
    assert any("演示-SLM-002-1，" in line for line in lines)
    assert not any(line.startswith(("，", "。", "）")) for line in lines)


@pytest.mark.parametrize("name", ["short.jpg", "iphone13promax_offset0100_orient6.heic", "现场照片" * 10 + ".jpg"])
def test_long_names_keep_their_beginning_and_their_end(name: str) -> None:
    short = shortened(name)
    assert cell_len(short) <= LONGEST_FILE_NAME
    assert (short[:4], short[-4:]) == (name[:4], name[-4:])
