"""A supervisor may ask for one piece of evidence first, while it is on a phone."""

import hashlib
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import pytest

from evidence import queries as evidence
from evidence import upload
from evidence.commitment import commit
from evidence.custodian import Custodian
from evidence.problems import NotCommitted
from foundation.problem import NotFound
from inspection.model import Wish
from inspection.problems import EvidenceAlreadyHere
from inspection.pulling import Feeds
from inspection.pushing import push
from inspection.wishes import ask_first
from tests.builders import OfficerWithPhone, a_photo, a_unit, an_officer, in_chunks
from tests.inspection.builders import AT, a_task, told

PHOTO = a_photo(36)
LISTED = {"type": "EVIDENCE", "sha256": hashlib.sha256(PHOTO).hexdigest(), "size": len(PHOTO)}


class OnAPhone(NamedTuple):
    """A photograph that was told of and committed to, and is still on its officer's phone."""

    custodian: Custodian
    officer: OfficerWithPhone
    unit_id: UUID
    inspection_id: UUID
    evidence_id: UUID

    async def asked(self, by: UUID | None = None) -> Wish:
        async with self.custodian.database.transaction() as db:
            by = by or self.officer.person_id
            return await ask_first(db, self.custodian.clock, self.inspection_id, self.evidence_id, by)

    async def arrive(self) -> None:
        await upload.begin(self.custodian, self.evidence_id, len(PHOTO), self.officer.courier)
        await upload.append(self.custodian, self.evidence_id, 0, in_chunks(PHOTO), self.officer.courier)

    async def as_its_phone_sees_it(self) -> dict[str, Any]:
        answer = msgspec.json.decode(await Feeds(self.custodian.database).changes(self.officer.person_id, 0))
        return dict(answer["inspections"][0])

    async def tell(self, what: dict[str, Any]) -> None:
        signed = told(self.officer, self.inspection_id, what)
        assert [one.result for one in await push(self.custodian, [signed], self.officer.courier)] == ["RECORDED"]


async def on_a_phone(custodian: Custodian, *, committed: bool = True) -> OnAPhone:
    unit_id = await a_unit(custodian.database)
    officer = await an_officer(custodian.database, unit_id)
    task = await a_task(custodian.database, custodian.clock, officer)
    photo = OnAPhone(custodian, officer, unit_id, task.id, uuid4())
    await photo.tell(LISTED | {"evidence_id": photo.evidence_id, "media_type": "image/jpeg"})
    if committed:
        await commit(custodian, officer.commitment(PHOTO, AT, evidence_id=photo.evidence_id), officer.courier)
    return photo


async def test_the_phone_is_told_with_the_inspection_until_the_bytes_are_in(custodian: Custodian) -> None:
    photo = await on_a_phone(custodian)
    before = (await photo.as_its_phone_sees_it())["wanted"]
    await photo.asked()
    assert (before, (await photo.as_its_phone_sees_it())["wanted"]) == ([], [str(photo.evidence_id)])
    await photo.arrive()
    await photo.tell({"type": "JOINED"})
    assert (await photo.as_its_phone_sees_it())["wanted"] == []


async def test_asked_twice_the_first_wish_stands_and_custody_tells_of_one(custodian: Custodian) -> None:
    photo = await on_a_phone(custodian)
    first = await photo.asked()
    assert await photo.asked() == first
    async with custodian.database.connection() as db:
        custody = await evidence.custody_of(db, photo.evidence_id)
    assert [one.actor_id for one in custody if one.event == "evidence:bytes:asked-for"] == [photo.officer.person_id]


async def test_what_is_here_is_not_asked_for(custodian: Custodian) -> None:
    photo = await on_a_phone(custodian)
    await photo.arrive()
    with pytest.raises(EvidenceAlreadyHere):
        await photo.asked()


async def test_what_was_never_committed_to_or_listed_is_not_asked_for(custodian: Custodian) -> None:
    photo = await on_a_phone(custodian, committed=False)
    with pytest.raises(NotCommitted):
        await photo.asked()
    with pytest.raises(NotFound):
        await photo._replace(evidence_id=uuid4()).asked()
