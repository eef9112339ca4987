"""What an inspection must have before it may close: one thing missing at a time, and who can answer for what."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from agency.enforcement_items.model import NoPenaltyKind
from agency.model import CredentialReason, CredentialStanding, PersonKind
from evidence.model import State as EvidenceState
from inspection.model import Enterprise, Inspection, Operation, OutcomeKind, Source, Told
from inspection.rules.guard import NO_PENALTY, Code, Gap, Seen, gaps, may_close, visit
from inspection.rules.merging import merged
from tests.inspection.documents.builders import VECTORS, a_text

A, B = UUID(int=0xA), UUID(int=0xB)
PHONE = UUID(int=0xF)
BEGAN = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
RECORD = a_text(
    inspection_id=str(UUID(int=1)),
    officers=[VECTORS[0]["content"]["officers"][0] | {"person_id": str(officer)} for officer in (A, B)],
)
SHA = sha256(RECORD.encode()).hexdigest()
EVIDENCE, DRAWN = UUID(int=0xE), UUID(int=0xD)
CREDENTIALED = CredentialStanding(PersonKind.OFFICER, (), (), partly=False)
A_TASK = Inspection(
    id=UUID(int=1),
    unit_id=UUID(int=2),
    source=Source.PLAN,
    title="—",
    enterprise=Enterprise("", "—", "—"),
    officers=[A, B],
    approved_at=BEGAN - timedelta(days=1),
)

WHOLE: list[tuple[UUID, dict[str, Any]]] = [
    (A, {"type": "SCANNED_IN", "code": "92420102MADEM00114"}),
    (A, {"type": "JOINED"}),
    (B, {"type": "JOINED"}),
    (A, {"type": "CREDENTIAL_SHOWN", "credential_no": "1"}),
    (B, {"type": "CREDENTIAL_SHOWN", "credential_no": "2"}),
    (A, {"type": "RIGHTS_TOLD", "recusal": "NOT_ASKED"}),
    (A, {"type": "FINDING", "item": "F-01", "result": "CONFORMS"}),
    (
        A,
        {
            "type": "EVIDENCE",
            "evidence_id": str(EVIDENCE),
            "sha256": "0" * 64,
            "size": 1,
            "media_type": "image/jpeg",
            "shows": "灶台",
        },
    ),
    (A, {"type": "OUTCOME", "outcome": "PASS"}),
    (A, {"type": "CAP", "counts": True, "reason": "日常检查"}),
    (A, {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": RECORD}),
    (A, {"type": "SIGNATURE", "document_sha256": SHA, "signer": "OFFICER"}),
    (B, {"type": "SIGNATURE", "document_sha256": SHA, "signer": "OFFICER"}),
    (A, {"type": "SIGNATURE", "document_sha256": SHA, "signer": "PARTY", "name": "—", "evidence_id": str(DRAWN)}),
]
"""A visit that lacks nothing, each a minute after the one before."""


def seen(told: Sequence[tuple[UUID, dict[str, Any]]] = WHOLE, **more: Any) -> Seen:
    operations = [
        Operation(
            id=UUID(int=number + 1),
            inspection_id=A_TASK.id,
            author=author,
            phone=PHONE,
            replaces=frozenset(),
            earliest=BEGAN + timedelta(minutes=number),
            latest=BEGAN + timedelta(minutes=number),
            what=msgspec.convert(what, Told),
        )
        for number, (author, what) in enumerate(told)
    ]
    defaults: dict[str, Any] = {
        "inspection": A_TASK,
        "operations": operations,
        "fields": merged(operations),
        "credentials": {A: CREDENTIALED, B: CREDENTIALED},
        "evidence": {EVIDENCE: EvidenceState.ADMITTED},
        "points": ["F-01"],
        "urgent_approval": timedelta(hours=24),
        "now": BEGAN + timedelta(days=1),
    }
    return Seen(**(defaults | more))


def codes(found: Sequence[Gap]) -> list[Code]:
    return [gap.code for gap in found]


def without(*types: str) -> list[tuple[UUID, dict[str, Any]]]:
    return [one for one in WHOLE if one[1]["type"] not in types]


def test_a_whole_visit_lacks_nothing_and_may_close() -> None:
    assert gaps(seen()) == []
    assert may_close([])


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        ("SCANNED_IN", [Code.SCAN_IN_MISSING]),
        ("JOINED", [Code.TOO_FEW_OFFICERS, Code.RECORD_UNFIT]),
        ("CREDENTIAL_SHOWN", [Code.CREDENTIAL_NOT_SHOWN, Code.CREDENTIAL_NOT_SHOWN]),
        ("RIGHTS_TOLD", [Code.RIGHTS_NOT_TOLD]),
        ("FINDING", [Code.FINDING_MISSING]),
        ("OUTCOME", [Code.OUTCOME_MISSING]),
        ("CAP", [Code.CAP_MISSING]),
        ("DOCUMENT", [Code.RECORD_MISSING]),
    ],
)
def test_what_is_left_out_is_missed(left_out: str, missing: list[Code]) -> None:
    assert codes(gaps(seen(without(left_out)))) == missing


def test_both_officers_and_the_party_must_sign() -> None:
    assert codes(gaps(seen(without("SIGNATURE")))) == [
        Code.OFFICER_SIGNATURE_MISSING,
        Code.OFFICER_SIGNATURE_MISSING,
        Code.PARTY_SIGNATURE_MISSING,
    ]


def test_a_signature_under_another_document_is_none() -> None:
    other = {"document_sha256": "1" * 64}
    told = [(author, what | other if what["type"] == "SIGNATURE" else what) for author, what in WHOLE]
    assert Code.PARTY_SIGNATURE_MISSING in codes(gaps(seen(told)))


def test_one_officer_does_not_sign_for_two() -> None:
    by_a = [(A, what) if what["type"] == "SIGNATURE" else (author, what) for author, what in WHOLE]
    [gap] = gaps(seen(by_a))
    assert (gap.code, gap.person_id) == (Code.OFFICER_SIGNATURE_MISSING, B)


def test_a_refusal_with_a_witness_stands_for_the_partys_signature() -> None:
    unsigned = [one for one in WHOLE if one[1].get("signer") != "PARTY"]
    refused = {"type": "REFUSAL", "document_sha256": SHA, "reason": "拒绝签名"}
    assert codes(gaps(seen([*unsigned, (A, refused)]))) == [Code.WITNESS_MISSING]
    assert gaps(seen([*unsigned, (A, refused | {"witness_name": "—"})])) == []


@pytest.mark.parametrize(
    "standing",
    [
        CredentialStanding(PersonKind.OFFICER, (), (CredentialReason.CREDENTIAL_EXPIRED,), partly=False),
        CredentialStanding(PersonKind.OFFICER, (), (CredentialReason.CREDENTIAL_EXPIRED,), partly=True),
    ],
    ids=["expired", "expired in mid-inspection"],
)
def test_who_is_not_credentialed_all_the_time_does_not_count(standing: CredentialStanding) -> None:
    found = gaps(seen(credentials={A: CREDENTIALED, B: standing}))
    assert codes(found) == [Code.OFFICER_NOT_CREDENTIALED, Code.TOO_FEW_OFFICERS]


def test_an_auxiliary_never_counts_and_is_no_reason_to_keep_it_open() -> None:
    auxiliary = CredentialStanding(PersonKind.AUXILIARY, (), (CredentialReason.NOT_AN_OFFICER,), partly=False)
    found = gaps(seen(credentials={A: CREDENTIALED, B: auxiliary}))
    assert codes(found) == [Code.TOO_FEW_OFFICERS, Code.RECORD_UNFIT]
    third = UUID(int=0xC)
    with_one = seen(
        [*WHOLE, (third, {"type": "JOINED"})], credentials={A: CREDENTIALED, B: CREDENTIALED, third: auxiliary}
    )
    assert gaps(with_one) == []


def test_nobody_answers_for_a_missing_second_officer() -> None:
    waiver = (A, {"type": "WAIVER", "gap": "TOO_FEW_OFFICERS", "reason": "同事生病"})
    found = gaps(seen([*without("JOINED"), waiver]))
    assert not may_close(found)


def test_what_somebody_answers_for_does_not_keep_it_open() -> None:
    waiver = (A, {"type": "WAIVER", "gap": "SCAN_IN_MISSING", "reason": "企业无码"})
    [gap] = gaps(seen([*without("SCANNED_IN"), waiver]))
    assert gap.waived
    assert may_close([gap])


def test_evidence_that_is_on_a_phone_is_missed_with_that_phone_until_it_arrives() -> None:
    for state in (None, EvidenceState.COMMITTED, EvidenceState.RECEIVING):
        [gap] = gaps(seen(evidence={EVIDENCE: state} if state else {}))
        assert (gap.code, gap.evidence_id, gap.phone_id) == (Code.EVIDENCE_NOT_RECEIVED, EVIDENCE, PHONE)
    for state in (EvidenceState.ADMITTED, EvidenceState.HELD, EvidenceState.UNDETERMINED):
        assert gaps(seen(evidence={EVIDENCE: state})) == []


def test_a_scan_in_after_the_check_began_is_late() -> None:
    late = [*WHOLE[1:9], WHOLE[0], *WHOLE[9:]]
    assert codes(gaps(seen(late))) == [Code.SCANNED_IN_LATE]


def test_the_code_of_another_enterprise_is_no_scan_in_at_this_one() -> None:
    here = replace(A_TASK, enterprise=Enterprise("92420102MADEM002XU", "—", "—"))
    assert codes(gaps(seen(inspection=here))) == [Code.OTHER_ENTERPRISE_SCANNED]
    supervision_code = [(A, {"type": "SCANNED_IN", "code": "https://jm.example.org/c/8862"}), *WHOLE[1:]]
    assert gaps(seen(supervision_code, inspection=here)) == []


def test_nobody_answers_for_an_item_that_the_unit_may_not_carry_out() -> None:
    waiver = (A, {"type": "WAIVER", "gap": "ITEM_NOT_ALLOWED:NOISE", "reason": "—"})
    found = gaps(seen([*WHOLE, waiver], not_allowed=["NOISE"]))
    assert codes(found) == [Code.ITEM_NOT_ALLOWED]
    assert not may_close(found)


def test_evidence_is_listed_under_the_digest_it_was_handed_in_under() -> None:
    assert gaps(seen(digests={EVIDENCE: "0" * 64})) == []
    [gap] = gaps(seen(digests={EVIDENCE: "1" * 64}))
    assert (gap.code, gap.evidence_id) == (Code.EVIDENCE_DIFFERS, EVIDENCE)


def test_a_party_that_drew_nothing_has_not_signed() -> None:
    undrawn = [(author, {name: told for name, told in what.items() if name != "evidence_id"})
               if what.get("signer") == "PARTY" else (author, what) for author, what in WHOLE]  # fmt: skip
    assert codes(gaps(seen(undrawn))) == [Code.PARTY_SIGNATURE_MISSING]


@pytest.mark.parametrize(
    "content",
    [
        '{"findings":[]}',
        RECORD.replace(str(UUID(int=1)), str(UUID(int=9))),
        RECORD.replace(str(B), str(UUID(int=0xC))),
        VECTORS[1]["canonical"],
    ],
    ids=["no document", "of another inspection", "other officers", "another kind"],
)
def test_a_record_of_which_no_document_can_be_made_is_none(content: str) -> None:
    sha = sha256(content.encode()).hexdigest()
    told = [
        (author, what | {"content": content} if "content" in what else what | {"document_sha256": sha})
        if what["type"] in ("DOCUMENT", "SIGNATURE")
        else (author, what)
        for author, what in WHOLE
    ]
    assert codes(gaps(seen(told))) == [Code.RECORD_UNFIT]


def test_closing_and_answering_for_it_weeks_later_are_no_part_of_the_visit() -> None:
    operations = seen([*WHOLE, (A, {"type": "WAIVER", "gap": "—", "reason": "—"}), (A, {"type": "CLOSED"})]).operations
    assert visit(operations) == (BEGAN, BEGAN + timedelta(minutes=len(WHOLE) - 1))
    assert visit([one for one in operations if one.key == "closed"]) is None


def test_a_finding_after_the_record_makes_it_outdated() -> None:
    more = (A, {"type": "FINDING", "item": "F-02", "result": "CONFORMS"})
    assert codes(gaps(seen([*WHOLE, more]))) == [Code.RECORD_OUTDATED]


def test_two_different_outcomes_are_a_conflict_that_nobody_answers_for() -> None:
    other = (B, {"type": "OUTCOME", "outcome": "OPEN_CASE"})
    waiver = (A, {"type": "WAIVER", "gap": "CONFLICT:outcome:outcome", "reason": "—"})
    found = gaps(seen([*WHOLE[:10], other, *WHOLE[10:], waiver]))
    assert codes(found) == [Code.CONFLICT]
    assert not may_close(found)


def _changed(told: dict[str, Any]) -> list[tuple[UUID, dict[str, Any]]]:
    return [(author, told if what["type"] == told["type"] else what) for author, what in WHOLE]


def test_no_penalty_names_the_entry_of_the_list() -> None:
    for outcome in ("NO_PENALTY_FIRST_OFFENCE", "NO_PENALTY_MINOR"):
        told = {"type": "OUTCOME", "outcome": outcome}
        assert codes(gaps(seen(_changed(told)))) == [Code.NO_PENALTY_ITEM_MISSING]
        listed = _changed(told | {"list_item": "NP-1"})
        assert gaps(seen(listed, no_penalty=NO_PENALTY[OutcomeKind(outcome)])) == []
        for on_list in set(NoPenaltyKind) - {NO_PENALTY[OutcomeKind(outcome)]} | {None}:
            assert codes(gaps(seen(listed, no_penalty=on_list))) == [Code.NO_PENALTY_ITEM_UNFIT]


def test_an_order_to_correct_says_by_when() -> None:
    told = {"type": "OUTCOME", "outcome": "ORDER_TO_CORRECT"}
    assert codes(gaps(seen(_changed(told)))) == [Code.CORRECT_BY_MISSING]
    assert gaps(seen(_changed(told | {"correct_by": "2026-06-30"}))) == []


@pytest.mark.parametrize(
    ("source", "now", "missing"),
    [
        (Source.PLAN, timedelta(0), [Code.NOT_APPROVED]),
        (Source.URGENT, timedelta(hours=24), []),
        (Source.URGENT, timedelta(hours=24, microseconds=1), [Code.NOT_APPROVED]),
    ],
)
def test_an_inspection_is_approved_before_and_an_urgent_one_within_a_day(
    source: Source, now: timedelta, missing: list[Code]
) -> None:
    unapproved = replace(A_TASK, approved_at=None, source=source)
    assert codes(gaps(seen(inspection=unapproved, now=BEGAN + now))) == missing


def test_an_approval_after_the_check_began_is_late_except_for_an_urgent_one() -> None:
    joined_before = [*WHOLE[1:3], WHOLE[0], *WHOLE[3:]]  # joining is no part of the check
    for told, approved, missing in (
        (WHOLE, timedelta(microseconds=1), [Code.APPROVED_LATE]),
        (WHOLE, timedelta(0), []),
        (joined_before, timedelta(minutes=2), []),
    ):
        late = replace(A_TASK, approved_at=BEGAN + approved)
        assert codes(gaps(seen(told, inspection=late))) == missing
        assert gaps(seen(told, inspection=replace(late, source=Source.URGENT))) == []
