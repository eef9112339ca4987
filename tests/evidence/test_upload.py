"""Bytes come in over bad networks and become one locked object, or an explained refusal."""

import dataclasses
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from msgspec.structs import replace

from evidence import upload, upload_state
from evidence.commitment import commit
from evidence.custodian import Custodian, RunningDigests
from evidence.problems import (
    ChecksumMismatch,
    DigestMismatch,
    LengthDiffers,
    LongerThanCommitted,
    NoSuchUpload,
    NotCommitted,
    NotYetReceived,
    OffsetDiffers,
    RangeDiffers,
    TakenOver,
)
from evidence.upload_writer import PART_BYTES, Checksum
from foundation.object_store import ObjectStore, key_of
from foundation.problem import TryLater
from tests.builders import OfficerWithPhone, a_photo, an_officer, at, in_chunks

MIB = 1 << 20


async def committed(custodian: Custodian, officer: OfficerWithPhone, body: bytes) -> UUID:
    jws = officer.commitment(body, at(custodian.clock, minutes=5))
    return (await commit(custodian, jws, officer.courier)).evidence_id


async def begun(custodian: Custodian, officer: OfficerWithPhone, body: bytes) -> UUID:
    evidence_id = await committed(custodian, officer, body)
    await upload.begin(custodian, evidence_id, len(body), officer.courier)
    return evidence_id


async def stored(custodian: Custodian, body: bytes) -> bytes:
    """What the object store gives back for these bytes' digest."""
    found = await custodian.store.find(hashlib.sha256(body).digest())
    assert found is not None
    assert found.retained_until is not None, "not locked"
    key = key_of(hashlib.sha256(body).digest())
    return b"".join([chunk async for chunk in custodian.store.read(key, found.version_id)])


async def events(custodian: Custodian, evidence_id: UUID) -> list[str]:
    async with custodian.database.connection() as db:
        rows = await db.fetch("select event from custody_entry where evidence_id = $1 order by id", evidence_id)
    return [row["event"].partition(":")[2] for row in rows]


def some_bytes(size: int, seed: int = 1) -> bytes:
    return hashlib.shake_128(seed.to_bytes(8)).digest(size)


class Cut(Exception):
    pass


async def cut_after(body: bytes, most: int) -> AsyncIterator[bytes]:
    async for chunk in in_chunks(body[:most]):
        yield chunk
    raise Cut


async def test_a_photo_in_one_request_is_admitted_and_locked(custodian: Custodian, officer: OfficerWithPhone) -> None:
    body = a_photo()
    evidence_id = await begun(custodian, officer, body)
    progress = await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)
    assert progress.judged is not None
    assert progress.judged.verdict.outcome == "ADMITTED"
    assert await stored(custodian, body) == body
    assert await events(custodian, evidence_id) == [
        "commitment:received",
        "upload:begun",
        "bytes:received",
        "verdict:admitted",
    ]


@pytest.mark.parametrize("size", [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 5 * MIB, 2 * PART_BYTES + 3])
async def test_a_file_of_any_size_arrives_byte_for_byte(
    custodian: Custodian, officer: OfficerWithPhone, size: int
) -> None:
    body = some_bytes(size, seed=size)
    evidence_id = await begun(custodian, officer, body)
    progress = await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)
    assert progress.judged is not None
    assert await stored(custodian, body) == body


@pytest.mark.parametrize("step", [1 * MIB, 3 * MIB, 5 * MIB, PART_BYTES, 11 * MIB])
@pytest.mark.parametrize("remembers", [True, False])
async def test_a_file_in_steps_of_any_size_arrives_even_if_every_step_meets_another_worker(
    custodian: Custodian, officer: OfficerWithPhone, step: int, remembers: bool
) -> None:
    body = some_bytes(23 * MIB + 17, seed=step + remembers)
    evidence_id = await begun(custodian, officer, body)
    progress = None
    for offset in range(0, len(body), step):
        if not remembers:
            object.__setattr__(custodian, "digests", RunningDigests())
        part = in_chunks(body[offset : offset + step])
        progress = await upload.append(custodian, evidence_id, offset, part, officer.courier)
    assert progress is not None
    assert progress.judged is not None
    assert await stored(custodian, body) == body


@pytest.mark.parametrize(("size", "cut"), [(300_000, 100_000), (20 * MIB, 12 * MIB + 5), (20 * MIB, 6 * MIB)])
async def test_an_upload_cut_in_the_middle_resumes_at_the_byte(
    custodian: Custodian, officer: OfficerWithPhone, size: int, cut: int
) -> None:
    body = some_bytes(size, seed=cut)
    evidence_id = await begun(custodian, officer, body)
    with pytest.raises(Cut):
        await upload.append(custodian, evidence_id, 0, cut_after(body, cut), officer.courier)
    offset = (await upload.progress(custodian, evidence_id, officer.courier)).offset
    assert offset == cut
    progress = await upload.append(custodian, evidence_id, offset, in_chunks(body[offset:]), officer.courier)
    assert progress.judged is not None
    assert await stored(custodian, body) == body


async def test_a_stalled_request_cannot_write_after_another_took_over(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = some_bytes(20 * MIB)
    evidence_id = await begun(custodian, officer, body)

    async def stalling() -> AsyncIterator[bytes]:
        async for chunk in in_chunks(body[: 9 * MIB]):
            yield chunk
        offset = (await upload.progress(custodian, evidence_id, officer.courier)).offset
        assert offset == PART_BYTES
        done = await upload.append(custodian, evidence_id, offset, in_chunks(body[offset:]), officer.courier)
        assert done.judged is not None
        yield b"x" * (11 * MIB)

    with pytest.raises((TakenOver, LongerThanCommitted)):
        await upload.append(custodian, evidence_id, 0, stalling(), officer.courier)
    assert await stored(custodian, body) == body


async def test_other_bytes_than_committed_are_told_and_the_upload_begins_anew(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    for body in (a_photo(7), some_bytes(9 * MIB)):
        evidence_id = await begun(custodian, officer, body)
        tampered = body[:-1] + bytes([body[-1] ^ 1])
        with pytest.raises(DigestMismatch):
            await upload.append(custodian, evidence_id, 0, in_chunks(tampered), officer.courier)
        assert "upload:digest-mismatched" in await events(custodian, evidence_id)
        assert await custodian.store.find(hashlib.sha256(body).digest()) is None
        await upload.begin(custodian, evidence_id, len(body), officer.courier)
        progress = await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)
        assert progress.judged is not None


async def test_other_bytes_are_found_even_where_no_running_digest_is_known(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = some_bytes(17 * MIB)
    tampered = b"y" + body[1:]
    evidence_id = await begun(custodian, officer, body)
    await upload.append(custodian, evidence_id, 0, in_chunks(tampered[: 8 * MIB]), officer.courier)
    object.__setattr__(custodian, "digests", RunningDigests())
    with pytest.raises(DigestMismatch):
        await upload.append(custodian, evidence_id, 8 * MIB, in_chunks(tampered[8 * MIB :]), officer.courier)
    assert await custodian.store.find(hashlib.sha256(body).digest()) is None


async def test_a_range_sent_again_with_other_bytes_is_noticed_and_told(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = some_bytes(3 * MIB)
    evidence_id = await begun(custodian, officer, body)
    await upload.append(custodian, evidence_id, 0, in_chunks(body[:MIB]), officer.courier)
    with pytest.raises(OffsetDiffers) as same:
        await upload.append(custodian, evidence_id, 0, in_chunks(body[: 2 * MIB]), officer.courier)
    assert same.value.headers["Upload-Offset"] == str(MIB)
    assert "upload:range-differed" not in await events(custodian, evidence_id)
    other = bytes([body[0] ^ 255]) + body[1 : 2 * MIB]
    with pytest.raises(RangeDiffers):
        await upload.append(custodian, evidence_id, 0, in_chunks(other), officer.courier)
    assert "upload:range-differed" in await events(custodian, evidence_id)


async def test_more_bytes_than_committed_are_refused_and_nothing_of_them_is_kept(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = some_bytes(100_000)
    evidence_id = await begun(custodian, officer, body)
    with pytest.raises(LongerThanCommitted):
        await upload.append(custodian, evidence_id, 0, in_chunks(body + b"x"), officer.courier)
    assert (await upload.progress(custodian, evidence_id, officer.courier)).offset == 0


@pytest.mark.parametrize("size", [300_000, 20 * MIB])
async def test_with_a_checksum_all_bytes_of_a_request_count_or_none(
    custodian: Custodian, officer: OfficerWithPhone, size: int
) -> None:
    body = some_bytes(size, seed=77)
    evidence_id = await begun(custodian, officer, body)
    right = Checksum("sha1", hashlib.sha1(body).digest())
    wrong = Checksum("sha1", b"\0" * 20)
    with pytest.raises(ChecksumMismatch):
        await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier, wrong)
    with pytest.raises(Cut):
        await upload.append(custodian, evidence_id, 0, cut_after(body, size // 2), officer.courier, right)
    assert (await upload.progress(custodian, evidence_id, officer.courier)).offset == 0
    progress = await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier, right)
    assert progress.judged is not None
    assert await stored(custodian, body) == body


async def test_bytes_without_a_commitment_or_of_another_length_are_refused(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    with pytest.raises(NotCommitted):
        await upload.begin(custodian, officer.person_id, 10, officer.courier)
    evidence_id = await committed(custodian, officer, b"0123456789")
    with pytest.raises(LengthDiffers):
        await upload.begin(custodian, evidence_id, 11, officer.courier)
    with pytest.raises(NoSuchUpload):
        await upload.append(custodian, evidence_id, 0, in_chunks(b"0123456789"), officer.courier)


async def test_somebody_of_another_unit_learns_nothing_of_an_upload(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = some_bytes(1000)
    evidence_id = await begun(custodian, officer, body)
    stranger = (await an_officer(custodian.database, officer.unit_id)).courier
    colleague = stranger
    assert (await upload.progress(custodian, evidence_id, colleague)).offset == 0
    with pytest.raises(NotCommitted):
        await upload.progress(custodian, evidence_id, replace(stranger, unit_id=stranger.person_id))


async def test_a_terminated_upload_is_gone_but_its_commitment_stays(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = some_bytes(12 * MIB)
    evidence_id = await begun(custodian, officer, body)
    await upload.append(custodian, evidence_id, 0, in_chunks(body[: 9 * MIB]), officer.courier)
    await upload.terminate(custodian, evidence_id, officer.courier)
    with pytest.raises(NoSuchUpload):
        await upload.progress(custodian, evidence_id, officer.courier)
    await upload.begin(custodian, evidence_id, len(body), officer.courier)
    assert (await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)).judged is not None
    with pytest.raises(NoSuchUpload):
        await upload.terminate(custodian, evidence_id, officer.courier)


@pytest.mark.parametrize(("size", "before"), [(300_000, 0), (20 * MIB, 0), (28 * MIB, 9 * MIB)])
async def test_while_the_store_is_out_of_reach_bytes_are_kept_and_the_upload_goes_on_afterwards(
    custodian: Custodian, officer: OfficerWithPhone, size: int, before: int
) -> None:
    body = some_bytes(size, seed=size + before)
    evidence_id = await begun(custodian, officer, body)
    if before:
        await upload.append(custodian, evidence_id, 0, in_chunks(body[:before]), officer.courier)
    nowhere = ObjectStore.open("http://127.0.0.1:1", "bucket-name", "us-east-1", "key", "secret")
    try:
        cut_off = dataclasses.replace(custodian, store=nowhere)
        with pytest.raises(TryLater):
            await upload.append(cut_off, evidence_id, before, in_chunks(body[before:]), officer.courier)
    finally:
        await nowhere.close()
    offset = (await upload.progress(custodian, evidence_id, officer.courier)).offset
    assert offset > before or size < PART_BYTES, "what came of a large file is kept"
    progress = await upload.append(custodian, evidence_id, offset, in_chunks(body[offset:]), officer.courier)
    assert progress.judged is not None
    assert await stored(custodian, body) == body


async def test_parts_that_the_store_lost_are_sent_again_and_nobody_is_said_to_have_sent_other_bytes(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    body = some_bytes(9 * MIB, seed=202)
    evidence_id = await begun(custodian, officer, body)
    await upload.append(custodian, evidence_id, 0, in_chunks(body[: 8 * MIB]), officer.courier)
    async with custodian.database.connection() as db:
        state = await upload_state.look(db, evidence_id)
    assert state is not None
    assert state.multipart_id is not None
    await custodian.store.abort_parts(key_of(hashlib.sha256(body).digest()), state.multipart_id)
    async with custodian.database.connection() as db:
        await db.execute("update upload set at = $2 where evidence_id = $1", evidence_id, len(body))
    with pytest.raises(NotYetReceived):
        await upload.settle(custodian, evidence_id, officer.courier)
    assert "digest-mismatched" not in " ".join(await events(custodian, evidence_id))
    await upload.begin(custodian, evidence_id, len(body), officer.courier)
    assert (await upload.append(custodian, evidence_id, 0, in_chunks(body), officer.courier)).judged is not None


async def test_an_upload_that_cannot_be_finished_keeps_no_other_from_being_finished(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    """Two uploads whose last byte is safe but that a crash left unjudged; the parts of one cannot be joined."""
    bodies = [some_bytes(9 * MIB, seed=seed) for seed in (101, 102, 103)]
    left: list[UUID] = []
    for body in bodies:
        evidence_id = await begun(custodian, officer, body)
        await upload.append(custodian, evidence_id, 0, in_chunks(body[: 8 * MIB]), officer.courier)
        async with custodian.database.connection() as db:
            state = await upload_state.take_over(db, evidence_id, 8 * MIB)
            assert state is not None
            assert state.multipart_id is not None
            digest = hashlib.sha256(body).digest()
            part = await custodian.store.put_part(key_of(digest), state.multipart_id, state.part, [body[8 * MIB :]])
            wrong = [part._replace(etag="0" * 32)] if body is bodies[1] else [part]
            await upload_state.advance(
                db, state, len(body), multipart_id=state.multipart_id, parts=[*state.parts, *wrong], piece=None,
                ranges=[], expires_at=state.expires_at,
            )  # fmt: skip
        left.append(evidence_id)
    assert await upload.finish_left_over(custodian) == 3
    async with custodian.database.connection() as db:
        received = {row["evidence_id"] for row in await db.fetch("select evidence_id from reception")}
    assert received == {left[0], left[2]}
