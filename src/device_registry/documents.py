"""A scan is kept as evidence is: hashed on its way, locked in the object store, and only then entered in the register.

Facts name their document by its SHA-256. A fact may come without one (old registers, imports), never with one that is
not kept.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING
from uuid import UUID

from anyio import to_thread

from device_registry import queries
from device_registry.digital_certificate import reading
from device_registry.problems import DocumentNotAccepted
from device_registry.queries import Document
from foundation.clock import Clock
from foundation.database import Database
from foundation.media_type import HEAD_BYTES, XLSX, XML, media_type_of
from foundation.object_store import ObjectStore, begun
from foundation.problem import Spoken, TooLarge

if TYPE_CHECKING:
    from hashlib import _Hash

ACCEPTED = ("application/pdf", "image/jpeg", "image/png", "image/heic", XML, XLSX)
MAX_DOCUMENT_BYTES = 32 << 20
"""A certificate of ten pages, scanned in colour at 300 dpi, has about 10 MB."""
MAX_FILE_NAME_CHARACTERS = 200
WRITTEN_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class DocumentKeeper:
    """Where documents are kept. `retention` is how long they are locked; `trust`: whose signatures are known (PEM)."""

    database: Database
    clock: Clock
    store: ObjectStore
    retention: timedelta
    trust: bytes = b""


async def keep_document(
    keeper: DocumentKeeper, chunks: AsyncIterator[bytes], added_by: UUID, file_name: str | None = None
) -> Document:
    """Keeps a file of at most MAX_DOCUMENT_BYTES; the same bytes again are no other document.

    An XML file must be a digital calibration certificate that nobody has changed since it was signed. Raises
    DocumentNotAccepted, TooLarge, DigitalCertificateUnreadable, DigitalCertificateManipulated, and TryLater when the
    object store is away; nothing is entered then.
    """
    file = await to_thread.run_sync(TemporaryFile)
    try:
        sha256, size = await _spooled(chunks, file)
        if size == 0:
            raise DocumentNotAccepted(field="file", kinds=Spoken("document.kinds"))
        body = mmap(file.fileno(), size, access=ACCESS_READ)  # mapped, not read: 32 MiB cost no memory of ours
        media_type = media_type_of(body[:HEAD_BYTES])
        if media_type not in ACCEPTED:
            raise DocumentNotAccepted(field="file", kinds=Spoken("document.kinds"))
        if media_type == XML:
            await reading.read(body, keeper.trust, keeper.clock.now())
        stored = await keeper.store.put_locked(sha256, body, keeper.clock.now() + keeper.retention)
    finally:
        await to_thread.run_sync(file.close)
    document = Document(stored, media_type, _tidy(file_name))
    async with keeper.database.connection() as db:
        await queries.add_document(db, document, added_by, keeper.clock.now())
    return document


async def content_of(keeper: DocumentKeeper, document: Document) -> AsyncIterator[bytes]:
    """The bytes in chunks. Raises TryLater before the first one, while an answer can still say so."""
    return await begun(keeper.store.read(document.stored.key, document.stored.version_id))


async def _spooled(chunks: AsyncIterator[bytes], file: IO[bytes]) -> tuple[bytes, int]:
    """Writes the file to disk and answers its SHA-256 and size."""
    digest, size, waiting, waiting_bytes = hashlib.sha256(), 0, list[bytes](), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_DOCUMENT_BYTES:
            raise TooLarge(field="file", most=MAX_DOCUMENT_BYTES)
        waiting.append(chunk)
        waiting_bytes += len(chunk)
        if waiting_bytes >= WRITTEN_AT_ONCE:
            await to_thread.run_sync(_write, file, digest, waiting)
            waiting, waiting_bytes = [], 0
    await to_thread.run_sync(_write, file, digest, waiting)
    return digest.digest(), size


def _write(file: IO[bytes], digest: "_Hash", chunks: list[bytes]) -> None:
    for chunk in chunks:
        digest.update(chunk)
    file.writelines(chunks)
    file.flush()


def _tidy(name: str | None) -> str | None:
    """The name without folders and without what cannot be printed: it is shown, and offered for saving."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(filter(str.isprintable, last)).strip()[-MAX_FILE_NAME_CHARACTERS:] or None
