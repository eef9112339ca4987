"""The file of an export: made by whichever worker lives, the same bytes each time, fetched from any byte on."""

import asyncio
import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio

from evidence.court_bundle import making, queries
from evidence.court_bundle.exporting import export, make_again
from evidence.court_bundle.making import BUNDLES, key_of_bundle, make, sweep
from evidence.court_bundle.model import Export, Standing, State
from evidence.custodian import Custodian
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.byte_range import RangeNotThere, Span, span_wanted
from foundation.object_store import LEAST_PART_BYTES
from plumbline.jobs import do_due
from tests.builders import OfficerWithPhone, a_photo
from tests.evidence.court_bundle.test_court_bundle import CAPTURED, a_supervisor, log_signer, made
from tests.evidence.test_admission import hand_in
from tests.support import FixedClock

__all__ = ["log_signer", "made"]


async def standing(custodian: Custodian, export_id: UUID) -> Standing:
    async with custodian.database.connection() as db:
        found = await queries.standing_of(db, export_id)
    assert found is not None
    return found


async def the_file(custodian: Custodian, export_id: UUID) -> bytes:
    now = await standing(custodian, export_id)
    assert now.state is State.READY
    assert now.size is not None
    key = key_of_bundle(export_id, now.epoch)
    whole = b"".join([chunk async for chunk in custodian.store.read_span(key, 0, now.size - 1)])
    assert (len(whole), hashlib.sha256(whole).digest()) == (now.size, now.sha256)
    return whole


async def kept(custodian: Custodian, export_id: UUID) -> list[str]:
    return [key async for key in custodian.store.keys(f"{BUNDLES}{export_id}/")]


async def test_an_export_is_made_by_a_job_and_made_again_has_the_same_bytes_whatever_came_since(
    custodian: Custodian,
    made: Export,
    clock: FixedClock,
    officer: OfficerWithPhone,
    log_signer: LogSigner,
    tmp_path: Path,
) -> None:
    assert (await standing(custodian, made.id)).state is State.WAITING
    await do_due(custodian)
    first = await the_file(custodian, made.id)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None
    done = await standing(custodian, made.id)
    assert (done.pieces_done, done.bytes_done) == (2, done.bytes_all)

    clock.advance(custodian.bundle_kept + timedelta(seconds=1))
    assert await sweep(custodian) == 1
    assert (await standing(custodian, made.id)).state is State.DROPPED
    assert await kept(custodian, made.id) == []
    await hand_in(custodian, officer, CAPTURED, device_tag="SLM-404")
    await introduce(custodian.database, clock, LogSigner.load_or_create(tmp_path / "another.pem"))
    await integrate(custodian.database, clock, log_signer)
    async with custodian.database.transaction() as db:
        await db.execute("update object_last_read set read_at = $1, outcome = 'MISSING'", clock.now())
    supervisor = await a_supervisor(custodian, officer.unit_id)
    await make_again(custodian, supervisor, made.id)
    await make_again(custodian, supervisor, made.id)
    await do_due(custodian)
    assert await the_file(custodian, made.id) == first
    async with custodian.database.connection() as db:
        assert await db.fetchval("select count(*) from bundle_made where export_id = $1", made.id) == 2


@pytest_asyncio.fixture
async def large(custodian: Custodian, officer: OfficerWithPhone, log_signer: LogSigner) -> Export:
    """Several parts long."""
    await introduce(custodian.database, custodian.clock, log_signer)
    pictures = [a_photo(number) + bytes(LEAST_PART_BYTES) for number in range(3)]
    ids = [(await hand_in(custodian, officer, CAPTURED, picture))[0] for picture in pictures]
    await integrate(custodian.database, custodian.clock, log_signer)
    return await export(custodian, await a_supervisor(custodian, officer.unit_id), ids, "法院调取")


async def test_a_worker_killed_half_way_leaves_nothing_and_the_next_one_ends_it(
    custodian: Custodian, large: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PART_BYTES", LEAST_PART_BYTES)
    killed = asyncio.create_task(make(None, custodian, {"export_id": str(large.id)}))
    while (await standing(custodian, large.id)).bytes_done == 0:  # noqa: ASYNC110 - what is awaited is a row
        await asyncio.sleep(0)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    assert (await standing(custodian, large.id)).state is State.WORKING
    await do_due(custodian)
    assert (await standing(custodian, large.id)).epoch == 2
    await the_file(custodian, large.id)
    assert await kept(custodian, large.id) == [key_of_bundle(large.id, 2)]
    assert await sweep(custodian) == 0


async def test_whoever_is_overtaken_lets_go_and_one_file_stays(
    custodian: Custodian, large: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PART_BYTES", LEAST_PART_BYTES)
    await asyncio.gather(*(make(None, custodian, {"export_id": str(large.id)}) for _ in range(2)))
    now = await standing(custodian, large.id)
    await the_file(custodian, large.id)
    assert await kept(custodian, large.id) == [key_of_bundle(large.id, now.epoch)]


async def test_a_program_orders_looks_and_fetches_whole_or_from_a_byte_on_and_it_is_told_once(
    custodian: Custodian, desk: httpx.AsyncClient, officer: OfficerWithPhone, log_signer: LogSigner
) -> None:
    await introduce(custodian.database, custodian.clock, log_signer)
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED)
    await integrate(custodian.database, custodian.clock, log_signer)
    ordered = await desk.post("/desk/v1/exports", json={"evidence": [str(evidence_id)], "reason": "法院调取"})
    assert ordered.status_code == 202
    place = ordered.headers["Location"]
    early = await desk.get(f"{place}/bundle")
    assert (early.status_code, early.json()["state"], early.headers["Retry-After"]) == (202, "WAITING", "2")
    await do_due(custodian)
    told = (await desk.get(place)).json()
    assert told["state"] == "READY"
    whole = await desk.get(f"{place}/bundle")
    assert (whole.status_code, int(whole.headers["Content-Length"])) == (200, told["size"])
    assert hashlib.sha256(whole.content).hexdigest() == told["sha256"]
    etag = whole.headers["ETag"]
    rest = await desk.get(f"{place}/bundle", headers={"Range": "bytes=1000-", "If-Range": etag})
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{told['size'] - 1}/{told['size']}"
    beyond = await desk.get(f"{place}/bundle", headers={"Range": f"bytes={told['size']}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{told['size']}")
    assert (await desk.get(f"{place}/bundle", headers={"If-None-Match": etag})).status_code == 304
    async with custodian.database.connection() as db:
        events = await db.fetch("select event from custody_entry where evidence_id = $1 order by id", evidence_id)
    assert [row[0] for row in events][-2:] == ["evidence:bundle:exported", "evidence:bundle:downloaded"]
    assert (await desk.post(f"{place}/bundle")).json()["state"] == "READY", "it is there"


async def test_no_bundle_is_made_of_what_is_not_as_stored(custodian: Custodian, made: Export, owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    await owner.execute("update stored_object set (key, version_id) = (select key, version_id from document limit 1)")
    await owner.close()
    await do_due(custodian)
    now = await standing(custodian, made.id)
    assert (now.state, (now.failure or "").split(":")[0]) == (State.FAILED, "NotAsStored")


@pytest.mark.parametrize(
    ("header", "if_range", "wanted"),
    [
        ("", "", None),
        ("bytes=0-0", "", Span(0, 0)),
        ("bytes=90-", "", Span(90, 99)),
        ("bytes=90-1000", "", Span(90, 99)),
        ("bytes=-7", "", Span(93, 99)),
        ("bytes=-1000", "", Span(0, 99)),
        ("bytes=5-4", "", None),
        ("bytes=0-1,3-4", "", None),
        ("lines=1-2", "", None),
        ("bytes=5-", '"x"', Span(5, 99)),
        ("bytes=5-", '"y"', None),
    ],
)
def test_a_range_is_what_the_standard_says(header: str, if_range: str, wanted: Span | None) -> None:
    assert span_wanted(header, if_range, '"x"', 100) == wanted


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(RangeNotThere) as refused:
        span_wanted(header, "", '"x"', 100)
    assert refused.value.headers == {"Content-Range": "bytes */100"}
