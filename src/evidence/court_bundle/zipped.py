"""The bundle as a zip that is made while it is sent: nothing compressed, nothing kept, the same bytes each time."""

import hashlib
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from uuid import UUID

from evidence.court_bundle.model import File
from foundation.object_store import ObjectStore, StoredObject, StoreRefused

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The only time in the archive: when it was made must not change its bytes."""


class NotAsStored(Exception):
    """The store has not, or has otherwise, what it once confirmed: no bundle is made of that. Names the file."""


class _Sink:
    """What zipfile writes to; whoever sends takes it away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


async def zipped(store: ObjectStore, export_id: UUID, files: AsyncIterator[File]) -> AsyncGenerator[bytes, None]:
    """Memory holds one chunk of an original at a time, and each is compared with its digest on the way.

    Raises NotAsStored, TryLater, StoreRefused.
    """
    sink, folder = _Sink(), f"plumbline-{export_id}"
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        async for file in files:
            entry = zipfile.ZipInfo(f"{folder}/{file.name}", LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            entry.file_size = file.size
            with archive.open(entry, "w", force_zip64=True) as opened:
                if isinstance(file.content, bytes):
                    opened.write(file.content)
                else:
                    async for chunk in _as_stored(store, file, file.content):
                        opened.write(chunk)
                        yield sink.taken()
            yield sink.taken()
    yield sink.taken()


async def _as_stored(store: ObjectStore, file: File, stored: StoredObject) -> AsyncIterator[bytes]:
    digest = hashlib.sha256()
    try:
        async for chunk in store.read(stored.key, stored.version_id):
            digest.update(chunk)
            yield chunk
    except StoreRefused as refused:
        if refused.status != 404:
            raise
        raise NotAsStored(file.name) from refused
    if digest.digest() != file.sha256:
        raise NotAsStored(file.name)
