"""The contract with the object store, checked on a real one: what our locking rests on."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from evidence.custodian import Custodian
from foundation.object_store import ObjectStore, StoreRefused, key_of
from foundation.problem import TryLater

UNTIL = datetime(2090, 1, 1, tzinfo=UTC)


def some(text: str) -> tuple[bytes, bytes]:
    body = text.encode() * 1000
    return hashlib.sha256(body).digest(), body


async def content(store: ObjectStore, sha256: bytes, version_id: str) -> bytes:
    return b"".join([chunk async for chunk in store.read(key_of(sha256), version_id)])


async def test_the_store_itself_refuses_bytes_that_do_not_have_their_digest(custodian: Custodian) -> None:
    sha256, body = some("honest")
    with pytest.raises(StoreRefused):
        await custodian.store.put_locked(sha256, body[:-1] + b"!", UNTIL)
    assert await custodian.store.find(sha256) is None


async def test_bytes_stored_twice_are_one_version_and_the_longer_lock_wins(custodian: Custodian) -> None:
    sha256, body = some("twice")
    first = await custodian.store.put_locked(sha256, body, UNTIL)
    again = await custodian.store.put_locked(sha256, body, UNTIL - timedelta(days=10))
    longer = await custodian.store.put_locked(sha256, body, UNTIL + timedelta(days=10))
    assert first.version_id == again.version_id == longer.version_id
    found = await custodian.store.find(sha256)
    assert found is not None
    assert found.retained_until == UNTIL + timedelta(days=10)
    assert again.retained_until == UNTIL, "what is told is what holds"


async def test_a_locked_version_can_be_neither_removed_nor_unlocked_earlier(custodian: Custodian) -> None:
    sha256, body = some("locked")
    stored = await custodian.store.put_locked(sha256, body, UNTIL)
    with pytest.raises(StoreRefused):
        await custodian.store._remove(stored.key, stored.version_id)
    with pytest.raises(StoreRefused):
        await custodian.store._lock(stored.key, stored.version_id, UNTIL - timedelta(days=1))
    assert await content(custodian.store, sha256, stored.version_id) == body


async def test_an_unlocked_object_under_a_digest_is_read_back_before_it_is_believed(custodian: Custodian) -> None:
    store = custodian.store
    sha256, body = some("left by a crash")
    for bytes_there, believed in ((body, True), (b"x" * len(body), False)):
        key = sha256 if believed else hashlib.sha256(sha256).digest()
        upload = await store.begin_parts(key_of(key))
        part = await store.put_part(key_of(key), upload, 1, [bytes_there])
        assert await store.complete_parts(key_of(key), upload, [part])
        stored = await store.adopt(key, len(body), UNTIL)
        assert (stored is not None) == believed
        assert (await store.find(key) is not None) == believed, "what is not its digest's bytes is removed"


async def test_parts_completed_twice_or_under_a_standing_object_are_told_apart_from_ours(custodian: Custodian) -> None:
    store = custodian.store
    sha256, body = some("parts")
    upload = await store.begin_parts(key_of(sha256))
    parts = [await store.put_part(key_of(sha256), upload, 1, [body])]
    assert await store.complete_parts(key_of(sha256), upload, parts)
    assert not await store.complete_parts(key_of(sha256), upload, parts)
    other = await store.begin_parts(key_of(sha256))
    late = await store.put_part(key_of(sha256), other, 1, [b"y" * 10])
    assert not await store.complete_parts(key_of(sha256), other, [late])
    found = await store.find(sha256)
    assert found is not None
    assert await content(store, sha256, found.version_id) == body


async def test_aborting_what_is_gone_is_no_error(custodian: Custodian) -> None:
    sha256, _ = some("gone")
    upload = await custodian.store.begin_parts(key_of(sha256))
    await custodian.store.abort_parts(key_of(sha256), upload)
    await custodian.store.abort_parts(key_of(sha256), upload)


async def test_only_the_first_bytes_come_when_only_they_are_asked_for(custodian: Custodian) -> None:
    sha256, body = some("a long one")
    stored = await custodian.store.put_locked(sha256, body, UNTIL)
    head = b"".join([chunk async for chunk in custodian.store.read(stored.key, stored.version_id, 7)])
    assert head == body[:7]


async def test_a_store_out_of_reach_is_a_problem_to_try_later_and_says_when() -> None:
    nowhere = ObjectStore.open("http://127.0.0.1:1", "bucket-name", "us-east-1", "key", "secret")
    try:
        assert not await nowhere.reachable()
        with pytest.raises(TryLater) as later:
            await nowhere.find(bytes(32))
        assert int(later.value.headers["Retry-After"]) > 0
    finally:
        await nowhere.close()
