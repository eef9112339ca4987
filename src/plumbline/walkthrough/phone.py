"""A phone as the server sees one: a key of its own, a clock anchored to the server's, commitments and tus uploads."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import httpx
import msgspec
from joserfc import jws
from joserfc.jwk import ECKey

from plumbline.demonstration import BY_TAG
from plumbline.walkthrough.api import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plumbline.walkthrough.api import Api

PART_BYTES = 1 << 20
"""Sent in one request: as much as a phone dares to with one bar of signal."""
PLACE: dict[str, Any] = {"longitude": 114.2990, "latitude": 30.5950, "datum": "WGS84", "accuracy_metres": 12.0}
"""Where the shift is captured, unless beside a device that stands elsewhere: Jiang'an District."""
PAUSE_AFTER_CUT_SECONDS = 0.3
"""How long the phone is without a network: time for the server to notice that nothing comes any more."""
_TUS = {"Tus-Resumable": "1.0.0"}
_OCTETS = _TUS | {"Content-Type": "application/offset+octet-stream"}


class Reason(NamedTuple):
    """One reason why evidence does not count: a code to compare, a sentence to read."""

    code: str
    words: str


class Progress(NamedTuple):
    """How far an upload has come; `receipt` once it is whole."""

    offset: int
    receipt: str | None


class Verdict(NamedTuple):
    """What the server decided, and receipt 2 that came with it."""

    outcome: str
    reasons: tuple[Reason, ...]
    receipt: str


class Captured(NamedTuple):
    """Something captured, and what the phone signs about it."""

    evidence_id: str
    sha256: str
    size: int
    commitment: str


class _Anchor(NamedTuple):
    """The server's clock as this phone knows it: what it said, and when we asked and heard by our monotonic clock."""

    server_time: datetime
    asked: float
    heard: float

    def now(self) -> tuple[datetime, datetime]:
        """The earliest and the latest instant (UTC) that it can be now."""
        now = time.monotonic()
        heard, asked = (timedelta(seconds=now - then) for then in (self.heard, self.asked))
        return self.server_time + heard, self.server_time + asked


class Phone:
    """An officer signed in on a phone. Its key is made for this run and never leaves it."""

    def __init__(self, api: Api, sign_in_name: str, passwords: dict[str, str]) -> None:
        self._api = api
        self._key = ECKey.generate_key("P-256")
        asked = time.monotonic()
        phone = {"label": "plumbline walkthrough", "public_key": self._key.as_dict(private=False)}
        signed_in = api.sign_in("/mobile/v1/sign-in", sign_in_name, passwords, phone=phone)
        self._id = signed_in["phone_id"]
        self._anchor = _Anchor(datetime.fromisoformat(signed_in["server_time"]), asked, time.monotonic())

    def sign_out(self) -> None:
        self._api.call("DELETE", "/mobile/v1/sign-in")

    def capture(
        self, body: bytes, media_type: str, *, device_tag: str | None, file_name: str, key: ECKey | None = None
    ) -> Captured:
        """Captures now, under a new evidence id; signs with the phone's own key unless another is given."""
        earliest, latest = self._anchor.now()
        evidence_id, sha256 = str(uuid4()), hashlib.sha256(body).hexdigest()
        facts = {
            "evidence_id": evidence_id,
            "sha256": sha256,
            "size": len(body),
            "media_type": media_type,
            "captured_earliest": earliest,
            "captured_latest": latest,
            "place": _beside(device_tag),
            "file_name": file_name,
        }
        if device_tag is not None:
            facts["device_tag"] = device_tag
        header = {"alg": "ES256", "kid": self._id, "typ": "plumbline-commitment+jws"}
        commitment = jws.serialize_compact(header, msgspec.json.encode(facts), key or self._key)
        return Captured(evidence_id, sha256, len(body), commitment)

    def commit(self, captured: Captured) -> str:
        """Receipt 1."""
        answer = self._api.call("POST", "/mobile/v1/commitments", json={"jws": captured.commitment})
        return str(answer.json()["receipt"])

    def begin(self, captured: Captured) -> Progress:
        """Opens the upload, or finds the one that stands."""
        metadata = f"evidence_id {base64.b64encode(captured.evidence_id.encode()).decode()}"
        headers = _TUS | {"Upload-Length": str(captured.size), "Upload-Metadata": metadata}
        return _progress(self._api.call("POST", "/mobile/v1/uploads", headers=headers))

    def send(self, captured: Captured, offset: int, part: bytes) -> Progress:
        headers = _OCTETS | {"Upload-Offset": str(offset)}
        path = f"/mobile/v1/uploads/{captured.evidence_id}"
        return _progress(self._api.call("PATCH", path, headers=headers, content=part))

    def send_and_break_off(self, captured: Captured, offset: int, part: bytes) -> None:
        """Announces all of the part, sends half of it, and breaks the connection."""

        def half() -> Iterator[bytes]:
            yield part[: len(part) // 2]
            raise _NetworkLost

        headers = _OCTETS | {"Upload-Offset": str(offset), "Content-Length": str(len(part))}
        try:
            self._api.http.patch(f"/mobile/v1/uploads/{captured.evidence_id}", headers=headers, content=half())
        except _NetworkLost:
            time.sleep(PAUSE_AFTER_CUT_SECONDS)

    def ask_offset(self, captured: Captured) -> Progress:
        return _progress(self._api.call("HEAD", f"/mobile/v1/uploads/{captured.evidence_id}", headers=_TUS))

    def upload(self, captured: Captured, body: bytes, offset: int | None = None) -> Progress:
        """All bytes from `offset` on, in parts; without one the upload is begun first."""
        progress = self.begin(captured) if offset is None else Progress(offset, None)
        while progress.offset < len(body):
            progress = self.send(captured, progress.offset, body[progress.offset : progress.offset + PART_BYTES])
        return progress

    def hand_in(self, captured: Captured) -> Verdict:
        """Held evidence is answered as a refusal, and is a verdict all the same. Raises Refused for any other."""
        try:
            answer = self._api.call("POST", f"/mobile/v1/evidence/{captured.evidence_id}/submission").json()
        except Refused as refused:
            if refused.problem != "not-admissible":
                raise
            answer = refused.body
        reasons = tuple(Reason(one["code"], one["words"]) for one in answer.get("reasons", ()))
        return Verdict(answer["state"], reasons, answer["receipt"])

    def knows(self, captured: Captured) -> bool:
        """Whether the server has a commitment of ours under this id."""
        try:
            self._api.call("GET", f"/mobile/v1/evidence/{captured.evidence_id}")
        except Refused as refused:
            if refused.status != httpx.codes.NOT_FOUND:
                raise
            return False
        return True


class _NetworkLost(Exception):
    pass


def _progress(answer: httpx.Response) -> Progress:
    return Progress(int(answer.headers["Upload-Offset"]), answer.headers.get("Plumbline-Receipt"))


def _beside(device_tag: str | None) -> dict[str, Any]:
    """The phone's position: at the device, where it has a site of its own."""
    device = BY_TAG.get(device_tag or "")
    if device is None or device.place is None:
        return PLACE
    return PLACE | msgspec.structs.asdict(device.place)
