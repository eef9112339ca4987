"""Steps: from the capture to the verdict, and the bytes read back."""

import hashlib

from joserfc.jwk import ECKey
from msgspec.structs import replace

from evidence import queries as evidence
from evidence import signing, upload
from evidence.admission import Judged
from evidence.commitment import commit
from evidence.fixity import queries as fixity
from evidence.fixity.reading import AGAIN, WITHIN, Fixity, read_back
from evidence.problems import CommitmentNotSigned, DigestMismatch
from evidence.self_proof.canary import Captured
from evidence.self_proof.trial import Failed, Trial

EXPECTED = "VERIFICATION_OVERDUE"


async def commitment(trial: Trial) -> None:
    """Receipt 1 for what the phone signed; what another key signed is refused."""
    custodian, phone = trial.custodian, trial.canary.phone
    now = custodian.clock.now()
    try:
        forged = phone.commitment(trial.canary.good, now, ECKey.generate_key("P-256"))
        await commit(custodian, forged, phone.courier)
    except CommitmentNotSigned:
        pass
    else:
        raise Failed("a commitment that another key signed was accepted")
    for captured in (trial.canary.good, trial.canary.lapsed):
        done = await commit(custodian, phone.commitment(captured, now), phone.courier)
        custodian.signer.signed(done.receipt, signing.RECEIPT_TYPE)


async def other_bytes(trial: Trial) -> None:
    try:
        await _handed_in(trial, trial.canary.good, other=True)
    except DigestMismatch:
        return
    raise Failed("other bytes than were committed were accepted")


async def handed_in(trial: Trial) -> None:
    """The committed bytes, from both devices: whole, locked, judged, with receipt 2."""
    trial.handed_in = await _handed_in(trial, trial.canary.good)
    trial.refused = await _handed_in(trial, trial.canary.lapsed)
    async with trial.custodian.database.connection() as db:
        received = await evidence.content_of(db, trial.canary.good.id)
    if received is None:
        raise Failed("nothing is known of the bytes that were received")
    trial.stored = received[1]
    for judged in (trial.handed_in, trial.refused):
        trial.custodian.signer.signed(judged.receipt, signing.RECEIPT_TYPE)
    there = await trial.custodian.store.find(hashlib.sha256(trial.canary.good.body).digest())
    if there is None or there.retained_until is None:
        raise Failed("the object is not locked, though its receipt is signed")
    if there.retained_until < received[1].retained_until.replace(microsecond=0):
        raise Failed(f"locked until {there.retained_until}, promised until {received[1].retained_until}")


async def admitted(trial: Trial) -> None:
    """With a device in standing it counts."""
    verdict = trial.the_verdict().verdict
    if verdict.outcome != "ADMITTED":
        raise Failed(f"{verdict.outcome}: {', '.join(reason.code for reason in verdict.reasons)}")


async def held(trial: Trial) -> None:
    """With a lapsed one it does not, and for that reason."""
    verdict = trial.the_refusal().verdict
    codes = [reason.code for reason in verdict.reasons]
    if verdict.outcome != "HELD" or EXPECTED not in codes:
        raise Failed(f"captured with a device whose certificate had run out: {verdict.outcome} {', '.join(codes)}")


async def read_again(trial: Trial) -> None:
    """The bytes are as they were, other bytes would be noticed, and nothing waits longer than promised to be read."""
    store, stored = trial.custodian.store, trial.the_object()
    if (found := await read_back(store, stored)) is not Fixity.SAME:
        raise Failed(f"the object is {found}")
    shadow = replace(stored, sha256=hashlib.sha256(stored.sha256).digest())
    if (found := await read_back(store, shadow)) is not Fixity.CHANGED:
        raise Failed(f"bytes that do not have their digest were read as {found}")
    async with trial.custodian.database.connection() as db:
        oldest = await fixity.oldest_reading(db)
    if oldest is not None and trial.custodian.clock.now() - oldest > WITHIN + AGAIN:
        raise Failed(f"an object was last read back at {oldest}")


async def _handed_in(trial: Trial, captured: Captured, *, other: bool = False) -> Judged:
    custodian, courier = trial.custodian, trial.canary.phone.courier
    stream = captured.other_stream() if other else captured.stream()
    done = await upload.begin_with(custodian, captured.id, len(captured.body), stream, courier)
    if done.judged is None:
        raise Failed(f"{done.offset} of {len(captured.body)} bytes were taken, and nothing judged")
    return done.judged
