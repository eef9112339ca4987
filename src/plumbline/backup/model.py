"""What a backup is on disk.

    FOLDER/objects/<key>            every object, shared by all backups in the folder
    FOLDER/backups/<instant>/       database.dump, objects.jsonl, log.jsonl, checkpoint, perhaps keys/, manifest.json

A backup is whole once it has its manifest; each line of a .jsonl is an Item, in the order of their keys.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

FORMAT = "plumbline-backup/1"
MANIFEST = "manifest.json"
DUMP, OBJECTS, LOG, CHECKPOINT, KEYS = "database.dump", "objects.jsonl", "log.jsonl", "checkpoint", "keys"
CHUNK = 1 << 20


class BackupError(Exception):
    """The message tells an operator what is the matter, and what to do."""


class Item(msgspec.Struct, frozen=True):
    """An object of the store; `retained_until` (UTC) is None where it was not locked."""

    key: str
    version_id: str
    size: int
    sha256: str
    retained_until: datetime | None


class File(msgspec.Struct, frozen=True):
    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`not_copied`: keys that the rows name and the store did not give, or not as they must be."""

    format: str
    made_at: datetime
    origin: str
    log_size: int
    migration: str
    objects: int
    bytes: int
    files: list[File]
    not_copied: list[str]


class Backup:
    """One of the backups in a folder."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.place = folder, place
        self.manifest_bytes = (place / MANIFEST).read_bytes()
        try:
            self.manifest = msgspec.json.decode(self.manifest_bytes, type=Manifest)
        except msgspec.DecodeError as error:
            raise BackupError(f"{place / MANIFEST} cannot be read: {error}.") from error

    @classmethod
    def open(cls, folder: Path, name: str | None) -> "Backup":
        """That one, or the newest. Raises BackupError."""
        whole = sorted(one.parent.name for one in (folder / "backups").glob(f"*/{MANIFEST}"))
        if not whole or name not in (None, *whole):
            there = ", ".join(whole) or "none"
            raise BackupError(f"There is no such whole backup in {folder}. There are: {there}.")
        return cls(folder, folder / "backups" / (name or whole[-1]))

    @property
    def manifest_sha256(self) -> bytes:
        return hashlib.sha256(self.manifest_bytes).digest()

    def verify_files(self) -> None:
        """Everything but the objects, which are verified as they are put back. Raises BackupError."""
        if self.manifest.format != FORMAT:
            raise BackupError(f"{self.place} is of another form: {self.manifest.format}.")
        for file in self.manifest.files:
            try:
                found = file_of(self.place, file.name)
            except OSError as error:
                raise BackupError(f"{self.place / file.name} cannot be read: {error.strerror}.") from error
            if found != file:
                raise BackupError(f"{self.place / file.name} is not what was backed up: its SHA-256 is another.")

    def items(self) -> Iterator[Item]:
        """In the order of their keys: `log/` comes before `sha256/`."""
        decoder = msgspec.json.Decoder(Item)
        for name in (LOG, OBJECTS):
            with (self.place / name).open("rb") as lines:
                yield from map(decoder.decode, lines)

    def path_of(self, key: str) -> Path:
        return path_of(self.folder, key)

    def checkpoint(self) -> str | None:
        file = self.place / CHECKPOINT
        return file.read_text() if file.exists() else None


def path_of(folder: Path, key: str) -> Path:
    return folder / "objects" / key


def file_of(place: Path, name: str) -> File:
    digest, size = digest_of(place / name)
    return File(name, size, digest)


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 in hexadecimal, and how many bytes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()
