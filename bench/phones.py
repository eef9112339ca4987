"""A phone as the API sees it: signed in once, commitments signed before the clock runs, then HTTP alone."""

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import aiohttp
import msgspec
from joserfc import jws
from joserfc.jwk import ECKey

from bench.captures import Capture
from plumbline.seed import SeededPerson

SLICE_BYTES = 1 << 18
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = TUS | {"Content-Type": "application/offset+octet-stream"}


class Phone(NamedTuple):
    """`key` never leaves it; `headers` carry its token."""

    phone_id: str
    key: ECKey
    headers: dict[str, str]


class Evidence(NamedTuple):
    """A capture with everything prepared that a phone would have ready before it has a network."""

    capture: Capture
    evidence_id: str
    commitment: bytes
    creation: dict[str, str]


async def sign_in(session: aiohttp.ClientSession, url: str, person: SeededPerson, label: str) -> Phone:
    key = ECKey.generate_key("P-256")
    body = {
        "sign_in_name": person.sign_in_name,
        "password": person.password,
        "phone": {"label": label, "public_key": key.as_dict(private=False)},
    }
    async with session.post(f"{url}/mobile/v1/sign-in", json=body) as answer:
        answer.raise_for_status()
        told = await answer.json()
    return Phone(told["phone_id"], key, {"Authorization": f"Bearer {told['token']}"})


def prepared(phone: Phone, capture: Capture, device_tag: str) -> Evidence:
    """Captured just now, with the device."""
    evidence_id, now = str(uuid4()), datetime.now(UTC)
    facts = {
        "evidence_id": evidence_id,
        "sha256": capture.sha256,
        "size": capture.size,
        "media_type": capture.media_type,
        "captured_earliest": now,
        "captured_latest": now,
        "device_tag": device_tag,
    }
    header = {"alg": "ES256", "kid": phone.phone_id, "typ": "plumbline-commitment+jws"}
    signed = jws.serialize_compact(header, msgspec.json.encode(facts), phone.key)
    metadata = "evidence_id " + base64.b64encode(evidence_id.encode()).decode()
    creation = {"Upload-Length": str(capture.size), "Upload-Metadata": metadata}
    return Evidence(capture, evidence_id, msgspec.json.encode({"jws": signed}), creation)


async def commit(session: aiohttp.ClientSession, url: str, phone: Phone, evidence: Evidence) -> None:
    headers = phone.headers | {"Content-Type": "application/json"}
    async with session.post(f"{url}/mobile/v1/commitments", data=evidence.commitment, headers=headers) as answer:
        await _expect(answer, 201)


async def upload_at_once(session: aiohttp.ClientSession, url: str, phone: Phone, evidence: Evidence) -> None:
    """The whole file with the creation of its upload; over when the receipt is here."""
    size = {"Content-Length": str(evidence.capture.size)}
    headers = phone.headers | OCTETS | evidence.creation | size
    async with session.post(
        f"{url}/mobile/v1/uploads", data=sliced(evidence.capture.pieces), headers=headers
    ) as answer:
        await _expect(answer, 201)
        _check_receipt(answer)


async def upload_in_chunks(session: aiohttp.ClientSession, url: str, phone: Phone, evidence: Evidence) -> None:
    """Creation, then one PATCH a piece; over when the receipt is here."""
    async with session.post(f"{url}/mobile/v1/uploads", headers=phone.headers | TUS | evidence.creation) as answer:
        await _expect(answer, 201)
        place = url + answer.headers["Location"]
    at = 0
    for piece in evidence.capture.pieces:
        headers = phone.headers | OCTETS | {"Upload-Offset": str(at), "Content-Length": str(len(piece))}
        async with session.patch(place, data=sliced([piece]), headers=headers) as answer:
            await _expect(answer, 204)
        at += len(piece)
    _check_receipt(answer)


async def submit(session: aiohttp.ClientSession, url: str, phone: Phone, evidence: Evidence) -> None:
    async with session.post(
        f"{url}/mobile/v1/evidence/{evidence.evidence_id}/submission", headers=phone.headers
    ) as answer:
        await _expect(answer, 200)


async def sliced(pieces: Sequence[bytes]) -> AsyncIterator[memoryview]:
    """Views, so that sending copies nothing here; small, so that clients take turns. Used by every contender."""
    for piece in pieces:
        view = memoryview(piece)
        for at in range(0, len(view), SLICE_BYTES):
            yield view[at : at + SLICE_BYTES]


async def _expect(answer: aiohttp.ClientResponse, status: int) -> None:
    body = await answer.read()
    if answer.status != status:
        raise RuntimeError(f"{answer.method} {answer.url.path}: {answer.status} {body[:500]!r}")


def _check_receipt(answer: aiohttp.ClientResponse) -> None:
    """Speed for evidence that was held, or not acknowledged, would be no speed at all."""
    outcome, receipt = answer.headers.get("Plumbline-Outcome"), answer.headers.get("Plumbline-Receipt")
    if outcome != "ADMITTED" or not receipt:
        raise RuntimeError(f"outcome {outcome}, receipt {receipt}")
