"""The files of a bundle: what each says, and in which order they stand. The same export gives the same files.

Everything comes from what the checkpoint fixes, what the export froze, and what is never changed. Two things are
neither, on purpose: a person who is erased from the custody chain, and the program itself (verify.py, page.typ).
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from agency.model import Signatory
from agency.queries import signatories
from evidence import queries as evidence
from evidence.court_bundle import queries
from evidence.court_bundle.item import Item, item_of
from evidence.court_bundle.model import Export, File, Piece, Stamp
from evidence.court_bundle.page import Page, page
from evidence.court_bundle.queries import Logged, Said
from evidence.model import Evidence
from evidence.transparency_log.proving import Proven, consistency_proof, proven_entries_of_each
from evidence.transparency_log.rules.note import Note
from evidence.transparency_log.shown import entry_shown, in_base64
from foundation.database import Connection, Database
from foundation.object_store import StoredObject

EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic", "application/pdf": "pdf",
    "audio/amr": "amr", "audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/wav": "wav", "video/3gpp": "3gp",
    "video/mp4": "mp4", "video/quicktime": "mov", "application/xml": "xml", "text/xml": "xml",
}  # fmt: skip
AT_ONCE = 50
"""Pieces of evidence whose small files are in memory."""
STATEMENTS = "data/evidence/"
"""Where the statement about each piece lies; it is the last file of a piece."""


async def contents(database: Database, export: Export) -> AsyncGenerator[File, None]:
    """Payload first, then the files that describe the bag (BagIt 1.0, RFC 8493), each digest known."""
    listed, items = _Listed(), []
    for begins in range(0, len(export.pieces), AT_ONCE):
        some = export.pieces[begins : begins + AT_ONCE]
        async with database.transaction() as db:
            found = await _Found.read(db, export, some)
        for piece in some:
            item, made = found.of(piece)
            items.append(item)
            for file in made:
                if listed.new(file):
                    yield file
    async with database.transaction() as db:
        stamp = await queries.stamp_of(db, export.id)
        stamped = await _stamped(db, export, stamp) if stamp else []
    told = Page(export=export, items=items, stamp=stamp, verifier=hashlib.sha256(verifier()).hexdigest())
    for file in (
        _file("data/log/checkpoint.txt", export.note.encode()),
        _file("data/log/keys.json", _json({"keys": export.log_keys})),
        _file("data/keys/receipt-keys.json", _json({"keys": export.receipt_keys})),
        *stamped,
        _file("data/page.pdf", await page(told)),
    ):
        listed.new(file)
        yield file
    for file in _tags(export, listed):
        yield file


def verifier() -> bytes:
    """verify.py as it goes into every bundle."""
    return files(__package__).joinpath("verify.py").read_bytes()


class _Listed:
    """What the manifest will say; bytes are not kept."""

    def __init__(self) -> None:
        self.digests: dict[str, bytes] = {}
        self.bytes = 0

    def new(self, file: File) -> bool:
        """A certificate that several pieces rest on lies there once."""
        if file.name in self.digests:
            return False
        self.digests[file.name] = file.sha256
        self.bytes += file.size
        return True


def _tags(export: Export, payload: _Listed) -> list[File]:
    about = (
        f"Source-Organization: Plumbline\nBagging-Date: {export.made_at:%Y-%m-%d}\n"
        f"External-Identifier: {export.id}\nPayload-Oxum: {payload.bytes}.{len(payload.digests)}\n"
    )
    tags = [
        _file("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"),
        _file("bag-info.txt", about.encode()),
        _file("manifest-sha256.txt", _manifest(payload.digests)),
        _file("verify.py", verifier()),
    ]
    return [*tags, _file("tagmanifest-sha256.txt", _manifest({file.name: file.sha256 for file in tags}))]


async def _stamped(db: Connection, export: Export, stamp: Stamp) -> list[File]:
    """The token as it came, the very bytes it is over, and that it is the same log as under the bundle's checkpoint."""
    told = {
        "authority": stamp.authority,
        "at": stamp.at.isoformat(),
        "size": stamp.size,
        "consistency": in_base64(await consistency_proof(db, *sorted((stamp.size, export.log_size)))),
    }
    made = [
        _file("data/time/token.tsr", stamp.token),
        _file("data/time/stamped.txt", Note.parse(stamp.note).text.encode()),
        _file("data/time/token.json", _json(told)),
    ]
    return made + ([_file("data/time/authority.pem", stamp.trust.encode())] if stamp.trust else [])


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """All that the files of some pieces are made of."""

    evidence: Mapping[UUID, Evidence]
    phones: Mapping[UUID, Signatory]
    said: Mapping[UUID, Said]
    verdicts: Mapping[UUID, Sequence[Logged]]
    entries: Mapping[UUID, Sequence[Proven]]
    scans: Mapping[str, tuple[StoredObject, str]]
    """By digest in hexadecimal, with media types."""

    @classmethod
    async def read(cls, db: Connection, export: Export, pieces: Sequence[Piece]) -> "_Found":
        ids = [piece.evidence_id for piece in pieces]
        known = await evidence.evidence_by_ids(db, ids)
        verdicts = await queries.verdicts_in_log(db, ids, export.log_size)
        wanted = {digest for some in verdicts.values() for one in some for digest in _digests(one)}
        scans = await queries.documents(db, [bytes.fromhex(digest) for digest in wanted])
        return cls(
            evidence=known,
            phones=await signatories(db, {one.phone_id for one in known.values()}),
            said=await queries.said_of(db, pieces),
            verdicts=verdicts,
            entries=await proven_entries_of_each(db, ids, export.log_size),
            scans={stored.sha256.hex(): (stored, media_type) for stored, media_type in scans},
        )

    def of(self, piece: Piece) -> tuple[Item, list[File]]:
        evidence_id = piece.evidence_id
        known, said = self.evidence[evidence_id], self.said[evidence_id]
        verdicts, proven = self.verdicts.get(evidence_id, ()), self.entries.get(evidence_id, ())
        made = [_file(f"data/verdicts/{evidence_id}-{one.ordinal}.json", one.text.encode()) for one in verdicts]
        for digest in sorted({digest for one in verdicts for digest in _digests(one)} & self.scans.keys()):
            scan, media_type = self.scans[digest]
            made.append(_stored(f"data/documents/{digest}.{EXTENSIONS.get(media_type, 'bin')}", scan))
        original = None
        if said.original is not None:
            original = f"originals/{evidence_id}.{EXTENSIONS.get(said.media_type, 'bin')}"
            made.append(_stored(f"data/{original}", said.original))
        custody = f"custody/{evidence_id}.json"
        made.append(_file(f"data/{custody}", msgspec.json.encode([entry_shown(one) for one in proven])))
        statement = {
            "evidence_id": evidence_id,
            "commitment": known.commitment,
            "phone_id": known.phone_id,
            "phone_key": self.phones[known.phone_id].public_key,
            "officer": piece.officer,
            "receipts": said.receipts,
            "original": original,
            "last_read_back": {"at": piece.read_at, "found": piece.read_outcome} if piece.read_at else None,
            "custody": custody,
            "verdicts": [f"verdicts/{evidence_id}-{one.ordinal}.json" for one in verdicts],
        }
        made.append(_file(f"{STATEMENTS}{evidence_id}.json", _json(statement)))
        return item_of(known, piece, [msgspec.json.decode(one.text) for one in verdicts], proven), made


def _digests(verdict: Logged) -> set[str]:
    """Of the scans of all certificates that the verdict rests on."""
    _, _, inputs, _ = msgspec.json.decode(verdict.text)
    device = inputs.get("device") or {}
    return {one["document_sha256"] for one in device.get("certificates", ()) if one.get("document_sha256")}


def _manifest(digests: Mapping[str, bytes]) -> bytes:
    return "".join(f"{digests[name].hex()}  {name}\n" for name in sorted(digests)).encode()


def _file(name: str, content: bytes) -> File:
    return File(name, hashlib.sha256(content).digest(), len(content), content)


def _stored(name: str, stored: StoredObject) -> File:
    return File(name, stored.sha256, stored.size, stored)


def _json(value: Any) -> bytes:
    """Readable, and the same each time."""
    plain = msgspec.to_builtins(value)
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
