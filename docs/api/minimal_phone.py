"""The least that a phone has to do: one inspection by two officers with one photograph, until it may be wiped.

    python minimal_phone.py http://127.0.0.1:8000 officer-a PASSWORD officer-b PASSWORD photograph.jpg

Python's standard library and `cryptography`, nothing of Plumbline's: written by docs/api/phone.md alone.
"""

import base64
import hashlib
import json
import random
import secrets
import sys
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = TUS | {"Content-Type": "application/offset+octet-stream"}
PART = 256 * 1024
PAUSES = (2, 5, 15, 30, 60)


class Refused(Exception):
    def __init__(self, problem):
        super().__init__(f"{problem.get('type')}: {problem.get('detail')}")
        self.problem = problem


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        """Only a portal leads elsewhere."""


class Server:
    """Knows when it is not the server that answers, and asks again where that helps."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.last_body = b""
        self._open = urllib.request.build_opener(NoRedirect).open

    def call(self, method, path, *, token=None, told=None, body=None, headers=None):
        """(headers, JSON or None). Raises Refused."""
        for pause in PAUSES:  # a real phone goes on for ever
            try:
                return self._once(method, path, token, told, body, headers or {})
            except OSError as gone:
                print(f"  no network ({gone}), again in {pause} s")
                time.sleep(pause * random.uniform(0.5, 1.5))
        return self._once(method, path, token, told, body, headers or {})

    def _once(self, method, path, token, told, body, headers):
        sent = {"Accept-Language": "en", **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if told is not None:
            body, sent["Content-Type"] = json.dumps(told).encode(), "application/json"
        request = urllib.request.Request(self.url + path, body, sent, method=method)
        try:
            with self._open(request, timeout=60) as answer:
                status, found, content = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, found, content = error.code, error.headers, error.read()
        kind = (found.get("Content-Type") or "").partition(";")[0]
        if not (
            status in (204, 304) or kind in ("application/json", "application/problem+json") or "Tus-Resumable" in found
        ):
            raise ConnectionError("somebody else answers")
        if status in (429, 500, 502, 503, 504):
            time.sleep(float(found.get("Retry-After") or 0))
            raise ConnectionError(f"status {status}")
        self.last_body = content
        parsed = json.loads(content) if content and kind.endswith("json") else None
        if status >= 400:
            raise Refused(parsed or {"type": f"/problems/{status}", "detail": ""})
        return found, parsed


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def monotonic_ms():
    return time.monotonic() * 1000


class Phone:
    """One officer's key. What is kept between two starts of a real phone: key, phone_id, anchor, all that is made."""

    def __init__(self, server, name, password):
        self.server = server
        self.key = ec.generate_private_key(ec.SECP256R1())
        point = self.key.public_key().public_numbers()
        jwk = {
            "kty": "EC",
            "crv": "P-256",
            "x": base64url(point.x.to_bytes(32, "big")),
            "y": base64url(point.y.to_bytes(32, "big")),
        }
        told = {"sign_in_name": name, "password": password, "phone": {"label": "minimal", "public_key": jwk}}
        _, said = server.call("POST", "/mobile/v1/sign-in", told=told)
        self.token, self.phone_id, self.me = said["token"], said["phone_id"], said["me"]
        asked = monotonic_ms()
        _, said = server.call("GET", f"/mobile/v1/time?nonce={secrets.token_hex(12)}", token=self.token)
        self.anchor, self.asked_ms, self.heard_ms = said["anchor"], asked, monotonic_ms()

    def readings(self):
        return {
            "anchor": self.anchor,
            "asked_ms": self.asked_ms,
            "heard_ms": self.heard_ms,
            "captured_ms": monotonic_ms(),
            "counts_sleep": False,  # Python's clock on Linux stands still while the machine sleeps
            "restarted": False,
        }

    def sign(self, typ, payload):
        header = {"alg": "ES256", "kid": self.phone_id, "typ": typ}
        text = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(payload).encode())}"
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(SHA256())))
        return f"{text}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class Inspection:
    """What was told of it so far, and the JWS that have not been sent."""

    def __init__(self):
        self.id = str(uuid.uuid4())
        self.told = []
        self.waiting = []

    def tell(self, phone, what, key):
        """`key`: what it is about; everything seen of it is replaced."""
        now = datetime.now(UTC).isoformat()
        operation = {
            "id": str(uuid.uuid4()),
            "inspection_id": self.id,
            "replaces": [one["id"] for one in self.told if one["key"] == key],
            "earliest": now,
            "latest": now,
            "clock": phone.readings(),
            "what": what,
        }
        self.waiting.append(phone.sign("plumbline-operation+jws", operation))
        self.told.append(operation | {"key": key, "author": phone.me["person_id"]})
        return operation


def capture(phone, inspection, body):
    """The commitment, signed, and the operation that lists it."""
    now = datetime.now(UTC).isoformat()
    facts = {
        "evidence_id": str(uuid.uuid4()),
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
        "media_type": "image/jpeg",
        "captured_earliest": now,
        "captured_latest": now,
        "clock": phone.readings(),
        "inspection_id": inspection.id,
    }
    listed = {name: facts[name] for name in ("evidence_id", "sha256", "size", "media_type")}
    inspection.tell(phone, {"type": "EVIDENCE", "shows": "shop front", **listed}, f"evidence:{facts['evidence_id']}")
    return facts, phone.sign("plumbline-commitment+jws", facts)


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def second(instant):
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record_of(inspection, phones, party, facts, points):
    """The on-site record, as docs/api/inspection-record.md."""
    told = {one["key"]: one for one in inspection.told}
    return canonical(
        {
            "kind": "ON_SITE_RECORD", "schema": 1, "inspection_id": inspection.id,
            "entity": {"name": phones[0].me["unit_name"], "basis": ""}, "approval_no": None, "task": None,
            "source": "URGENT", "items": [],
            "officers": [
                {"person_id": phone.me["person_id"], "name": phone.me["name"], "credential_no": phone.credential_no,
                 "valid_until": phone.valid_until,
                 "credential_shown_at": second(told[f"credential-shown:{phone.me['person_id']}"]["latest"])}
                for phone in phones
            ],
            "helpers": [],
            "party": {**party, "uscc": "", "legal_representative": None, "person_on_site": None, "position": None,
                      "telephone": None},
            "place": party["address"], "begun_at": second(inspection.told[0]["earliest"]),
            "ended_at": second(datetime.now(UTC).isoformat()),
            "scan_in": {"at": second(told["scanned-in"]["latest"]), "manner": "TYPED", "longitude": None,
                        "latitude": None, "accuracy_metres": None},
            "rights": {"told_at": second(told["rights-told"]["latest"]), "recusal": "NOT_ASKED", "note": None},
            "findings": [{"item": code, "text": code, "result": "CONFORMS", "note": None} for code in points],
            "readings": [],
            "evidence": [{"evidence_id": facts["evidence_id"], "shows": "shop front", "media_type": "image/jpeg",
                          "size": facts["size"], "sha256": facts["sha256"]}],
            "statement": "none", "read_and_confirmed": "Read to me, and it is so.",
            "outcome": {"outcome": "PASS", "list_item": None, "correct_by": None, "note": None},
            "operations": sorted(one["id"] for one in inspection.told),
        }
    )  # fmt: skip


def carry_out(phones, party, body):
    """Offline: everything is made and signed, nothing sent."""
    inspection, (first, other) = Inspection(), phones
    begun = {"type": "BEGUN", "source": "URGENT", "enterprise_name": party["name"],
             "enterprise_address": party["address"], "urgent_reason": "trial"}  # fmt: skip
    inspection.tell(first, begun, "begun")
    inspection.tell(first, {"type": "SCANNED_IN", "code": "WH-0042", "manner": "TYPED"}, "scanned-in")
    for phone in phones:
        mine = phone.me["person_id"]
        inspection.tell(phone, {"type": "JOINED"}, f"joined:{mine}")
        shown = {"type": "CREDENTIAL_SHOWN", "credential_no": phone.credential_no}
        inspection.tell(phone, shown, f"credential-shown:{mine}")
    inspection.tell(first, {"type": "RIGHTS_TOLD", "recusal": "NOT_ASKED"}, "rights-told")
    inspection.tell(other, {"type": "FINDING", "item": "F-01", "result": "CONFORMS"}, "finding:F-01")
    facts, commitment = capture(first, inspection, body)
    inspection.tell(first, {"type": "STATEMENT", "text": "none"}, "statement")
    inspection.tell(first, {"type": "OUTCOME", "outcome": "PASS"}, "outcome")
    inspection.tell(first, {"type": "CAP", "counts": False, "reason": "trial"}, "cap")
    text = record_of(inspection, phones, party, facts, ["F-01"])
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    inspection.tell(first, {"type": "DOCUMENT", "kind": "ON_SITE_RECORD", "content": text}, "document:ON_SITE_RECORD")
    signature = {"type": "SIGNATURE", "document_sha256": sha256, "signer": "OFFICER"}
    for phone in phones:
        inspection.tell(phone, signature, f"signature:{sha256}:OFFICER:{phone.me['person_id']}")
    refusal = {"type": "REFUSAL", "document_sha256": sha256, "reason": "nobody there", "witness_name": "neighbour"}
    inspection.tell(first, refusal, f"refusal:{sha256}")
    inspection.tell(first, {"type": "CLOSED"}, "closed")
    return inspection, facts, commitment


def push(server, token, inspection):
    while inspection.waiting:
        batch = inspection.waiting[:50]
        _, said = server.call("POST", "/mobile/v1/operations", token=token, told={"operations": batch})
        for result in said["results"]:
            if result["result"] == "REFUSED":
                raise Refused(result["problem"])
        del inspection.waiting[: len(batch)]


def upload(server, token, facts, body):
    """The receipt 2, not yet checked."""
    path = f"/mobile/v1/uploads/{facts['evidence_id']}"
    named = base64.b64encode(facts["evidence_id"].encode()).decode()
    begin = TUS | {"Upload-Length": str(len(body)), "Upload-Metadata": f"evidence_id {named}"}
    found, _ = server.call("POST", "/mobile/v1/uploads", token=token, headers=begin, body=b"")
    while (offset := int(found["Upload-Offset"])) < len(body):
        part = body[offset : offset + PART]
        try:
            sent = OCTETS | {"Upload-Offset": str(offset)}
            found, _ = server.call("PATCH", path, token=token, headers=sent, body=part)
        except Refused as refused:
            if refused.problem["type"] not in ("/problems/offset-differs", "/problems/taken-over"):
                raise
            found, _ = server.call("HEAD", path, token=token, headers=TUS)
    if receipt := found.get("Plumbline-Receipt"):
        return receipt
    try:
        _, said = server.call("POST", f"/mobile/v1/evidence/{facts['evidence_id']}/submission", token=token)
    except Refused as refused:
        if refused.problem["type"] != "/problems/not-admissible":
            raise
        said = refused.problem
    return said["receipt"]


def signed_by(keys, jws, typ, body=None):
    """Whether one of the keys signed the JWS, or, where it is detached, the body."""
    header, payload, signature = jws.split(".")
    said = json.loads(unbase64url(header))
    key = next((one for one in keys if one["kid"] == said["kid"]), None)
    if key is None or said["typ"] != typ:
        return False
    try:
        signed = header.encode() + b"." + (payload.encode() if body is None else body)
        Ed25519PublicKey.from_public_bytes(unbase64url(key["x"])).verify(unbase64url(signature), signed)
    except InvalidSignature:
        return False
    return True


def may_wipe(keys, receipt, facts):
    if not signed_by(keys, receipt, "plumbline-receipt+jws"):
        return False
    said = json.loads(unbase64url(receipt.split(".")[1]))
    same = all(said[name] == facts[name] for name in ("evidence_id", "sha256", "size"))
    return said["receipt"] == "SAFE_TO_WIPE" and same


def lights(server, token, keys):
    """Each device of the unit's signed list, as it stands now."""
    found, listed = server.call("GET", "/mobile/v1/standings", token=token)
    assert signed_by(keys, found["Plumbline-Signature"], "plumbline-standings+jws", server.last_body)
    now = datetime.now(UTC)
    told = {}
    for tag, stages in zip(listed["tag"], listed["stages"], strict=True):
        holds = [stage for stage in stages if stage[0] is None or datetime.fromisoformat(stage[0]) <= now][-1]
        told[tag] = "red" if holds[1] else "green"
    return told


def pull(server, token):
    cursor, known, more = "0", {}, True
    while more:
        _, said = server.call("GET", f"/mobile/v1/changes?after={cursor}", token=token)
        known |= {one["id"]: one for one in said["inspections"]}
        for gone in said["gone"]:
            known.pop(gone, None)
        cursor, more = said["cursor"], said["more"]
    return known


def main(url, name, password, other_name, other_password, photograph):
    server = Server(url)
    keys = server.call("GET", "/.well-known/plumbline-receipt-keys.json")[1]["keys"]
    phones = [Phone(server, name, password), Phone(server, other_name, other_password)]
    _, reference = server.call("GET", "/mobile/v1/reference", token=phones[0].token)
    for phone in phones:
        [mine] = [one for one in reference["colleagues"] if one["id"] == phone.me["person_id"]]
        phone.credential_no, phone.valid_until = mine["credential_no"], mine["valid_until"]
    told = lights(server, phones[0].token, keys)
    print(f"{len(told)} devices to take along, {sum(light == 'green' for light in told.values())} of them green")
    body = Path(photograph).read_bytes()
    party = {"name": "Trial kitchen", "address": "1 Trial Street"}
    inspection, facts, commitment = carry_out(phones, party, body)
    print(f"carried out: {inspection.id}, {len(inspection.waiting)} operations")
    token = phones[0].token
    push(server, token, inspection)
    _, committed = server.call("POST", "/mobile/v1/commitments", token=token, told={"jws": commitment})
    assert signed_by(keys, committed["receipt"], "plumbline-receipt+jws")
    print("facts are in; receipt 1 holds")
    receipt = upload(server, token, facts, body)
    if not may_wipe(keys, receipt, facts):
        raise SystemExit("the receipt does not hold: the photograph stays")
    print("receipt 2 holds: the photograph may be wiped")
    _, missing = server.call("GET", f"/mobile/v1/inspections/{inspection.id}/gaps", token=token)
    for gap in missing["gaps"]:
        print("missing:", gap["key"], gap["words"], "(waived)" if gap["waived"] else "")
    for _ in range(5):  # it closes by itself, soon after the last of it has arrived
        state = pull(server, token)[inspection.id]["state"]
        if state == "CLOSED":
            break
        time.sleep(2)
    print(f"state: {state}")


if __name__ == "__main__":
    main(*sys.argv[1:])
