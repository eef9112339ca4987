"""The files of a bundle: what each says, and in which order they stand. The same export gives the same files."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any
from uuid import UUID

import anyio.to_thread
import msgspec

from agency.queries import people_by_id, signatory
from evidence import queries as evidence
from evidence.court_bundle import queries
from evidence.court_bundle.model import Export, File
from evidence.court_bundle.page import Item, Page, page
from evidence.custodian import Custodian
from evidence.explanation import explain
from evidence.model import Evidence, Reason
from evidence.transparency_log import queries as log
from evidence.transparency_log.proving import Proven, proven_entries
from evidence.transparency_log.shown import entry_shown
from foundation.database import Connection
from foundation.object_store import StoredObject
from foundation.words import say

EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic", "application/pdf": "pdf",
    "audio/amr": "amr", "audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/wav": "wav", "video/3gpp": "3gp",
    "video/mp4": "mp4", "video/quicktime": "mov", "application/xml": "xml", "text/xml": "xml",
}  # fmt: skip


async def contents(custodian: Custodian, export: Export) -> list[File]:
    """Payload first, then the files that describe the bag (BagIt 1.0, RFC 8493), each digest known."""
    payload: dict[str, File] = {}
    items = []
    async with custodian.database.transaction() as db:
        for evidence_id in export.evidence:
            item, made = await _of_evidence(db, export, evidence_id)
            payload |= {file.name: file for file in made}
            items.append(item)
        keys = await log.verifier_keys(db)
        exporter = (await people_by_id(db, [export.made_by])).get(export.made_by)
    payload |= {
        file.name: file
        for file in (
            _file("data/log/checkpoint.txt", export.note.encode()),
            _file("data/log/keys.json", _json({"keys": keys})),
            _file("data/keys/receipt-keys.json", _json({"keys": [custodian.signer.public_key()]})),
        )
    }
    told = Page(export=export, exported_by=exporter.name_zh if exporter else "", items=items, keys=keys)
    payload["data/page.pdf"] = _file("data/page.pdf", await anyio.to_thread.run_sync(page, told))
    ordered = [payload[name] for name in sorted(payload)]
    return [*_tags(export, ordered), *ordered]


def _tags(export: Export, payload: Sequence[File]) -> list[File]:
    bytes_in_all = sum(file.size for file in payload)
    about = (
        f"Source-Organization: Plumbline\nBagging-Date: {export.made_at:%Y-%m-%d}\n"
        f"External-Identifier: {export.id}\nPayload-Oxum: {bytes_in_all}.{len(payload)}\n"
    )
    tags = [
        _file("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"),
        _file("bag-info.txt", about.encode()),
        _file("manifest-sha256.txt", _manifest(payload)),
        _file("verify.py", files(__package__).joinpath("verify.py").read_bytes()),
    ]
    return [*tags, _file("tagmanifest-sha256.txt", _manifest(tags))]


async def _of_evidence(db: Connection, export: Export, evidence_id: UUID) -> tuple[Item, list[File]]:
    known = await evidence.evidence_by_id(db, evidence_id)
    assert known is not None
    phone = await signatory(db, known.phone_id)
    assert phone is not None
    received = await evidence.content_of(db, evidence_id)
    receipts = await evidence.receipts_of(db, evidence_id)
    verdicts = await queries.verdicts_in_log(db, evidence_id, export.log_size)
    proven = await proven_entries(db, evidence_id, export.log_size)
    officer = (await people_by_id(db, [known.officer_id])).get(known.officer_id)
    made = [_file(f"data/verdicts/{evidence_id}-{one.ordinal}.json", one.text.encode()) for one in verdicts]
    judged = [msgspec.json.decode(one.text) for one in verdicts]
    scans = await queries.documents(db, {bytes.fromhex(digest) for digest in _digests(judged)})
    made += [
        _stored(f"data/documents/{stored.sha256.hex()}.{EXTENSIONS.get(media_type, 'bin')}", stored)
        for stored, media_type in scans
    ]
    original = None
    if received is not None:
        extension = EXTENSIONS.get(received[0].media_type, "bin")
        original = f"originals/{evidence_id}.{extension}"
        made.append(_stored(f"data/{original}", received[1]))
    custody = f"custody/{evidence_id}.json"
    made.append(_file(f"data/{custody}", msgspec.json.encode([entry_shown(one) for one in proven])))
    statement = {
        "evidence_id": evidence_id,
        "commitment": known.commitment,
        "phone_id": known.phone_id,
        "phone_key": phone.public_key,
        "officer": officer.name_zh if officer else None,
        "receipts": receipts,
        "original": original,
        "custody": custody,
        "verdicts": [f"verdicts/{evidence_id}-{one.ordinal}.json" for one in verdicts],
    }
    made.append(_file(f"data/evidence/{evidence_id}.json", _json(statement)))
    return _item(known, officer.name_zh if officer else "", judged, proven), made


def _item(known: Evidence, officer: str, judged: Sequence[Any], proven: Sequence[Proven]) -> Item:
    outcome, reasons, inputs, _ = judged[-1] if judged else (None, [], {}, "")
    device = inputs.get("device") or {}
    entries = [one.leaf.split("\n") for one in proven]
    return Item(
        evidence_id=known.id,
        sha256=known.sha256.hex(),
        size=known.size,
        officer=officer,
        device_tag=known.device_tag,
        earliest=known.earliest,
        latest=known.latest,
        outcome=say("zh-CN", f"state.{outcome}") if outcome else "",
        reasons=[explain(msgspec.convert(reason, Reason), "zh-CN") for reason in reasons],
        certificates=[
            (str(one["certificate_no"]), str(one["issuing_body"]), str(one["verified_on"]), str(one["valid_until"]))
            for one in device.get("certificates", ())
        ],
        custody=[
            (lines[2], say("zh-CN", f"custody.{lines[3]}"), str(one.index))
            for one, lines in zip(proven, entries, strict=True)
        ],
    )


def _digests(judged: Iterable[Any]) -> set[str]:
    """Of the scans of all certificates that any of these verdicts rests on."""
    devices = [inputs.get("device") or {} for _, _, inputs, _ in judged]
    found = {one.get("document_sha256") for device in devices for one in device.get("certificates", ())}
    return {digest for digest in found if digest}


def _manifest(listed: Iterable[File]) -> bytes:
    return "".join(f"{file.sha256.hex()}  {file.name}\n" for file in sorted(listed, key=lambda one: one.name)).encode()


def _file(name: str, content: bytes) -> File:
    return File(name, hashlib.sha256(content).digest(), len(content), content)


def _stored(name: str, stored: StoredObject) -> File:
    return File(name, stored.sha256, stored.size, stored)


def _json(value: Any) -> bytes:
    """Readable, and the same each time."""
    plain = msgspec.to_builtins(value)
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
