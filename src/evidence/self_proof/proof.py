"""Steps: the canary is in the log, the log only grew, what is published says the same, a stranger can verify it."""

import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import anyio

from evidence.court_bundle.contents import contents
from evidence.court_bundle.model import Export, File, Piece
from evidence.self_proof import queries
from evidence.self_proof.canary import NAME_ZH
from evidence.self_proof.trial import Failed, Trial
from evidence.transparency_log import queries as log
from evidence.transparency_log.fsck import signed_by_any
from evidence.transparency_log.proving import consistency_proof, proven_entries
from evidence.transparency_log.published import checkpoint_key, publish
from evidence.transparency_log.queries import Signed
from evidence.transparency_log.rules.leaf import leaf_hash
from evidence.transparency_log.rules.merkle import consistent, included
from evidence.transparency_log.rules.note import Note, VerifierKey, checkpoint_in
from foundation.database import Connection
from foundation.object_store import ObjectStore

PATIENCE_SECONDS = 15.0
"""For the sequencer, which needs less than one."""
A_LOOK_SECONDS = 0.2
VERIFIED = 0
"""How `verify.py` ends where all holds."""


async def newest(db: Connection) -> Signed | None:
    return await log.latest_checkpoint(db)


async def logged(trial: Trial) -> None:
    """Every custody entry of the canary is under a signed checkpoint, in time and provably."""
    trial.the_verdict()
    evidence_id = trial.canary.good.id
    database = trial.custodian.database
    async with database.connection() as db:
        entries = await queries.entries_of(db, evidence_id)
    for _ in range(max(1, round(trial.patience_seconds / A_LOOK_SECONDS))):
        async with database.connection() as db:
            signed = await log.latest_checkpoint(db)
            proven = await proven_entries(db, evidence_id, signed.size) if signed else []
        if len(proven) >= entries:
            break
        await anyio.sleep(A_LOOK_SECONDS)
    else:
        raise Failed(f"{len(proven)} of {entries} entries are in the log after {trial.patience_seconds:g} s")
    assert signed is not None
    for one in proven:
        if not included(leaf_hash(one.leaf.encode()), one.index, signed.size, one.proof, signed.root):
            raise Failed(f"leaf {one.index} is not under the root of {signed.size}")
    await _truly_signed(trial, Note.parse(signed.note), signed)
    trial.signed = signed


async def grew(trial: Trial) -> None:
    """What was signed before the cycle begins what is signed now."""
    signed, before = trial.the_checkpoint(), trial.before
    if before is None:
        return
    await _begins(trial, before.size, before.root, signed)


async def published(trial: Trial) -> None:
    """The newest checkpoint goes out; what the store answers is signed, and begins the log as it is now."""
    trial.the_checkpoint()
    custodian = trial.custodian
    size = await publish(custodian)
    async with custodian.database.connection() as db:
        origin, signed = await log.origin_of(db), await log.latest_checkpoint(db)
    text = await custodian.store.whole(checkpoint_key(origin, size))
    if text is None or signed is None:
        raise Failed(f"the published checkpoint of size {size} is not in the store")
    note = Note.parse(text.decode())
    there = checkpoint_in(note.text)
    if (there.origin, there.size) != (origin, size):
        raise Failed(f"the store answers a checkpoint of {there.origin} {there.size} for {origin} {size}")
    await _truly_signed(trial, note, None)
    await _begins(trial, there.size, there.root, signed)


async def bundle(trial: Trial) -> None:
    """The bundle's own `verify.py`, run by a Python of its own, finds no fault in the canary's."""
    signed = trial.the_checkpoint()
    canary, custodian = trial.canary, trial.custodian
    async with custodian.database.connection() as db:
        keys = await log.verifier_keys(db)
    good = Piece(
        evidence_id=canary.good.id,
        officer=NAME_ZH,
        receipts=["COMMITTED", "SAFE_TO_WIPE"],
        size=len(canary.good.body),
        read_at=None,
        read_outcome=None,
    )
    made = Export(
        id=uuid4(),
        reason=NAME_ZH,
        log_size=signed.size,
        note=signed.note,
        made_by=canary.who.officer_id,
        made_by_name=NAME_ZH,
        made_at=custodian.clock.now(),
        log_keys=keys,
        receipt_keys=[dict(custodian.signer.public_key())],
        pieces=[good],
    )
    with tempfile.TemporaryDirectory(prefix="plumbline-self-proof-") as name:
        folder = Path(name)
        async for file in contents(custodian.database, made):
            await anyio.to_thread.run_sync(_write, folder / file.name, await _bytes(custodian.store, file))
        done = await anyio.run_process([sys.executable, "-I", str(folder / "verify.py"), name], check=False)
    if done.returncode != VERIFIED:
        raise Failed(f"verify.py ends with {done.returncode}: {(done.stdout + done.stderr).decode()[-500:]}")


async def _truly_signed(trial: Trial, note: Note, signed: Signed | None) -> None:
    async with trial.custodian.database.connection() as db:
        keys = [VerifierKey.parse(key) for key in await log.verifier_keys(db)]
    told = checkpoint_in(note.text)
    if not signed_by_any(note, keys):
        raise Failed(f"no known key signed the checkpoint of size {told.size}")
    if signed is not None and (told.size, told.root) != (signed.size, signed.root):
        raise Failed(f"another root was signed for size {signed.size}")


async def _begins(trial: Trial, size: int, root: bytes, later: Signed) -> None:
    async with trial.custodian.database.connection() as db:
        path = await consistency_proof(db, size, later.size)
    if not consistent(size, later.size, path, root, later.root):
        raise Failed(f"the log of {later.size} entries does not begin with that of {size}")


async def _bytes(store: ObjectStore, file: File) -> bytes:
    if isinstance(file.content, bytes):
        return file.content
    return b"".join([chunk async for chunk in store.read(file.content.key, file.content.version_id)])


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
