"""What a phone commits to is recorded once, acknowledged with a signature, and never replaced."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from agency import queries as agency
from evidence.commitment import commit
from evidence.custodian import Custodian
from evidence.problems import CaptureTimeReversed, CommitmentConflicts, CommitmentNotSigned, UploadTooLarge
from foundation.problem import Malformed
from tests.builders import OfficerWithPhone, a_photo, an_officer, at

BODY = a_photo()


async def count(custodian: Custodian, table: str) -> int:
    async with custodian.database.connection() as db:
        return int(await db.fetchval(f"select count(*) from {table}"))


async def test_the_acknowledgement_can_be_checked_with_the_public_key_alone(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    acknowledged = await commit(custodian, officer.commitment(BODY, at(custodian.clock)), officer.courier)
    key = OKPKey.import_key(custodian.signer.public_key())
    receipt = msgspec.json.decode(jws.deserialize_compact(acknowledged.receipt, key, algorithms=["Ed25519"]).payload)
    assert receipt["receipt"] == "COMMITTED"
    assert receipt["evidence_id"] == str(acknowledged.evidence_id)
    assert receipt["size"] == len(BODY)


async def test_a_commitment_sent_again_gets_the_first_receipt_and_leaves_one_of_everything(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    evidence_id = uuid4()
    # ECDSA signs the same facts differently every time, so the phone's second attempt is another string.
    one, two = (officer.commitment(BODY, at(custodian.clock), evidence_id=evidence_id) for _ in range(2))
    assert one != two
    first, again = [await commit(custodian, jws_text, officer.courier) for jws_text in (one, two)]
    assert (first.first, again.first) == (True, False)
    assert first.receipt == again.receipt
    assert [await count(custodian, table) for table in ("evidence", "receipt", "custody_entry")] == [1, 1, 1]


async def test_another_commitment_under_the_same_id_is_refused_and_told(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    evidence_id = uuid4()
    await commit(custodian, officer.commitment(BODY, at(custodian.clock), evidence_id=evidence_id), officer.courier)
    other = officer.commitment(BODY, at(custodian.clock, minutes=1), evidence_id=evidence_id)
    with pytest.raises(CommitmentConflicts):
        await commit(custodian, other, officer.courier)
    colleague = await an_officer(custodian.database, officer.unit_id)
    same_facts = colleague.commitment(BODY, at(custodian.clock), evidence_id=evidence_id)
    with pytest.raises(CommitmentConflicts):
        await commit(custodian, same_facts, colleague.courier)
    async with custodian.database.connection() as db:
        events = await db.fetch(
            "select event, details from custody_entry where evidence_id = $1 order by id", evidence_id
        )
    assert [row["event"] for row in events] == ["evidence:commitment:received"] + 2 * ["evidence:commitment:conflicted"]
    assert "commitment" in events[1]["details"], "the refused commitment itself is kept"


async def test_the_officer_is_who_signed_not_who_brings_it(custodian: Custodian, officer: OfficerWithPhone) -> None:
    colleague = await an_officer(custodian.database, officer.unit_id)
    done = await commit(custodian, officer.commitment(BODY, at(custodian.clock)), colleague.courier)
    async with custodian.database.connection() as db:
        row = await db.fetchrow(
            """
            select officer_id, actor_id
              from evidence
              join custody_entry on custody_entry.evidence_id = evidence.id
             where evidence.id = $1
            """,
            done.evidence_id,
        )
    assert row is not None
    assert tuple(row) == (officer.person_id, colleague.person_id)


def a_stranger(officer: OfficerWithPhone) -> OfficerWithPhone:
    return officer._replace(key=ECKey.generate_key("P-256"))


@pytest.mark.parametrize(
    ("jws_text", "sentence"),
    [
        ("", "commitment.form"),
        ("a.b.c", "commitment.form"),
        ("no dots at all", "commitment.form"),
        ("e30.e30.e30", "commitment.form"),
        ("é.é.é", "commitment.form"),
        ("." * 50, "commitment.form"),
    ],
)
async def test_what_is_no_jws_is_refused(
    custodian: Custodian, officer: OfficerWithPhone, jws_text: str, sentence: str
) -> None:
    with pytest.raises(CommitmentNotSigned) as refused:
        await commit(custodian, jws_text, officer.courier)
    assert refused.value.values["why"].key == sentence  # type: ignore[attr-defined]


async def test_a_signature_of_another_key_of_no_key_or_over_other_facts_is_refused(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    good = officer.commitment(BODY, at(custodian.clock))
    header, payload, signature = good.split(".")
    other_payload = officer.commitment(BODY, at(custodian.clock)).split(".")[1]
    no_algorithm = b'{"alg":"none","typ":"plumbline-commitment+jws","kid":"%s"}' % str(officer.phone_id).encode()
    unsigned = base64.urlsafe_b64encode(no_algorithm).rstrip(b"=").decode()
    for forged in (
        a_stranger(officer).commitment(BODY, at(custodian.clock)),
        f"{header}.{other_payload}.{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        officer.sign({"evidence_id": uuid4()}, typ="JWT"),
        officer._replace(phone_id=uuid4()).commitment(BODY, at(custodian.clock)),
        f"{unsigned}.{payload}.",
    ):
        with pytest.raises(CommitmentNotSigned):
            await commit(custodian, forged, officer.courier)
    assert await count(custodian, "evidence") == 0


async def test_what_a_revoked_phone_signed_is_recorded_all_the_same(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    async with custodian.database.transaction() as db:
        await agency.revoke_phone(db, officer.phone_id, custodian.clock.now())
    assert (await commit(custodian, officer.commitment(BODY, at(custodian.clock)), officer.courier)).first


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"sha256": "A" * 64}, "sha256"),
        ({"size": 0}, "size"),
        ({"size": -5}, "size"),
        ({"size": 1 << 60}, "size"),
        ({"size": "12"}, "size"),
        ({"captured_earliest": "2026-05-01T10:00:00"}, "captured_earliest"),
        ({"captured_earliest": "yesterday"}, "captured_earliest"),
        ({"captured_latest": "9999-12-31T23:59:59.999999Z"}, "captured_latest"),
        ({"captured_earliest": "0001-01-02T00:00:00Z"}, "captured_earliest"),
        ({"media_type": "jpeg"}, "media_type"),
        ({"device_tag": ""}, "device_tag"),
        ({"place": {"longitude": 114.3, "latitude": 30.6}}, "place.datum"),
        ({"place": {"longitude": 114.3, "latitude": 30.6, "datum": "MARS"}}, "place.datum"),
        ({"evidence_id": "one"}, "evidence_id"),
        ({"surprise": 1}, None),
    ],
)
async def test_a_payload_that_does_not_fit_names_its_field(
    custodian: Custodian, officer: OfficerWithPhone, facts: dict[str, object], field: str | None
) -> None:
    with pytest.raises(Malformed) as refused:
        await commit(custodian, officer.commitment(BODY, at(custodian.clock), **facts), officer.courier)
    assert field is None or refused.value.field == field


async def test_a_capture_interval_must_run_forwards_and_not_for_ever(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    now = at(custodian.clock)
    for earliest in (now + timedelta(microseconds=1), now - timedelta(days=3)):
        with pytest.raises(CaptureTimeReversed):
            await commit(custodian, officer.commitment(BODY, now, captured_earliest=earliest), officer.courier)


async def test_a_file_larger_than_this_installation_takes_is_refused_before_any_byte(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    with pytest.raises(UploadTooLarge):
        await commit(custodian, officer.commitment(BODY, at(custodian.clock), size=1 << 40), officer.courier)


async def test_eight_phones_committing_the_same_at_once_leave_one_of_everything(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    """Many times over: which of the table's unique indexes notices first is a matter of microseconds."""
    captured, rounds = datetime(2026, 6, 1, tzinfo=UTC), 60
    for _ in range(rounds):
        signed = officer.commitment(BODY, captured, evidence_id=uuid4())
        done = await asyncio.gather(*(commit(custodian, signed, officer.courier) for _ in range(8)))
        assert sum(each.first for each in done) == 1
        assert len({each.receipt for each in done}) == 1
    assert await count(custodian, "custody_entry") == rounds
