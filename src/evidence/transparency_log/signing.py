"""The keys under checkpoints: every key in the file signs, so that a new one can be known before the old one goes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from evidence.transparency_log.model import Checkpoint
from evidence.transparency_log.rules.note import Note, VerifierKey, checkpoint_text, public_key, sign

_END = b"-----END PRIVATE KEY-----\n"


class LogSigner:
    """Signs checkpoints with Ed25519 under the log's own name."""

    def __init__(self, keys: Sequence[Ed25519PrivateKey]) -> None:
        self._keys = keys

    @classmethod
    def load_or_create(cls, path: Path) -> "LogSigner":
        """The keys in the file (PEM), newest first. Where there is none one is made, readable by its owner alone."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with _written_beside(path, _pem(Ed25519PrivateKey.generate())) as whole, suppress(FileExistsError):
                os.link(whole, path)  # where another process was faster, its key is the one
        keys = [load_pem_private_key(block + _END, None) for block in path.read_bytes().split(_END)[:-1]]
        found = [key for key in keys if isinstance(key, Ed25519PrivateKey)]
        if not found or len(found) < len(keys):
            raise TypeError(f"{path} does not hold Ed25519 keys alone")
        return cls(found)

    def verifier_keys(self, origin: str) -> list[VerifierKey]:
        return [public_key(origin, key) for key in self._keys]

    def sign(self, checkpoint: Checkpoint) -> Note:
        """The same checkpoint always becomes the same note."""
        text = checkpoint_text(checkpoint)
        return Note(text, tuple(sign(text, checkpoint.origin, key) for key in self._keys))


def add_key(path: Path) -> None:
    """Puts a new key before those in the file. Once verifiers know it, the last one may be taken out by hand."""
    with _written_beside(path, _pem(Ed25519PrivateKey.generate()) + path.read_bytes()) as whole:
        os.link(whole, beside := path.with_suffix(".new"))
        beside.replace(path)


@contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[str]:
    """A file with the content, safe on disk, that nobody else can read (mode 0600), gone at the end."""
    with NamedTemporaryFile(dir=path.parent) as whole:
        whole.write(content)
        whole.flush()
        os.fsync(whole.fileno())
        yield whole.name


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
