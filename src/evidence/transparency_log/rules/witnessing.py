"""What a witness is asked, and when it signs (C2SP tlog-witness): never for a log that does not follow what it saw."""

import base64
import binascii
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple, Self

from evidence.transparency_log.model import Checkpoint
from evidence.transparency_log.rules.merkle import EMPTY_ROOT, consistent
from evidence.transparency_log.rules.note import Note, NoteRefused, VerifierKey, checkpoint_in

MOST_HASHES = 63
"""Of a consistency proof, as tlog-witness limits it."""


class Refusal(StrEnum):
    """Why a witness does not sign; each has its sentence, `witness.<refusal>`."""

    NOT_SIGNED = "NOT_SIGNED"
    """By no key of the log that the witness knows."""
    OTHER_SIZE = "OTHER_SIZE"
    """The proof begins at another size than the witness has seen last."""
    SHRUNK = "SHRUNK"
    FORKED = "FORKED"
    """The log does not begin with what the witness has seen: it was rewritten."""


class NotWitnessed(Exception):
    """`seen` is the size that the witness has seen last."""

    def __init__(self, refusal: Refusal, seen: int) -> None:
        super().__init__(refusal)
        self.refusal, self.seen = refusal, seen


class Seen(NamedTuple):
    """The newest checkpoint of a log that a witness has signed."""

    size: int
    root: bytes


NOTHING_SEEN = Seen(0, EMPTY_ROOT)


class Request(NamedTuple):
    """The body of tlog-witness' add-checkpoint: a checkpoint, and that it follows that of the old size."""

    old: int
    proof: Sequence[bytes]
    note: Note

    def __str__(self) -> str:
        hashes = "".join(f"{base64.b64encode(hash_).decode()}\n" for hash_ in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoteRefused."""
        head, blank, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        word, _, size = first.partition(" ")
        try:
            proof = [base64.b64decode(line, validate=True) for line in lines]
        except binascii.Error as error:
            raise NoteRefused("not a request to a witness") from error
        sized = size.isascii() and size.isdecimal() and len(size) < 20 and str(int(size)) == size
        if not blank or word != "old" or not sized or len(proof) > MOST_HASHES or {len(one) for one in proof} - {32}:
            raise NoteRefused("not a request to a witness")
        return cls(int(size), proof, Note.parse(note))


def to_be_signed(request: Request, seen: Seen, keys: Collection[VerifierKey]) -> Checkpoint:
    """The checkpoint that the witness may sign. Raises NotWitnessed, and NoteRefused for what is none."""
    checkpoint = checkpoint_in(request.note.text)
    if not _signed(request.note, [key for key in keys if key.name == checkpoint.origin]):
        raise NotWitnessed(Refusal.NOT_SIGNED, seen.size)
    if checkpoint.size < seen.size:
        raise NotWitnessed(Refusal.SHRUNK, seen.size)
    if request.old != seen.size:
        raise NotWitnessed(Refusal.OTHER_SIZE, seen.size)
    if not consistent(seen.size, checkpoint.size, request.proof, seen.root, checkpoint.root):
        raise NotWitnessed(Refusal.FORKED, seen.size)
    return checkpoint


def _signed(note: Note, keys: Collection[VerifierKey]) -> bool:
    try:
        return any(note.signed_by(key) for key in keys)
    except NoteRefused:
        return False
