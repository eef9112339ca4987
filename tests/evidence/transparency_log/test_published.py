"""Checkpoints and leaf hashes stand in the object store, locked; another history of the same log is noticed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from evidence.custodian import Custodian
from evidence.transparency_log import queries
from evidence.transparency_log.published import LogForked, checkpoint_key, checkpoints, publish, tile_key
from evidence.transparency_log.rules.note import Note, checkpoint_in
from evidence.transparency_log.sequencing import integrate
from evidence.transparency_log.signing import LogSigner
from foundation.object_store import ObjectStore
from foundation.problem import TryLater
from tests.evidence.transparency_log import reference
from tests.evidence.transparency_log.conftest import Told, as_superuser

ORIGIN = "plumbline/custody/example"


async def grow(custodian: Custodian, log_signer: LogSigner, told: Told, number: int) -> None:
    await told(number)
    while await integrate(custodian.database, custodian.clock, log_signer):
        pass


async def origin_of(custodian: Custodian) -> str:
    async with custodian.database.connection() as db:
        return await queries.origin_of(db)


async def published(custodian: Custodian) -> list[int]:
    """Sizes of the checkpoints in the store, each led to by the leaf hashes there."""
    origin, sizes = await origin_of(custodian), []
    async for key in custodian.store.keys(checkpoints(origin)):
        there = checkpoint_in(Note.parse((await custodian.store.whole(key) or b"").decode()).text)
        leaves: list[bytes] = []
        for number in range(-(-there.size // 256)):
            width = min(256, there.size - 256 * number)
            tile = await custodian.store.whole(tile_key(origin, number, width))
            assert tile is not None
            leaves += [tile[at : at + 32] for at in range(0, len(tile), 32)]
        assert there == (origin, len(leaves), reference.mth(leaves))
        sizes.append(there.size)
    return sizes


@pytest.mark.parametrize(
    ("number", "width", "key"),
    [(0, 256, "000"), (7, 3, "007.p/3"), (999, 256, "999"), (1000, 256, "x001/000"), (1234067, 1, "x001/x234/067.p/1")],
)
def test_keys_are_those_of_the_tile_format(number: int, width: int, key: str) -> None:
    assert tile_key(ORIGIN, number, width) == f"log/example/tile/0/{key}"


def test_keys_of_checkpoints_stand_in_the_order_of_their_sizes() -> None:
    keys = [checkpoint_key(ORIGIN, size) for size in (1, 9, 10, 99_999, 1 << 60)]
    assert sorted(keys) == keys


async def test_what_was_published_needs_no_database_to_be_verified(
    custodian: Custodian, log_signer: LogSigner, told: Told
) -> None:
    for number in (3, 300, 256, 209):
        await grow(custodian, log_signer, told, number)
        await publish(custodian)
        await publish(custodian)
    assert await published(custodian) == [3, 303, 559, 768]


async def test_nothing_is_published_of_an_empty_log(custodian: Custodian) -> None:
    assert await publish(custodian) == 0


async def test_what_was_published_is_locked(custodian: Custodian, log_signer: LogSigner, told: Told) -> None:
    await grow(custodian, log_signer, told, 1)
    await publish(custodian)
    key = checkpoint_key(await origin_of(custodian), 1)
    async with custodian.store._request("HEAD", key) as response:
        assert response.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert not await custodian.store.put_once(key, b"another", custodian.clock.now() + timedelta(days=1))


@pytest.mark.parametrize("how", ["instead", "after"])
async def test_a_fault_at_any_call_of_the_store_leaves_nothing_that_publishing_again_does_not_mend(
    custodian: Custodian, log_signer: LogSigner, told: Told, how: str
) -> None:
    await grow(custodian, log_signer, told, 600)
    faults = 0
    for at in range(30):
        faulty = _Faulty(custodian.store, at, how)
        try:
            await publish(replace(custodian, store=cast("ObjectStore", faulty)))
        except TryLater:
            faults += 1
        else:
            break
        assert await published(custodian) in ([], [600])
    assert faults > 3
    await publish(custodian)
    await grow(custodian, log_signer, told, 1)
    await publish(custodian)
    assert await published(custodian) == [600, 601]


async def test_a_log_that_was_rewritten_is_not_published_again(
    custodian: Custodian, log_signer: LogSigner, told: Told, database_url: str
) -> None:
    await grow(custodian, log_signer, told, 10)
    await publish(custodian)
    async with as_superuser(database_url) as db:
        await db.execute("delete from log_publication; delete from log_checkpoint; delete from log_leaf")
        await db.execute("insert into log_pending select id from custody_entry order by id limit 5")
    while await integrate(custodian.database, custodian.clock, log_signer):
        pass
    with pytest.raises(LogForked, match="does not lead there"):
        await publish(custodian)
    await grow(custodian, log_signer, told, 20)
    with pytest.raises(LogForked):
        await publish(custodian)


class _Faulty:
    """A store whose `at`-th call is lost: before anything happened, or its answer."""

    def __init__(self, store: ObjectStore, at: int, how: str) -> None:
        self._store, self._left, self._how = store, at, how

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name == "keys":
            return method

        async def called(*args: Any) -> Any:
            self._left -= 1
            if self._left == -1 and self._how == "instead":
                raise TryLater
            answer = await method(*args)
            if self._left == -1:
                raise TryLater
            return answer

        return called
