"""A witness: a key and a memory of what it has signed, in one folder, on a machine that need have no network."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.transparency_log.rules.note import COSIGNATURE, Signature, VerifierKey, cosign, public_key
from evidence.transparency_log.rules.witnessing import NOTHING_SEEN, Request, Seen, to_be_signed
from foundation.clock import Clock


class _Log(msgspec.Struct):
    """A log as its witness knows it."""

    keys: list[str]
    size: int = NOTHING_SEEN.size
    root: bytes = NOTHING_SEEN.root


class _Memory(msgspec.Struct):
    name: str
    private_key: bytes
    logs: dict[str, _Log] = {}


class Witness:
    """Signs a checkpoint only after it is safe on disk that it did: it never forgets what it has seen."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "witness.json"

    @property
    def exists(self) -> bool:
        return self._file.exists()

    def begin(self, name: str) -> None:
        """A new witness of that name, which appears in its signatures and holds no space and no plus."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._keep(_Memory(name, Ed25519PrivateKey.generate().private_bytes_raw()))

    def verifier_key(self) -> VerifierKey:
        memory = self._remembered()
        return public_key(memory.name, _private(memory), COSIGNATURE)

    def trust(self, key: VerifierKey) -> None:
        """The key signs for the log of its name, as well as those known before."""
        with self._alone() as memory:
            log = memory.logs.setdefault(key.name, _Log([]))
            if str(key) not in log.keys:
                log.keys.append(str(key))
                self._keep(memory)

    def sign(self, request: Request, clock: Clock) -> Signature:
        """Raises NotWitnessed, NoteRefused."""
        with self._alone() as memory:
            origin = request.note.text.partition("\n")[0]
            log = memory.logs.get(origin, _Log([]))
            keys = [VerifierKey.parse(key) for key in log.keys]
            checkpoint = to_be_signed(request, Seen(log.size, log.root), keys)
            log.size, log.root = checkpoint.size, checkpoint.root
            self._keep(memory)
            return cosign(request.note.text, memory.name, _private(memory), int(clock.now().timestamp()))

    def _remembered(self) -> _Memory:
        return msgspec.json.decode(self._file.read_bytes(), type=_Memory)

    @contextmanager
    def _alone(self) -> Iterator[_Memory]:
        with (self._file.parent / "witness.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._remembered()

    def _keep(self, memory: _Memory) -> None:
        with NamedTemporaryFile(dir=self._file.parent, delete=False) as whole:  # mode 0600
            whole.write(msgspec.json.encode(memory))
            whole.flush()
            os.fsync(whole.fileno())
        Path(whole.name).replace(self._file)


def _private(memory: _Memory) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(memory.private_key)
