"""A bundle is the same each time, valid for bagit, and verified in bare Python; each fault is found by its number."""

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import bagit
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import ECKey

from agency import queries as agency
from agency.model import Actor, PersonKind, Role, RoleGrant
from device_registry.documents import DocumentKeeper, keep_document
from device_registry.model import VerificationCertificate
from device_registry.record import record_fact
from evidence.court_bundle.contents import contents
from evidence.court_bundle.exporting import export
from evidence.court_bundle.model import Export
from evidence.court_bundle.problems import NothingSignedYet
from evidence.court_bundle.verify import FAULTS, ed25519_holds, p256_holds
from evidence.court_bundle.zipped import zipped
from evidence.custodian import Custodian
from evidence.transparency_log.rules.note import public_key
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.civil import beginning_of
from foundation.problem import NotFound
from tests.builders import LONG_AGO, OfficerWithPhone, a_device, in_chunks
from tests.evidence.test_admission import hand_in

TAGS = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "verify.py")
CAPTURED = beginning_of(date(2026, 3, 20))


@pytest.fixture
def log_signer(tmp_path: Path) -> LogSigner:
    return LogSigner.load_or_create(tmp_path / "log-signing-keys.pem")


async def a_supervisor(custodian: Custodian, unit_id: UUID) -> Actor:
    async with custodian.database.transaction() as db:
        person = await agency.add_person(db, PersonKind.STAFF, "监督员", "Supervisor", unit_id)
        await agency.grant(db, person.id, Role.SUPERVISOR, unit_id, LONG_AGO)
    return Actor(person.id, PersonKind.STAFF, unit_id, None, (RoleGrant(Role.SUPERVISOR, unit_id),))


@pytest_asyncio.fixture
async def made(custodian: Custodian, officer: OfficerWithPhone, log_signer: LogSigner) -> Export:
    """One admitted with the certificate's scan, one held, one without its bytes, exported by a supervisor."""
    await introduce(custodian.database, custodian.clock, log_signer)
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id, verified=None)
    keeper = DocumentKeeper(custodian.database, custodian.clock, custodian.store, custodian.retention)
    scan = await keep_document(keeper, in_chunks(b"%PDF-1.7 a certificate"), officer.person_id, "证书.pdf")
    certificate = VerificationCertificate(
        certificate_no="力字第1号",
        issuing_body="计量院",
        regulation="JJG 188",
        verified_on=date(2026, 1, 10),
        valid_until=date(2027, 1, 9),
        document_sha256=scan.stored.sha256,
    )
    await record_fact(custodian.database, custodian.clock, meter.id, certificate, recorded_by=officer.person_id)
    admitted, judged = await hand_in(custodian, officer, CAPTURED, device_tag=meter.tag)
    assert judged.verdict.outcome == "ADMITTED"
    held, _ = await hand_in(custodian, officer, CAPTURED, device_tag="SLM-404")
    while await integrate(custodian.database, custodian.clock, log_signer):
        pass
    supervisor = await a_supervisor(custodian, officer.unit_id)
    return await export(custodian, supervisor, [admitted, held], "法院调取")


async def the_zip(custodian: Custodian, made: Export) -> bytes:
    files = contents(custodian.database, made)
    return b"".join([piece async for piece in zipped(custodian.store, made.id, files)])


async def unpacked(custodian: Custodian, made: Export, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(await the_zip(custodian, made))) as archive:
        archive.extractall(folder)
    return folder / f"plumbline-{made.id}"


def verify(bag: Path, *options: str) -> tuple[int, str]:
    """As a stranger runs it: Python alone, without our packages and our environment."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(bag / "verify.py"), str(bag), *options],
        capture_output=True, text=True, env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip
    assert not ended.stderr, ended.stderr
    return ended.returncode, ended.stdout


def sealed_again(bag: Path) -> None:
    """What somebody does who changed a file and knows BagIt."""
    for manifest, names in (
        ("manifest-sha256.txt", [one for one in bag.rglob("data/**/*") if one.is_file()]),
        (
            "tagmanifest-sha256.txt",
            [bag / one for one in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "verify.py")],
        ),
    ):
        lines = [
            f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.relative_to(bag).as_posix()}\n" for one in names
        ]
        (bag / manifest).write_text("".join(lines), "utf-8")


async def test_it_holds_in_bare_python_and_for_bagit_and_is_the_same_each_time(
    custodian: Custodian, made: Export, tmp_path: Path, log_signer: LogSigner
) -> None:
    assert await the_zip(custodian, made) == await the_zip(custodian, made)
    bag = await unpacked(custodian, made, tmp_path)
    status, said = verify(bag)
    assert (status, said.splitlines()[-1]) == (0, "全部成立。Everything holds.")
    bagit.Bag(str(bag)).validate()
    assert (bag / "data/page.pdf").read_bytes().startswith(b"%PDF-")
    [key] = json.loads((bag / "data/log/keys.json").read_text())["keys"]
    assert verify(bag, "--log-key", key)[0] == 0
    other = public_key(key.split("+")[0], Ed25519PrivateKey.generate())
    assert verify(bag, "--log-key", str(other))[0] == 53


CLASSES = {
    "data/originals": 20, "data/evidence": 21, "data/verdicts": 22, "data/custody": 23, "data/log/checkpoint.txt": 24,
    "data/keys": 25, "data/documents": 26, "data/page.pdf": 27, "data/log/keys.json": 29, "bag-info.txt": 11,
    "manifest-sha256.txt": 13, "verify.py": 14,
}  # fmt: skip


async def test_one_flipped_bit_in_each_class_of_file_is_found_by_its_number(
    custodian: Custodian, made: Export, tmp_path: Path
) -> None:
    bag = await unpacked(custodian, made, tmp_path)
    for place, number in CLASSES.items():
        path = bag / place
        file = path if path.is_file() else max(path.iterdir())
        whole = file.read_bytes()
        flipped = bytearray(whole)
        flipped[whole.index(b"Checks") if place == "verify.py" else len(whole) // 2] ^= 1
        file.write_bytes(bytes(flipped))
        status, said = verify(bag)
        assert re.search(f"✗ {number} .*{file.relative_to(bag).as_posix()}$", said, re.MULTILINE), (place, said)
        assert status != 0
        with pytest.raises(bagit.BagValidationError):
            bagit.Bag(str(bag)).validate()
        file.write_bytes(whole)
    listing = bag / "tagmanifest-sha256.txt"  # nothing lists this one; what it lists no longer fits
    whole = listing.read_bytes()
    listing.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    assert verify(bag)[0] in (10, 11, 13, 14)
    listing.write_bytes(whole)
    assert verify(bag)[0] == 0
    (bag / "data/originals/stray.jpg").write_bytes(b"x")
    assert verify(bag)[0] == 12
    (bag / "data/originals/stray.jpg").unlink()
    (bag / "data/page.pdf").unlink()
    assert verify(bag)[0] == 10


def changed(path: Path, change: Callable[[Any], None]) -> None:
    told = json.loads(path.read_text("utf-8"))
    change(told)
    path.write_text(json.dumps(told, ensure_ascii=False), "utf-8")


def another(original: str) -> str:
    """A signature with another last bit."""
    head, _, signature = original.rpartition(".")
    blob = bytearray(base64.urlsafe_b64decode(signature + "=="))
    blob[-1] ^= 1
    return f"{head}.{base64.urlsafe_b64encode(bytes(blob)).rstrip(b'=').decode()}"


@pytest.mark.parametrize("number", [30, 31, 40, 41, 50, 51, 52, 60, 61])
async def test_who_changes_something_and_seals_the_bag_again_is_found_by_what_he_cannot_sign(
    custodian: Custodian, made: Export, tmp_path: Path, number: int
) -> None:
    bag = await unpacked(custodian, made, tmp_path)
    data, first = bag / "data", str(made.evidence[0])
    statement = data / "evidence" / f"{first}.json"
    custody = data / "custody" / f"{first}.json"
    verdict = min((data / "verdicts").glob("*.json"))
    receipts = json.loads(statement.read_text("utf-8"))["receipts"]
    match number:
        case 30:
            changed(statement, lambda told: told.update(commitment=another(told["commitment"])))
        case 31:
            next((data / "originals").glob(f"{first}.*")).write_bytes(b"another picture")
        case 40:
            changed(statement, lambda told: told["receipts"].update(COMMITTED=another(receipts["COMMITTED"])))
        case 41:
            changed(statement, lambda told: told["receipts"].update(SAFE_TO_WIPE=receipts["COMMITTED"]))
        case 50:
            changed(custody, lambda told: told[0]["details"].update(value="{}"))
        case 51:
            changed(custody, lambda told: told[0].update(index=told[0]["index"] + 1))
        case 52:
            note = data / "log/checkpoint.txt"
            note.write_text(note.read_text("utf-8").replace("\n", "\nx", 1), "utf-8")
        case 60:
            verdict.write_text(verdict.read_text("utf-8").replace("2026", "2025"), "utf-8")
        case 61:
            next((data / "documents").iterdir()).unlink()
    sealed_again(bag)
    _, said = verify(bag)
    assert f"✗ {number} {FAULTS[number][0]}" in said, said


async def test_each_piece_tells_of_its_export_and_nobody_exports_beyond_their_units(
    custodian: Custodian, made: Export, officer: OfficerWithPhone
) -> None:
    async with custodian.database.connection() as db:
        told = await db.fetch("select evidence_id, details from custody_entry where event = 'evidence:bundle:exported'")
    assert {(row[0], row[1]["reason"]) for row in told} == {(one, "法院调取") for one in made.evidence}
    stranger = Actor(made.made_by, PersonKind.STAFF, officer.unit_id, None, ())
    with pytest.raises(NotFound):
        await export(custodian, stranger, made.evidence, "好奇")


async def test_nothing_is_exported_before_anything_is_signed(custodian: Custodian, officer: OfficerWithPhone) -> None:
    evidence_id, _ = await hand_in(custodian, officer, CAPTURED)
    supervisor = await a_supervisor(custodian, officer.unit_id)
    with pytest.raises(NothingSignedYet):
        await export(custodian, supervisor, [evidence_id], "法院调取")


def test_its_own_curves_agree_with_a_library() -> None:
    for number in range(8):
        message, key = b"x" * number, Ed25519PrivateKey.generate()
        public, signature = key.public_key().public_bytes_raw(), key.sign(message)
        assert ed25519_holds(public, message, signature)
        assert not ed25519_holds(public, message + b"y", signature)
        phone = ECKey.generate_key("P-256")
        compact = jws.serialize_compact({"alg": "ES256"}, message, phone)
        signed, _, encoded = compact.rpartition(".")
        blob = base64.urlsafe_b64decode(encoded + "==")
        jwk = {name: str(value) for name, value in phone.as_dict(private=False).items()}
        assert p256_holds(jwk, signed.encode(), blob)
        assert not p256_holds(jwk, signed.encode() + b"y", blob)
