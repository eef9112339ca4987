"""What officers told and photographed before they came back: signed, stored, nothing of it sent."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import msgspec
from joserfc import jws

from plumbline.phone_simulator.store import Photograph, Store, digest, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plumbline.phone_simulator.officers import SimulatedOfficer
    from plumbline.phone_simulator.plan import Plan

POINTS = 6
"""Findings of an inspection."""
USCC = "92420102MADEM00114"


class Anchor(NamedTuple):
    """The server's signed time, and the phone's monotonic clock around it, in milliseconds."""

    server_time: datetime
    jws: str
    asked_ms: float
    heard_ms: float

    def now(self) -> tuple[datetime, datetime, dict[str, Any]]:
        """The earliest and the latest that it can be, and the readings from which the server derives it."""
        captured = monotonic_ms()
        earliest = self.server_time + timedelta(milliseconds=captured - self.heard_ms)
        latest = self.server_time + timedelta(milliseconds=captured - self.asked_ms)
        readings = {
            "anchor": self.jws,
            "asked_ms": self.asked_ms,
            "heard_ms": self.heard_ms,
            "captured_ms": captured,
            "counts_sleep": True,
            "restarted": False,
        }
        return earliest, latest, readings


def monotonic_ms() -> float:
    return time.monotonic() * 1000


def work(officer: SimulatedOfficer, store: Store, anchor: Anchor, plan: Plan, number: int) -> list[str]:
    """A shift of one phone, put into its store; the ids of the inspections that it led."""
    led = [str(uuid4()) for _ in range(plan.inspections)]
    for index in range(plan.photographs):
        store.photographs.append(_photographed(officer, anchor, plan, number * plan.photographs + index))
    for index, inspection_id in enumerate(led):
        mine = store.photographs[index :: plan.inspections]
        for what in _led(officer, mine):
            tell(officer, store, anchor, inspection_id, what)
    return led


def join(officer: SimulatedOfficer, store: Store, anchor: Anchor, inspection_ids: list[str]) -> None:
    """The second officer's part, told on a phone of their own; one finding differs from the first officer's."""
    for inspection_id in inspection_ids:
        for what in (
            {"type": "JOINED"},
            {"type": "CREDENTIAL_SHOWN", "credential_no": officer.credential_no},
            {"type": "FINDING", "item": "F-01", "result": "DOES_NOT_CONFORM"},
        ):
            tell(officer, store, anchor, inspection_id, what)


def tell(officer: SimulatedOfficer, store: Store, anchor: Anchor, inspection_id: str, what: dict[str, Any]) -> None:
    """One operation, signed and stored."""
    earliest, latest, readings = anchor.now()
    id_ = str(uuid4())
    operation = {
        "id": id_,
        "inspection_id": inspection_id,
        "replaces": [],
        "earliest": earliest,
        "latest": latest,
        "clock": readings,
        "what": what,
    }
    store.told[id_] = inspection_id
    store.waiting[id_] = signed(officer, "plumbline-operation+jws", operation)


def _led(officer: SimulatedOfficer, photographs: list[Photograph]) -> Iterator[dict[str, Any]]:
    yield {"type": "BEGUN", "source": "COMPLAINT", "uscc": USCC, "enterprise_name": "模拟餐饮店"}
    yield {"type": "JOINED"}
    yield {"type": "SCANNED_IN", "code": USCC, "manner": "TYPED"}
    yield {"type": "CREDENTIAL_SHOWN", "credential_no": officer.credential_no}
    yield {"type": "RIGHTS_TOLD", "recusal": "NOT_ASKED"}
    yield {"type": "PERSON_ON_SITE", "name": "模拟在场人", "position": "店长"}
    for point in range(1, POINTS + 1):
        yield {"type": "FINDING", "item": f"F-{point:02}", "result": "CONFORMS"}
    for one in photographs:
        yield {
            "type": "EVIDENCE",
            "evidence_id": one.evidence_id,
            "sha256": one.sha256,
            "size": one.size,
            "media_type": "image/jpeg",
        }
    yield {"type": "STATEMENT", "text": "无异议"}
    yield {"type": "OUTCOME", "outcome": "PASS"}
    yield {"type": "CAP", "counts": True}


def _photographed(officer: SimulatedOfficer, anchor: Anchor, plan: Plan, number: int) -> Photograph:
    earliest, latest, readings = anchor.now()
    body = picture(plan.seed, number, plan.photograph_bytes)
    evidence_id, sha256 = str(uuid4()), digest(body)
    facts = {
        "evidence_id": evidence_id,
        "sha256": sha256,
        "size": len(body),
        "media_type": "image/jpeg",
        "captured_earliest": earliest,
        "captured_latest": latest,
        "clock": readings,
    }
    commitment = signed(officer, "plumbline-commitment+jws", facts)
    return Photograph(evidence_id, plan.seed, number, len(body), sha256, commitment)


def signed(officer: SimulatedOfficer, kind: str, payload: dict[str, Any]) -> str:
    """A JWS of that `typ` by the key in the officer's phone."""
    header = {"alg": "ES256", "kid": str(officer.phone_id), "typ": kind}
    return jws.serialize_compact(header, msgspec.json.encode(payload), officer.key)


def anchored(told: dict[str, Any], asked_ms: float, heard_ms: float) -> Anchor:
    """From the answer of `GET /mobile/v1/time`."""
    return Anchor(datetime.fromisoformat(told["server_time"]).astimezone(UTC), told["anchor"], asked_ms, heard_ms)
