"""A person can be taken out of the custody chain: no table holds the value any more, and the log still verifies."""

from pathlib import Path

import pytest
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.evidence.transparency_log import reference

from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.transparency_log import queries
from evidence.transparency_log.rules.leaf import committed, leaf_bytes, leaf_hash
from evidence.transparency_log.sequencing import integrate
from evidence.transparency_log.signing import LogSigner
from plumbline.erasure import NotErased, erase_from_custody


async def told(custodian: Custodian, officer: OfficerWithPhone, log_signer: LogSigner) -> None:
    async with custodian.database.transaction() as db:
        for details in ({"why": "张某某到场"}, {"why": "复查"}, {"by": str(officer.person_id)}):
            await tell(
                db, Event.VIEWED, custodian.clock.now(),
                evidence_id=None, actor_id=officer.person_id, phone_id=officer.phone_id, details=details,
            )  # fmt: skip
        await tell(db, Event.VIEWED, custodian.clock.now(), evidence_id=None, actor_id=None, details={"why": "张某某"})
    await integrate(custodian.database, custodian.clock, log_signer)


@pytest.fixture
def log_signer(tmp_path: Path) -> LogSigner:
    return LogSigner.load_or_create(tmp_path / "keys.pem")


async def test_after_erasing_every_leaf_is_what_it_was(
    custodian: Custodian, log_signer: LogSigner, owner_url: str
) -> None:
    officer = await an_officer(custodian.database, await a_unit(custodian.database))
    await told(custodian, officer, log_signer)
    now = custodian.clock.now()
    assert await erase_from_custody(owner_url, officer.person_id, "张某某", "本人申请", now) == 9
    await integrate(custodian.database, custodian.clock, log_signer)
    async with custodian.database.connection() as db:
        logged = await queries.leaves_from(db, 0, 10)
        signed = await queries.latest_checkpoint(db)
        assert signed is not None
        assert await db.fetchval("select count(*) from custody_entry where event = 'log:person:erased'") == 1
        hashes = [
            leaf_hash(leaf_bytes(one.entry, committed(one.entry, one.leaf.salts, one.erased)))
            for one in logged
            if one.entry
        ]
        assert hashes == [one.leaf.hash for one in logged]
        assert signed.root == reference.mth(hashes)
        others = [one.entry.details for one in logged if one.entry][:4]
    assert others == ["{}", '{"why": "复查"}', "{}", "{}"]


async def test_what_was_erased_is_in_no_row(custodian: Custodian, log_signer: LogSigner, owner_url: str) -> None:
    officer = await an_officer(custodian.database, await a_unit(custodian.database))
    await told(custodian, officer, log_signer)
    await erase_from_custody(owner_url, officer.person_id, "张某某", "本人申请", custodian.clock.now())
    async with custodian.database.connection() as db:
        rows = await db.fetch("select row_to_json(entry)::text from custody_entry as entry")
        assert rows
        assert not [row for row in rows if str(officer.person_id) in row[0] or "张某某" in row[0]]


async def test_what_is_not_in_the_log_yet_is_not_erased(
    custodian: Custodian, log_signer: LogSigner, owner_url: str
) -> None:
    officer = await an_officer(custodian.database, await a_unit(custodian.database))
    async with custodian.database.transaction() as db:
        await tell(db, Event.VIEWED, custodian.clock.now(), evidence_id=None, actor_id=officer.person_id)
    with pytest.raises(NotErased, match="not in the log yet"):
        await erase_from_custody(owner_url, officer.person_id, "", "本人申请", custodian.clock.now())


async def test_nobody_is_erased_twice(custodian: Custodian, log_signer: LogSigner, owner_url: str) -> None:
    officer = await an_officer(custodian.database, await a_unit(custodian.database))
    await told(custodian, officer, log_signer)
    await erase_from_custody(owner_url, officer.person_id, "", "本人申请", custodian.clock.now())
    with pytest.raises(NotErased, match="Nothing"):
        await erase_from_custody(owner_url, officer.person_id, "", "本人申请", custodian.clock.now())
