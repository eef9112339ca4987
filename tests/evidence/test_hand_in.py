"""A revoked phone loses nothing: it proves its key, hands in, and what came before the revocation still counts."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from agency import queries as agency
from agency.problems import HandInRefused
from agency.sign_in import digest, hashed
from evidence import hand_in, upload
from evidence.commitment import commit
from evidence.custodian import Custodian
from evidence.model import Courier
from evidence.problems import CommitmentNotSigned, NotCommitted
from tests.builders import OfficerWithPhone, a_photo, an_officer, at, in_chunks
from tests.evidence.test_admission import codes
from tests.evidence.test_admission import hand_in as handed_in
from tests.evidence.test_capture_time import readings

BODY = a_photo(21)


async def revoke(custodian: Custodian, officer: OfficerWithPhone) -> None:
    async with custodian.database.transaction() as db:
        await agency.revoke_phone(db, officer.phone_id, custodian.clock.now())


async def with_account(custodian: Custodian, officer: OfficerWithPhone) -> OfficerWithPhone:
    async with custodian.database.transaction() as db:
        await agency.open_account(db, "officer-a", officer.person_id, hashed("Wuhan-is-on-two-rivers"))
    return officer


def proof(officer: OfficerWithPhone, challenge: str, **header: Any) -> str:
    return officer.sign({"challenge": challenge}, **({"typ": hand_in.PROOF_TYPE} | header))


@pytest.mark.parametrize("kept", ["readings", "commitment"])
async def test_what_was_captured_before_the_revocation_counts(
    custodian: Custodian, officer: OfficerWithPhone, kept: str
) -> None:
    anchored = readings(custodian, officer)
    custodian.clock.advance(timedelta(hours=2))  # type: ignore[attr-defined]
    if kept == "readings":
        await revoke(custodian, officer)
        custodian.clock.advance(timedelta(days=9))  # type: ignore[attr-defined]
        _, judged = await handed_in(custodian, officer, at(custodian.clock), BODY, clock=anchored)
    else:
        done = await commit(custodian, officer.commitment(BODY, at(custodian.clock)), officer.courier)
        custodian.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        await revoke(custodian, officer)
        await upload.begin(custodian, done.evidence_id, len(BODY), officer.courier)
        progress = await upload.append(custodian, done.evidence_id, 0, in_chunks(BODY), officer.courier)
        assert progress.judged is not None
        judged = progress.judged
    assert (judged.verdict.outcome, codes(judged)) == ("ADMITTED", [])


@pytest.mark.parametrize(
    "told", [None, {"captured_ms": 10_000_000}, {"restarted": True}], ids=["no anchor", "after", "straddling"]
)
async def test_what_nobody_can_show_to_be_from_before_is_held_and_kept(
    custodian: Custodian, officer: OfficerWithPhone, told: dict[str, Any] | None
) -> None:
    facts = {} if told is None else {"clock": readings(custodian, officer, **told)}
    claimed = at(custodian.clock)
    custodian.clock.advance(timedelta(hours=2))  # type: ignore[attr-defined]
    await revoke(custodian, officer)
    custodian.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    _, judged = await handed_in(custodian, officer, claimed, BODY, **facts)
    assert (judged.verdict.outcome, codes(judged)) == ("HELD", ["PHONE_REVOKED"])
    assert judged.receipt


async def test_a_revoked_phone_that_proves_its_key_gets_a_token_without_roles(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    await with_account(custodian, officer)
    await revoke(custodian, officer)
    custodian.clock.advance(timedelta(days=30))  # type: ignore[attr-defined]
    given = await hand_in.hand_in(custodian, proof(officer, hand_in.challenge(custodian)))
    async with custodian.database.connection() as db:
        actor = await agency.actor_behind(db, digest(given.token), custodian.clock.now())
        late = await agency.actor_behind(db, digest(given.token), given.expires_at)
    assert actor is not None
    assert (actor.phone_id, actor.roles, actor.hand_in) == (officer.phone_id, (), True)
    assert late is None
    assert given.token not in repr(given)


async def test_a_challenge_is_good_for_one_proof_even_of_two_at_once(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    await with_account(custodian, officer)
    challenge = hand_in.challenge(custodian)
    both = await asyncio.gather(
        *(hand_in.hand_in(custodian, proof(officer, challenge)) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in both) == ["HandInRefused", "HandedIn"]


async def test_no_proof_is_no_door(custodian: Custodian, officer: OfficerWithPhone) -> None:
    await with_account(custodian, officer)
    good, colleague = hand_in.challenge(custodian), await an_officer(custodian.database, officer.unit_id)
    anchor = custodian.signer.anchor(custodian.clock.now(), "some-nonce", officer.phone_id)
    for wrong in (
        "",
        "a.b.c",
        proof(officer._replace(key=colleague.key), good),
        proof(officer, good, typ="plumbline-commitment+jws"),
        proof(officer, anchor),
        proof(officer, "a.b.c"),
        officer.sign({"other": good}, typ=hand_in.PROOF_TYPE),
        proof(colleague, good),  # a phone whose officer has no account
    ):
        with pytest.raises(HandInRefused):
            await hand_in.hand_in(custodian, wrong)
    custodian.clock.advance(hand_in.CHALLENGE_HOLDS + timedelta(seconds=1))  # type: ignore[attr-defined]
    with pytest.raises(HandInRefused):
        await hand_in.hand_in(custodian, proof(officer, good))


async def test_a_closed_account_is_no_door(custodian: Custodian, officer: OfficerWithPhone) -> None:
    await with_account(custodian, officer)
    async with custodian.database.transaction() as db:
        await agency.close_account(db, officer.person_id, custodian.clock.now())
    with pytest.raises(HandInRefused):
        await hand_in.hand_in(custodian, proof(officer, hand_in.challenge(custodian)))


async def test_it_brings_what_its_own_key_signed_and_nothing_of_a_colleague(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    colleague = await an_officer(custodian.database, officer.unit_id)
    door = Courier(officer.person_id, officer.phone_id, officer.unit_id, own_only=True)
    theirs = colleague.commitment(BODY, at(custodian.clock))
    with pytest.raises(CommitmentNotSigned):
        await commit(custodian, theirs, door)
    done = await commit(custodian, theirs, colleague.courier)
    with pytest.raises(NotCommitted):
        await upload.begin(custodian, done.evidence_id, len(BODY), door)
    own = await commit(custodian, officer.commitment(BODY, at(custodian.clock)), door)
    await upload.begin(custodian, own.evidence_id, len(BODY), door)
