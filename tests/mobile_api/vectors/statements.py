"""What phones sign, and what the server signs for them."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from evidence.capture_time import interval_of
from evidence.commitment import WIDEST_CAPTURE
from evidence.hand_in import PROOF_TYPE
from evidence.model import DECODE_FACTS
from evidence.signing import COMMITMENT_TYPE, receipt_of_bytes, receipt_of_commitment
from inspection.model import DECODE_OPERATION, Operation
from inspection.pushing import OPERATION_TYPE
from tests.mobile_api.vectors.keys import (
    OFFICER_ID,
    OTHER_SIGNER,
    PHONE_ID,
    SIGNER,
    STRANGER,
    STRANGERS_PHONE_ID,
    base64url,
    signed,
)

ANCHORED = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)
RECEIVED = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
"""When everything of the vectors reaches the server."""
RETAINED = timedelta(days=36500)
INSPECTION_ID = UUID("0199a0b0-0000-7000-8000-0000000000e1")
PHOTOGRAPH = (Path(__file__).parent / "photograph.jpg").read_bytes()
DOCUMENT_SHA = "cd0cfe2fccfebfe8387f22e3606f6f0a419525d1e5dc9dbb18457039325aac30"
"""Of the first vector in tests/inspection/vectors/record.json."""


def an_id(number: int) -> UUID:
    return UUID(int=PHONE_ID.int + 0x1000 + number)


def evidence_id(number: int) -> UUID:
    return UUID(int=PHONE_ID.int + 0x2000 + number)


ANCHOR = SIGNER.anchor(ANCHORED, "3f6c9a0b5d1e", PHONE_ID)
READINGS: dict[str, Any] = {
    "anchor": ANCHOR,
    "asked_ms": 1000000.0,
    "heard_ms": 1000400.5,
    "captured_ms": 4600400.5,
    "counts_sleep": True,
    "restarted": False,
}
"""An hour after the answer had come."""

EACH_TYPE: list[dict[str, Any]] = [
    {"type": "BEGUN", "source": "URGENT", "uscc": "91330100799655058B", "enterprise_name": "演示餐饮店",
     "enterprise_address": "大智街道1号", "items": ["JC-001"], "checklist": "CL-01",
     "urgent_reason": "群众投诉油烟扰民"},
    {"type": "JOINED"},
    {"type": "SCANNED_IN", "code": "91330100799655058B", "manner": "QR",
     "place": {"longitude": 114.3, "latitude": 30.6, "datum": "WGS84", "accuracy_metres": 12.5}},
    {"type": "CREDENTIAL_SHOWN", "credential_no": "鄂A0001"},
    {"type": "RIGHTS_TOLD", "recusal": "NOT_ASKED"},
    {"type": "PERSON_ON_SITE", "name": "在场人", "position": "店长", "telephone": "027-00000000",
     "legal_representative": "法定代表人"},
    {"type": "HELPER", "name": "执法辅助人员", "role": "记录", "present": True},
    {"type": "FINDING", "item": "F-01", "result": "DOES_NOT_CONFORM", "note": "灶台未清洗"},
    {"type": "READING", "device_tag": "SLM-001", "quantity": "噪声", "value": "63.4", "unit": "dB(A)",
     "standing_outcome": "IN_STANDING", "standing_reasons": [], "standing_words": "声级计 SLM-001：可以使用。",
     "certificate_no": "J2026-01", "kept_only": False, "evidence_id": evidence_id(1)},
    {"type": "EVIDENCE", "evidence_id": evidence_id(1), "sha256": hashlib.sha256(PHOTOGRAPH).hexdigest(),
     "size": len(PHOTOGRAPH), "media_type": "image/jpeg", "shows": "油烟口", "item": "F-01",
     "kind": "PHOTO"},
    {"type": "STATEMENT", "text": "无异议"},
    {"type": "OUTCOME", "outcome": "ORDER_TO_CORRECT", "correct_by": "2026-06-30", "note": "责令改正"},
    {"type": "CAP", "counts": False, "reason": "投诉核查，不计入年度频次"},
    {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": "{}"},
    {"type": "SIGNATURE", "document_sha256": DOCUMENT_SHA, "signer": "OFFICER"},
    {"type": "REFUSAL", "document_sha256": DOCUMENT_SHA, "reason": "拒绝签字", "witness_name": "见证人",
     "witness_contact": "居委会"},
    {"type": "WAIVER", "gap": "PARTY_SIGNATURE_MISSING", "reason": "当事人拒绝签字，有见证人"},
    {"type": "CLOSED"},
]  # fmt: skip


def an_operation(number: int, what: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": an_id(number),
        "inspection_id": INSPECTION_ID,
        "replaces": [],
        "earliest": datetime(2026, 6, 15, 2, 0, tzinfo=UTC),
        "latest": datetime(2026, 6, 15, 2, 0, 1, tzinfo=UTC),
    } | {name: value for name, value in (more | {"what": what}).items() if value is not ...}


def operations() -> list[dict[str, Any]]:
    """operations.json: pushed in this order, each alone, to a server that knows the phone."""
    taken = [_taken(what["type"], an_operation(number, what)) for number, what in enumerate(EACH_TYPE)]
    finding = {"type": "FINDING", "item": "F-02", "result": "CONFORMS"}
    early, late = datetime(2026, 6, 14, 22, 0, tzinfo=UTC), datetime(2026, 6, 15, 2, 0, 0, 200000, tzinfo=UTC)
    with_clock = an_operation(101, finding, clock=READINGS, earliest=late, latest=late)
    taken += [
        _taken("by the phone's clock, within what its readings allow", with_clock),
        _taken(
            "by the phone's clock, three hours slow: the readings decide",
            with_clock | {"id": an_id(102), "earliest": early, "latest": early},
        ),
        _taken(
            "replaces what was told before",
            an_operation(103, finding | {"result": "NOT_APPLICABLE"}, replaces=[an_id(101), an_id(102)]),
        ),
        _taken("without replaces, which is an empty list then", an_operation(104, finding, replaces=...)),
    ]
    again = {"name": "sent again", "jws": taken[1]["jws"], "result": "KNOWN"}
    signed_anew = signed(an_operation(1, EACH_TYPE[1]), OPERATION_TYPE, cty="json")
    told_otherwise = an_operation(1, finding)
    reversed_ = an_operation(120, finding, latest=datetime(2026, 6, 15, 1, 59, tzinfo=UTC))
    foreign = READINGS | {"anchor": OTHER_SIGNER.anchor(ANCHORED, "3f6c9a0b5d1e", PHONE_ID)}
    cut, at = signed(an_operation(121, finding), OPERATION_TYPE), signed(an_operation(122, finding), OPERATION_TYPE)
    header, _, signature = cut.split(".")
    plain = f"{base64url(msgspec.json.encode({'alg': 'none', 'kid': PHONE_ID, 'typ': OPERATION_TYPE}))}."
    refused = [
        ("another content under an id", signed(told_otherwise, OPERATION_TYPE), "operation-conflicts", None),
        ("no JWS at all", "no JWS at all", "operation-not-signed", "operations"),
        ("signed by another key", signed(an_operation(123, finding), OPERATION_TYPE, key=STRANGER),
         "operation-not-signed", "operations"),
        ("a phone that nobody enrolled",
         signed(an_operation(124, finding), OPERATION_TYPE, key=STRANGER, kid=STRANGERS_PHONE_ID),
         "operation-not-signed", "operations"),
        ("typ of a commitment", signed(an_operation(125, finding), COMMITMENT_TYPE), "operation-not-signed",
         "operations"),
        ("a DER signature", signed(an_operation(126, finding), OPERATION_TYPE, as_der=True), "operation-not-signed",
         "operations"),
        ("alg none", f"{plain}{cut.split('.')[1]}.", "operation-not-signed", "operations"),
        ("payload changed after it was signed", f"{header}.{at.split('.')[1]}.{signature}", "operation-not-signed",
         "operations"),
        ("a type that there is not", signed(an_operation(127, {"type": "UNHEARD_OF"}), OPERATION_TYPE), "malformed",
         "what.type"),
        ("a member that there is not", signed(an_operation(128, finding | {"colour": "red"}), OPERATION_TYPE),
         "malformed", "what.colour"),
        ("a member missing", signed(an_operation(129, {"type": "FINDING"}), OPERATION_TYPE), "malformed",
         "what.item"),
        ("null for a member that is not told",
         signed(an_operation(130, finding | {"note": None}), OPERATION_TYPE), "malformed", "what.note"),
        ("an instant without offset", signed(an_operation(131, finding, earliest="2026-06-15T02:00:00"),
         OPERATION_TYPE), "malformed", "earliest"),
        ("latest before earliest", signed(reversed_, OPERATION_TYPE), "operation-time-reversed", "latest"),
        ("an anchor of somebody else's server", signed(an_operation(132, finding, clock=foreign), OPERATION_TYPE),
         "clock-readings-refused", "clock.anchor"),
        ("a NUL in a text", signed(an_operation(133, finding | {"note": "a\0b"}), OPERATION_TYPE), "malformed", "what"),
        ("a credit code that does not check",
         signed(an_operation(134, {"type": "BEGUN", "source": "PLAN", "uscc": "91330100799655058C"}), OPERATION_TYPE),
         "credit-code-unfit", "what.uscc"),
    ]  # fmt: skip
    return [
        *taken,
        again,
        {"name": "the same payload signed anew", "jws": signed_anew, "result": "KNOWN"},
        *(
            {"name": name, "jws": jws, "result": "REFUSED", "problem": problem, "field": field}
            for name, jws, problem, field in refused
        ),
    ]


def _taken(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    told = DECODE_OPERATION.decode(msgspec.json.encode(payload))
    operation = Operation(
        id=told.id, inspection_id=told.inspection_id, author=OFFICER_ID, phone=PHONE_ID, replaces=frozenset(),
        earliest=told.earliest, latest=told.latest, what=told.what,
    )  # fmt: skip
    kept = (told.earliest, told.latest)
    if told.clock:
        derived = interval_of(ANCHORED, told.clock, RECEIVED)
        inside = told.latest >= derived[0] and told.earliest <= derived[1]
        kept = (max(kept[0], derived[0]), min(kept[1], derived[1])) if inside else derived
    return {
        "name": name,
        "payload": payload,
        "jws": signed(payload, OPERATION_TYPE),
        "result": "RECORDED",
        "key": operation.key,
        "kept": {"earliest": kept[0], "latest": kept[1]},
    }


def facts(number: int, **more: Any) -> dict[str, Any]:
    told = {
        "evidence_id": evidence_id(number),
        "sha256": hashlib.sha256(PHOTOGRAPH).hexdigest(),
        "size": len(PHOTOGRAPH),
        "media_type": "image/jpeg",
        "captured_earliest": datetime(2026, 6, 15, 2, 0, tzinfo=UTC),
        "captured_latest": datetime(2026, 6, 15, 2, 0, 1, tzinfo=UTC),
    } | more
    return {name: value for name, value in told.items() if value is not ...}


def commitments() -> list[dict[str, Any]]:
    """commitments.json: sent in this order to a server that knows the phone, at the instant RECEIVED."""
    everything = facts(
        3, clock=READINGS, device_tag="SLM-001", file_name="IMG_0001.JPG", note="店门口", item="JC-001",
        place={"longitude": 114.3, "latitude": 30.6, "datum": "GCJ02"}, inspection_id=INSPECTION_ID,
    )  # fmt: skip
    wide = facts(4, captured_latest=datetime(2026, 6, 15, 2, 0, tzinfo=UTC) + WIDEST_CAPTURE + timedelta(seconds=1))
    backwards = READINGS | {"captured_ms": READINGS["heard_ms"] - 1}
    anothers = READINGS | {"anchor": SIGNER.anchor(ANCHORED, "3f6c9a0b5d1e", STRANGERS_PHONE_ID)}
    refused = [
        ("another fact under the id", facts(1, note="另一张"), "commitment-conflicts", None),
        ("wider than two days", wide, "capture-time-reversed", "captured_earliest"),
        ("latest before earliest", facts(5, captured_latest=ANCHORED), "capture-time-reversed", "captured_latest"),
        ("readings run backwards", facts(6, clock=backwards), "clock-readings-refused", "clock.captured_ms"),
        ("an anchor of another phone", facts(7, clock=anothers), "clock-readings-refused", "clock.anchor"),
        ("digest in capitals", facts(8, sha256="A" * 64), "malformed", "sha256"),
        ("size missing", facts(9, size=...), "malformed", "size"),
    ]
    taken = [("the least there is", facts(1)), ("with everything", everything)]
    return [
        *({"name": name, "payload": told, "jws": signed(told, COMMITMENT_TYPE), "status": 201,
           "receipt": receipt_1(told)} for name, told in taken),
        {"name": "sent again", "jws": signed(facts(1), COMMITMENT_TYPE), "status": 200, "receipt": receipt_1(facts(1))},
        *({"name": name, "jws": signed(told, COMMITMENT_TYPE), "problem": problem, "field": field}
          for name, told, problem, field in refused),
        {"name": "signed by another key", "jws": signed(facts(2), COMMITMENT_TYPE, key=STRANGER),
         "problem": "commitment-not-signed", "field": "jws"},
        {"name": "typ of an operation", "jws": signed(facts(2), OPERATION_TYPE), "problem": "commitment-not-signed",
         "field": "jws"},
    ]  # fmt: skip


def receipt_1(told: dict[str, Any]) -> str:
    committed = DECODE_FACTS.decode(msgspec.json.encode(told))
    return SIGNER.sign(receipt_of_commitment(committed, OFFICER_ID, RECEIVED))


def receipt_2(outcome: str = "ADMITTED", **more: Any) -> dict[str, Any]:
    sha256 = hashlib.sha256(PHOTOGRAPH).digest()
    return receipt_of_bytes(evidence_id(1), sha256, len(PHOTOGRAPH), outcome, RECEIVED + RETAINED, RECEIVED) | more


def evidence() -> dict[str, Any]:
    """evidence.json: one photograph from its commitment to receipt 2."""
    return {
        "file": base64.b64encode(PHOTOGRAPH).decode(),
        "facts": facts(1),
        "commitment": signed(facts(1), COMMITMENT_TYPE),
        "receipt_1": receipt_1(facts(1)),
        "upload_metadata": f"evidence_id {base64.b64encode(str(evidence_id(1)).encode()).decode()}",
        "outcome": "ADMITTED",
        "receipt_2": SIGNER.sign(receipt_2()),
        "receipt_2_payload": receipt_2(),
    }


def receipts() -> list[dict[str, Any]]:
    """receipts.json: may the phone wipe the file of evidence.json, once it has this?"""
    good = SIGNER.sign(receipt_2())
    header, payload, _ = good.split(".")
    other = SIGNER.sign(receipt_2(size=len(PHOTOGRAPH) + 1))
    cases = [
        ("receipt 2, admitted", good, True),
        ("receipt 2, held: kept as well", SIGNER.sign(receipt_2("HELD")), True),
        ("receipt 1: only the facts are there", receipt_1(facts(1)), False),
        ("signed by a key that is not published", OTHER_SIGNER.sign(receipt_2()), False),
        ("signature of something else", f"{header}.{payload}.{other.split('.')[2]}", False),
        ("of another file", SIGNER.sign(receipt_2(evidence_id=evidence_id(2))), False),
        ("with another digest", SIGNER.sign(receipt_2(sha256="0" * 64)), False),
        ("with another size", other, False),
        ("typ of a time anchor", SIGNER.sign(receipt_2(), "plumbline-time+jws"), False),
        ("no signature", f"{header}.{payload}.", False),
        ("no JWS at all", "no JWS at all", False),
    ]
    return [{"name": name, "receipt": receipt, "may_wipe": may_wipe} for name, receipt, may_wipe in cases]


def hand_in() -> dict[str, Any]:
    """hand_in.json: a proof as a phone signs it. Its challenge is too old for any server."""
    challenge = SIGNER.sign({"at": ANCHORED, "nonce": "q3mC1yQ5cV0J3J7n5mQp0u0S8m0tq0Zk"}, "plumbline-challenge+jws")
    return {
        "challenge": challenge,
        "payload": {"challenge": challenge},
        "proof": signed({"challenge": challenge}, PROOF_TYPE),
    }
