"""The bundle as a zip that is made while it is sent: nothing compressed, nothing kept, the same bytes each time."""

import zipfile
from collections.abc import AsyncIterator, Sequence

from evidence.court_bundle.model import Export, File
from foundation.object_store import ObjectStore

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The only time in the archive: when it was made must not change its bytes."""


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


async def zipped(store: ObjectStore, export: Export, listed: Sequence[File]) -> AsyncIterator[bytes]:
    """Memory holds one chunk of an original at a time.

    Raises StoreRefused where the store has not what it once confirmed.
    """
    sink, folder = _Sink(), f"plumbline-{export.id}"
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for file in listed:
            entry = zipfile.ZipInfo(f"{folder}/{file.name}", LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            entry.file_size = file.size
            with archive.open(entry, "w", force_zip64=True) as opened:
                if isinstance(file.content, bytes):
                    opened.write(file.content)
                else:
                    async for chunk in store.read(file.content.key, file.content.version_id):
                        opened.write(chunk)
                        yield sink.taken()
            yield sink.taken()
    yield sink.taken()
