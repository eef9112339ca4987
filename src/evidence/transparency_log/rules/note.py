"""Signed notes and the checkpoints in them (C2SP signed-note, tlog-checkpoint, tlog-cosignature), Ed25519 alone."""

import base64
import binascii
import hashlib
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evidence.transparency_log.model import Checkpoint

ED25519, COSIGNATURE = 0x01, 0x04
"""Signature types of C2SP signed-note and tlog-cosignature."""
MOST_NOTE_CHARACTERS = 100_000


class NoteRefused(Exception):
    """The text is no note, or no checkpoint, or its keys are none; the message says which."""


class VerifierKey(NamedTuple):
    """A public key with the name it signs under; `kind` is the signature type."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes by which a signature says whose it is."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoteRefused."""
        try:
            name, id_, encoded = text.strip().split("+", 2)
            kind, *public = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise NoteRefused("not a verifier key") from error
        key = cls(name, kind, bytes(public))
        if kind not in (ED25519, COSIGNATURE) or len(key.public) != 32 or key.id.hex() != id_ or not _named(name):
            raise NoteRefused("not a verifier key")
        return key


class Signature(NamedTuple):
    """A line under a note: who, by which key, and what follows the key's id."""

    name: str
    key_id: bytes
    blob: bytes

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


class Note(NamedTuple):
    """A text, ended by a line feed, and the signatures under it, of which any may be unknown."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))

    @classmethod
    def parse(cls, note: str) -> Self:
        """Raises NoteRefused."""
        text, blank, lines = note.rpartition("\n\n")
        if not blank or not lines.endswith("\n") or len(note) > MOST_NOTE_CHARACTERS:
            raise NoteRefused("not a signed note")
        return cls(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))

    def signed_by(self, key: VerifierKey) -> Signature | None:
        """The key's own signature, checked; None where there is none. Raises NoteRefused for a false one."""
        for signature in self.signatures:
            if (signature.name, signature.key_id) == (key.name, key.id):
                if not _holds(key, self.text, signature.blob):
                    raise NoteRefused(f"the signature of {key.name} is false")
                return signature
        return None


def public_key(name: str, key: Ed25519PrivateKey, kind: int = ED25519) -> VerifierKey:
    return VerifierKey(name, kind, key.public_key().public_bytes_raw())


def sign(text: str, name: str, key: Ed25519PrivateKey) -> Signature:
    return Signature(name, public_key(name, key).id, key.sign(text.encode()))


def cosign(text: str, name: str, key: Ed25519PrivateKey, seconds: int) -> Signature:
    """A witness saw this checkpoint follow all that it saw before, at that second since 1970."""
    blob = seconds.to_bytes(8, "big") + key.sign(_cosigned(text, seconds))
    return Signature(name, public_key(name, key, COSIGNATURE).id, blob)


def cosigned_at(signature: Signature) -> int:
    """Seconds since 1970, of a cosignature."""
    return int.from_bytes(signature.blob[:8], "big")


def checkpoint_text(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def checkpoint_in(text: str) -> Checkpoint:
    """What a note's text says; further lines are allowed and not looked at. Raises NoteRefused."""
    origin, size, root, *_ = [*text.split("\n"), "", ""]
    try:
        decoded = base64.b64decode(root, validate=True)
    except binascii.Error as error:
        raise NoteRefused("not a checkpoint") from error
    if not origin or not (size.isascii() and size.isdecimal() and str(int(size[:20])) == size) or len(decoded) != 32:
        raise NoteRefused("not a checkpoint")
    return Checkpoint(origin, int(size), decoded)


def _signature(line: str) -> Signature:
    try:
        dash, name, encoded = line.split(" ")
        blob = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise NoteRefused("not a signed note") from error
    if dash != "—" or not _named(name) or len(blob) < 5:
        raise NoteRefused("not a signed note")
    return Signature(name, blob[:4], blob[4:])


def _holds(key: VerifierKey, text: str, blob: bytes) -> bool:
    signed = text.encode()
    if key.kind == COSIGNATURE:
        signed, blob = _cosigned(text, int.from_bytes(blob[:8], "big")), blob[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(blob, signed)
    except InvalidSignature:
        return False
    return True


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _named(name: str) -> bool:
    return bool(name) and not any(sign.isspace() or sign == "+" for sign in name)
