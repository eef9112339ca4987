"""Every object is read back in its time; other bytes, no object and no answer are three faults, each believed twice."""

from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest

from evidence.custodian import Custodian
from evidence.fixity import queries
from evidence.fixity.reading import AGAIN, WITHIN, Fixity, believed, scrub
from foundation.civil import beginning_of
from foundation.object_store import ObjectStore, StoredObject
from tests.builders import OfficerWithPhone
from tests.evidence.test_admission import hand_in
from tests.support import FixedClock

CAPTURED = beginning_of(date(2026, 6, 1))


async def at_once(_: float) -> None:
    """No need to wait between two readings here."""


async def stored_of(custodian: Custodian, evidence_id: UUID) -> StoredObject:
    async with custodian.database.connection() as db:
        rows = await db.fetchrow(
            """
            select stored_object.sha256, size, key, version_id, retained_until
              from stored_object join reception on reception.sha256 = stored_object.sha256
             where evidence_id = $1
            """,
            evidence_id,
        )
    assert rows is not None
    return StoredObject(*rows)


async def events(custodian: Custodian, evidence_id: UUID) -> list[str]:
    async with custodian.database.connection() as db:
        rows = await db.fetch(
            "select event from custody_entry where evidence_id = $1 and event like 'evidence:fixity:%' order by id",
            evidence_id,
        )
    return [row["event"] for row in rows]


async def test_it_is_read_once_within_the_promised_time_and_nothing_is_told_while_it_is_the_same(
    custodian: Custodian, officer: OfficerWithPhone, clock: FixedClock
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED)
    assert await scrub(custodian, pause=at_once) == []
    clock.instant += WITHIN
    assert [one.now for one in await scrub(custodian, pause=at_once)] == [Fixity.SAME]
    assert await scrub(custodian, pause=at_once) == []
    assert await events(custodian, evidence_id) == []
    async with custodian.database.connection() as db:
        assert await queries.oldest_reading(db) == clock.now()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("set version_id = 'gone', key = 'sha256/00/none'", Fixity.MISSING),
        ("set size = size + 1", Fixity.CHANGED),
    ],
)
async def test_a_fault_is_told_once_of_each_piece_with_the_bytes_and_again_when_it_is_over(
    custodian: Custodian, officer: OfficerWithPhone, clock: FixedClock, owner_url: str, change: str, found: Fixity
) -> None:
    body = b"%PDF-1.7 the same bytes"
    both = [(await hand_in(custodian, officer, CAPTURED, body, media_type="application/pdf"))[0] for _ in range(2)]
    kept = await stored_of(custodian, both[0])
    await as_owner(owner_url, f"update stored_object {change}")
    clock.instant += WITHIN
    assert [one.now for one in await scrub(custodian, pause=at_once)] == [found]
    assert await scrub(custodian, pause=at_once) == []
    clock.instant += AGAIN
    assert [one.now for one in await scrub(custodian, pause=at_once)] == [found]
    async with custodian.database.connection() as db:
        listed = await queries.faulty(db, [officer.unit_id])
    assert {(one.evidence_id, one.outcome) for one in listed} == {(one, str(found)) for one in both}
    await as_owner(
        owner_url, "update stored_object set size = $1, key = $2, version_id = $3", kept.size, kept.key, kept.version_id
    )
    clock.instant += AGAIN + timedelta(seconds=1)
    assert [one.now for one in await scrub(custodian, pause=at_once)] == [Fixity.SAME]
    for evidence_id in both:
        assert await events(custodian, evidence_id) == ["evidence:fixity:failed", "evidence:fixity:held"]


async def as_owner(owner_url: str, statement: str, *values: object) -> None:
    owner = await asyncpg.connect(owner_url)
    await owner.execute(statement, *values)
    await owner.close()


async def test_a_fault_that_is_gone_at_the_second_reading_is_none(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED)
    stored = await stored_of(custodian, evidence_id)
    lost = StoredObject(stored.sha256, stored.size, "sha256/00/none", "gone", stored.retained_until)
    moments: list[StoredObject] = [lost, stored]

    class Recovering:
        """Loses the object for one reading, by asking the real store for another key."""

        def read(self, key: str, version_id: str) -> object:
            one = moments.pop(0)
            return custodian.store.read(one.key, one.version_id)

    assert await believed(Recovering(), stored, at_once) is Fixity.SAME  # type: ignore[arg-type]


async def test_a_store_that_does_not_answer_says_nothing_about_the_bytes(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED)
    stored = await stored_of(custodian, evidence_id)
    nobody = ObjectStore.open("http://127.0.0.1:9", "none", "us-east-1", "nobody", "nothing")
    assert await believed(nobody, stored, at_once) is Fixity.UNREADABLE
    await nobody.close()
