"""The list that a phone takes along says for any later instant what the register would say, until a fact comes."""

import base64
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from re import Match, sub
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from agency import queries as agency
from agency.model import UnitKind
from device_registry import queries as registry
from device_registry import record
from device_registry.model import Finding, Interval, ServiceChange, ServiceEvent
from evidence.custodian import Custodian
from foundation.civil import day_of
from foundation.database import Database
from mobile_api.offline import StandingList
from mobile_api.standing_list import ANEW, LIST_TYPE, OfflineStandings
from plumbline.seed import seed
from plumbline.settings import Settings
from plumbline.synthetic.filling import add_share, city_of
from tests.builders import a_device
from tests.mobile_api.conftest import SignedIn
from tests.support import FixedClock

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Told(msgspec.Struct):
    """What a phone makes of one device in its list at an instant."""

    in_standing: bool
    reasons: list[dict[str, Any]]


def read(body: bytes, tag: str, at: datetime) -> Told:
    """As docs/api/phone.md tells a client to."""
    listed = msgspec.json.decode(body, type=StandingList)
    number = listed.tag.index(tag)
    zh, en = listed.kinds[listed.kind[number]]
    since, reasons = [stage for stage in listed.stages[number] if stage[0] is None or stage[0] <= at][-1]
    told = []
    for why in reasons:
        members = msgspec.to_builtins(why) | {"tag": tag, "kind_zh": zh, "kind_en": en}
        if why.reason == "VERIFICATION_OVERDUE":
            if why.valid_until is None:
                assert since is not None
                members["valid_until"] = str(day_of(since - MICROSECOND))
            members["days_overdue"] = (day_of(at) - date.fromisoformat(members["valid_until"])).days
        told.append(members)
    return Told(not reasons, told)


def without_ids(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(msgspec.structs.replace(finding, fact_id=None)) for finding in findings]


async def units_of(database: Database, day: date) -> frozenset[UUID]:
    async with database.connection() as db:
        return frozenset(unit.id for unit in await agency.tree(db, day))


@pytest_asyncio.fixture
async def city(
    services: Settings, database_url: str, owner_url: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[FixedClock]:
    """The demonstration city at NOW."""
    clock.instant = NOW
    settings = replace(services, database_url=database_url, migration_database_url=owner_url, data=tmp_path)
    await seed(settings, clock)
    yield clock


async def test_every_stage_says_what_the_register_says_on_both_sides_of_every_edge_and_for_years(
    city: FixedClock, custodian: Custodian, database_url: str
) -> None:
    await add_share(database_url, range(1, 61), 5, 3, await city_of(database_url, city))
    units = await units_of(custodian.database, day_of(NOW))
    listed = await OfflineStandings(custodian.database, city, custodian.signer).of(units)
    columns = msgspec.json.decode(listed.body, type=StandingList)
    edges = {begins for stages in columns.stages for begins, _ in stages if begins is not None}
    assert len(edges) > 20
    instants = {NOW, *edges, *(edge - MICROSECOND for edge in edges)}
    instants |= {NOW + timedelta(days=days, hours=days % 24) for days in range(1, 800, 57)}
    disagreeing = []
    async with custodian.database.connection() as db:
        for at in sorted(instants):
            found = await registry.standings_of(db, [(tag, Interval(at, at)) for tag in columns.tag])
            assert len(found) == len(columns.tag)
            for (tag, _), standing in found.items():
                told = read(listed.body, tag, at)
                if (told.in_standing, told.reasons) != (not standing.reasons, without_ids(standing.reasons)):
                    disagreeing.append((tag, at, told.reasons, standing.reasons))
    assert disagreeing == []


async def test_ten_thousand_devices_weigh_no_more_than_150_kilobytes(
    city: FixedClock, custodian: Custodian, database_url: str
) -> None:
    """From 2,000 of the synthetic register; once more with certificate numbers that have nothing to do with the tag."""
    await add_share(database_url, range(1, 2001), 5, 3, await city_of(database_url, city))
    units = await units_of(custodian.database, day_of(NOW))
    listed = await OfflineStandings(custodian.database, city, custodian.signer).of(units)
    numbers = Random(1)

    def another(_: Match[bytes]) -> bytes:
        return b'"document_no":"LX%09d"' % numbers.randrange(10**9)

    other = sub(rb'"document_no":"[^"]+"', another, listed.body)
    devices = len(msgspec.json.decode(listed.body, type=StandingList).tag)
    assert devices >= 2000
    for packed in (listed.packed, gzip.compress(other, 9)):
        assert len(packed) * 10_000 / devices <= 150_000


async def test_only_devices_about_which_something_was_recorded_are_reckoned_anew(
    custodian: Custodian, clock: FixedClock, unit_id: UUID
) -> None:
    devices = [await a_device(custodian.database, clock, unit_id, tag=f"SLM-{number:03}") for number in range(4)]
    offline, units = OfflineStandings(custodian.database, clock, custodian.signer), frozenset({unit_id})
    first = await offline.of(units)
    assert await offline.of(units) is first
    clock.advance(timedelta(hours=1))
    event = ServiceEvent(change=ServiceChange.SUSPENDED, occurred_at=clock.now())
    await record.record_fact(custodian.database, clock, devices[2].id, event)
    second = await offline.of(units)
    again = [device.tag for device in devices if second.entries[device.id] is not first.entries[device.id]]
    assert again == ["SLM-002"]
    assert second.etag != first.etag
    assert not read(second.body, "SLM-002", clock.now()).in_standing
    clock.advance(ANEW)
    assert (await offline.of(units)).made_at == clock.now()


async def test_the_list_is_signed_as_it_is_and_sent_once(
    phone: SignedIn, database: Database, clock: FixedClock, unit_id: UUID
) -> None:
    meter = await a_device(database, clock, unit_id)
    answer = await phone.client.get("/mobile/v1/standings")
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert answer.json()["tag"] == [meter.tag]
    plain = await phone.client.get("/mobile/v1/standings", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.content == answer.content
    known = {"If-None-Match": f'"other", {answer.headers["ETag"]}'}
    again = await phone.client.get("/mobile/v1/standings", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    await record.record_fact(
        database, clock, meter.id, ServiceEvent(change=ServiceChange.SUSPENDED, occurred_at=clock.now())
    )
    assert (await phone.client.get("/mobile/v1/standings", headers=known)).status_code == 200

    [key] = (await phone.client.get("/.well-known/plumbline-receipt-keys.json")).json()["keys"]
    protected, payload, signature = answer.headers["Plumbline-Signature"].split(".")
    header = msgspec.json.decode(_bytes(protected))
    assert header == {"alg": "Ed25519", "kid": key["kid"], "typ": LIST_TYPE, "b64": False, "crit": ["b64"]}
    assert payload == ""
    public = Ed25519PublicKey.from_public_bytes(_bytes(key["x"]))
    public.verify(_bytes(signature), protected.encode() + b"." + answer.content)
    with pytest.raises(InvalidSignature):
        public.verify(_bytes(signature), protected.encode() + b"." + answer.content.replace(b"SLM", b"SLN"))


async def test_it_holds_the_devices_of_the_unit_and_below_and_no_others(
    phone: SignedIn, database: Database, clock: FixedClock, unit_id: UUID
) -> None:
    async with database.transaction() as db:
        add, since = agency.add_unit, date(2020, 1, 1)
        street = await add(db, UnitKind.DEPARTMENT, "街道", "Street", since, parent_id=unit_id)
        other = await add(db, UnitKind.CITY, "宜昌市", "Yichang", since, division_code="420500")
    for tag, holder in (("SLM-UNIT", unit_id), ("SLM-BELOW", street.id), ("SLM-ELSEWHERE", other.id)):
        await a_device(database, clock, holder, tag=tag)
    assert (await phone.client.get("/mobile/v1/standings")).json()["tag"] == ["SLM-BELOW", "SLM-UNIT"]
    nobody = await phone.client.get("/mobile/v1/standings", headers={"Authorization": ""})
    assert nobody.status_code == 401


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
