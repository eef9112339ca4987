"""What a phone reckons for itself: intervals, what holds of an inspection, lights, check digits."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from agency.identifiers import credit_code, id_number, scanned_enterprise
from device_registry.scanning import tag_of
from evidence.capture_time import derived
from evidence.model import Readings
from evidence.problems import ClockReadingsRefused
from inspection.model import Operation, Told
from inspection.rules.merging import conflicts, merged
from mobile_api.standing_list import LIST_TYPE, Entry, written
from tests.mobile_api.vectors.keys import OTHER_SIGNER, PHONE_ID, SIGNER, STRANGERS_PHONE_ID
from tests.mobile_api.vectors.statements import ANCHORED, READINGS

HOUR_MS, DAY_MS = 3_600_000.0, 86_400_000.0
A, B = UUID(int=0xA), UUID(int=0xB)


def intervals() -> list[dict[str, Any]]:
    """intervals.json: what the server makes of readings when it first hears of the capture."""
    later = ANCHORED + timedelta(days=40)
    heard = READINGS["heard_ms"]
    cases: list[tuple[str, dict[str, Any], datetime]] = [
        ("at once", {"captured_ms": heard}, later),
        ("an hour later", {}, later),
        ("thirty days later", {"captured_ms": heard + 30 * DAY_MS}, later),
        ("heard of before the clock allows", {}, ANCHORED + timedelta(hours=1)),
        ("a clock that stands still in sleep", {"counts_sleep": False}, later),
        ("a restart in between", {"restarted": True}, later),
        ("a restart, and a clock that stands still", {"restarted": True, "counts_sleep": False}, later),
        ("heard of before the earliest that the clock allows", {}, ANCHORED + timedelta(minutes=59)),
        ("the answer took a minute", {"heard_ms": READINGS["asked_ms"] + 60_000}, later),
        ("readings with fractions", {"captured_ms": heard + 1234.567891}, later),
        ("another phone's anchor", {"anchor": SIGNER.anchor(ANCHORED, "3f6c9a0b", STRANGERS_PHONE_ID)}, later),
        ("another server's anchor", {"anchor": OTHER_SIGNER.anchor(ANCHORED, "3f6c9a0b", PHONE_ID)}, later),
        ("a receipt for an anchor", {"anchor": SIGNER.sign({"at": ANCHORED})}, later),
        ("heard before it asked", {"heard_ms": READINGS["asked_ms"] - 1}, later),
        ("captured before it heard", {"captured_ms": heard - 0.5}, later),
    ]
    return [_interval(name, READINGS | changed, heard_of) for name, changed, heard_of in cases]


def _interval(name: str, told: dict[str, Any], first_heard: datetime) -> dict[str, Any]:
    vector = {"name": name, "phone_id": PHONE_ID, "clock": told, "first_heard": first_heard}
    try:
        earliest, latest = derived(SIGNER, msgspec.convert(told, Readings), PHONE_ID, first_heard)
    except ClockReadingsRefused as refused:
        return vector | {"problem": refused.slug, "field": refused.field}
    return vector | {"earliest": earliest, "latest": latest}


def _told(number: int, what: dict[str, Any], *replaces: int, author: UUID = A) -> dict[str, Any]:
    at = datetime(2026, 6, 15, 2, 0, tzinfo=UTC) + timedelta(minutes=number)
    return {
        "id": UUID(int=number), "author": author, "phone": UUID(int=author.int + 0x100),
        "replaces": [UUID(int=one) for one in replaces], "earliest": at, "latest": at, "what": what,
    }  # fmt: skip


def _finding(**told: str) -> dict[str, Any]:
    return {"type": "FINDING", "item": "F-01"} | told


def merges() -> list[dict[str, Any]]:
    """merge.json: operations, as a pull tells them, and what holds."""
    yes, no = _finding(result="CONFORMS"), _finding(result="DOES_NOT_CONFORM")
    sha = "0" * 64
    histories: dict[str, list[dict[str, Any]]] = {
        "one finding": [_told(1, yes)],
        "a later one that saw the earlier": [_told(1, yes), _told(2, no, 1)],
        "two that did not see each other": [_told(1, yes), _told(2, no, author=B)],
        "two that told the same": [_told(2, yes, author=B), _told(1, yes)],
        "two members told apart": [_told(1, yes), _told(2, _finding(note="灶台已清洗"), author=B)],
        "only the member that is told is replaced": [_told(1, yes | {"note": "甲"}), _told(2, _finding(note="乙"), 1)],
        "settled by one that saw both": [_told(1, yes), _told(2, no, author=B), _told(3, no, 1, 2)],
        "settled, and told otherwise again meanwhile": [
            _told(1, yes), _told(2, no, author=B), _told(3, no, 1, 2), _told(4, yes, 1, author=B),
        ],
        "what is replaced by itself stands": [_told(1, yes, 1)],
        "what is replaced under another key stands": [_told(1, yes), _told(2, no | {"item": "F-02"}, 1)],
        "an unknown one replaced": [_told(2, no, 1)],
        "in any order of arrival": [_told(3, no, 1, 2), _told(2, no, author=B), _told(1, yes)],
        "each officer's own": [
            _told(1, {"type": "JOINED"}), _told(2, {"type": "JOINED"}, author=B),
            _told(3, {"type": "SIGNATURE", "document_sha256": sha, "signer": "OFFICER"}),
            _told(4, {"type": "SIGNATURE", "document_sha256": sha, "signer": "OFFICER"}, author=B),
            _told(5, {"type": "SIGNATURE", "document_sha256": sha, "signer": "PARTY", "name": "在场人"}),
        ],
        "values are compared as JSON": [
            _told(1, {"type": "SCANNED_IN", "code": "c", "place": {"longitude": 114.3, "latitude": 30.6,
                                                                  "datum": "WGS84", "accuracy_metres": None}}),
            _told(2, {"type": "SCANNED_IN", "code": "c", "place": {"datum": "WGS84", "latitude": 30.6,
                                                                  "longitude": 114.3, "accuracy_metres": None}},
                  author=B),
            _told(3, {"type": "BEGUN", "source": "URGENT", "items": ["a", "b"]}),
            _told(4, {"type": "BEGUN", "source": "URGENT", "items": ["b", "a"]}, author=B),
        ],
        "readings never meet": [
            _told(number, {"type": "READING", "device_tag": "SLM-001", "quantity": "噪声", "value": "63.4",
                           "unit": "dB(A)"}) for number in (1, 2)
        ],
    }  # fmt: skip
    return [_merge(name, history) for name, history in histories.items()]


def _merge(name: str, history: list[dict[str, Any]]) -> dict[str, Any]:
    operations = [
        Operation(
            id=one["id"], inspection_id=UUID(int=1), author=one["author"], phone=one["phone"],
            replaces=frozenset(one["replaces"]), earliest=one["earliest"], latest=one["latest"],
            what=msgspec.convert(one["what"], Told),
        )
        for one in history
    ]  # fmt: skip
    fields = merged(operations)
    keys = [operation.key for operation in operations]
    return {"name": name, "operations": history, "keys": keys, "fields": fields, "conflicts": conflicts(fields)}


KINDS = {"SLM": ("声级计", "Sound level meter"), "SRF": ("噪声自动监测系统", "Noise monitoring system")}
STAGES: dict[str, list[Any]] = {
    "SLM-001": [[None, []], ["2027-01-09T16:00:00Z", [{"reason": "VERIFICATION_OVERDUE", "document_no": "J2026-01"}]]],
    "SLM-002": [[None, [{"reason": "VERIFICATION_OVERDUE", "document_no": "J2025-07", "valid_until": "2026-05-31"}]]],
    "SLM-003": [[None, [{"reason": "NEVER_VERIFIED"}, {"reason": "DEVICE_NOT_IN_SERVICE"}]]],
    "SRF-004": [
        [None, [{"reason": "SITE_NOT_ANNOUNCED", "usable_from": "2026-07-01"}]],
        ["2026-06-30T16:00:00Z", []],
    ],
    "桥北 5": [[None, [{"reason": "DEVICE_SUSPENDED", "occurred_at": "2026-06-01T01:00:00Z", "automatic": True}]]],
}


def standings() -> dict[str, Any]:
    """standings.json: a signed list, and what a phone answers from it."""
    entries = [
        Entry("1", tag, KINDS[tag[:3]] if tag[:3] in KINDS else KINDS["SRF"], msgspec.Raw(msgspec.json.encode(stages)))
        for tag, stages in STAGES.items()
    ]
    body = written(entries, datetime(2026, 6, 15, 4, 0, tzinfo=UTC))
    signature = SIGNER.sign_detached(body, LIST_TYPE)
    day = "2026-06-15T04:00:00Z"
    overdue = {"reason": "VERIFICATION_OVERDUE", "valid_until": "2027-01-09"}
    cases: list[tuple[str, str, str, list[dict[str, Any]]]] = [
        ("SLM-001", day, "green", []),
        ("SLM-001", "2027-01-09T15:59:59.999Z", "green", []),
        ("SLM-001", "2027-01-09T16:00:00Z", "red", [overdue | {"days_overdue": 1}]),
        ("SLM-001", "2027-01-31T15:59:59Z", "red", [overdue | {"days_overdue": 22}]),
        ("SLM-002", day, "red", [{"reason": "VERIFICATION_OVERDUE", "valid_until": "2026-05-31", "days_overdue": 15}]),
        ("SLM-003", day, "red", [{"reason": "NEVER_VERIFIED"}, {"reason": "DEVICE_NOT_IN_SERVICE"}]),
        ("SRF-004", day, "red", [{"reason": "SITE_NOT_ANNOUNCED"}]),
        ("SRF-004", "2026-06-30T16:00:00Z", "green", []),
        ("plumbline:device:SLM-001", day, "green", []),
        ("https://plumbline.example/d/%E6%A1%A5%E5%8C%97%205?from=label", day, "red", [{"reason": "DEVICE_SUSPENDED"}]),
        ("SLM-999", day, "amber", [{"reason": "DEVICE_UNKNOWN"}]),
    ]
    header, _, rest = signature.partition("..")
    wrong = [
        ("the body changed", body.replace(b'"SLM-003"', b'"SLM-333"'), signature),
        ("another server's signature", body, OTHER_SIGNER.sign_detached(body, LIST_TYPE)),
        ("another typ", body, SIGNER.sign_detached(body, "plumbline-other+jws")),
        ("no signature", body, f"{header}.."),
        ("a signature cut short", body, f"{header}..{rest[:-4]}"),
    ]
    return {
        "body": body.decode(),
        "signature": signature,
        "cases": [{"said": said, "at": at, "light": light, "reasons": why} for said, at, light, why in cases],
        "not_to_be_used": [{"name": name, "body": other.decode(), "signature": by} for name, other, by in wrong],
    }


def codes() -> dict[str, Any]:
    """codes.json: check digits, and what is read from QR codes."""
    licences = ["91330100799655058B", "9144030071526726XG", " 91330100 799655058b\n", "91330100799655058C",
                "91330100799655O58B", "9133010079965505B", "92420102MADEM00114"]  # fmt: skip
    today = date(2026, 6, 15)
    people = ["11010519491231002X", "11010519491231002x", "110105194912310021", "440524188001010014",
              "44052418800101001X", "110105209912310026", "110105194902300024"]  # fmt: skip
    scanned = ["91330100799655058B", "统一社会信用代码：91330100799655058B；名称：某店", "https://example.org/s?code=WH-0042",
               "https://example.org/shop/91330100799655058b", "https://example.org/shop/WH-0042/",
               "91330100799655058B 9144030071526726XG", "X91330100799655058B", "WH-0042"]  # fmt: skip
    said = ["SLM-001", "plumbline:device:SLM-001", "PLUMBLINE:DEVICE:%E6%A1%A5%E5%8C%97%205",
            "https://plumbline.example/d/SLM-001", "https://plumbline.example/base/d/SLM-001/?x=1#y",
            "https://plumbline.example/elsewhere/SLM-001"]  # fmt: skip
    return {
        "credit_codes": [{"text": text, "code": credit_code(text)} for text in licences],
        "id_numbers": [{"text": text, "today": today, "number": id_number(text, today)} for text in people],
        "enterprises": [{"text": text, **msgspec.to_builtins(scanned_enterprise(text))} for text in scanned],
        "devices": [{"text": text, "tag": tag_of(text)} for text in said],
    }
