"""One cycle: the canary goes the way of all evidence, and every guard on it is tried once."""

import time
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

import anyio
import structlog

from evidence.custodian import Custodian
from evidence.self_proof import guards, passage, proof, queries
from evidence.self_proof.canary import ready
from evidence.self_proof.model import Cycle, Step, Tried
from evidence.self_proof.trial import Failed, Trial

LONGEST_SECONDS = 60.0
"""That one step may take; what hangs does not hold."""
MOST_DETAIL = 1000

STEPS: Mapping[Step, Callable[[Trial], Awaitable[None]]] = {
    Step.COMMITMENT: passage.commitment,
    Step.OTHER_BYTES: passage.other_bytes,
    Step.UPLOAD: passage.handed_in,
    Step.ADMITTED: passage.admitted,
    Step.HELD: passage.held,
    Step.ADMISSION_FORCED: guards.admission_forced,
    Step.CASE_FORCED: guards.case_forced,
    Step.REMOVAL: guards.removal,
    Step.SHORTENING: guards.shortening,
    Step.ROWS: guards.rows,
    Step.GUARDS: guards.in_place,
    Step.READ_BACK: passage.read_again,
    Step.LOGGED: proof.logged,
    Step.GREW: proof.grew,
    Step.PUBLISHED: proof.published,
    Step.BUNDLE: proof.bundle,
}

log = structlog.get_logger("plumbline")


async def prove(custodian: Custodian, patience_seconds: float = proof.PATIENCE_SECONDS) -> Cycle:
    """Tries every guard, keeps what was found, and returns it. A guard that does not hold raises nothing."""
    trial = await _begun(custodian, patience_seconds)
    steps = []
    for step, attempt in STEPS.items():
        begun = time.perf_counter()
        failure = trial if isinstance(trial, str) else await _failure(attempt, trial)
        took_ms = round((time.perf_counter() - begun) * 1000)
        steps.append(Tried(step, not failure, failure[:MOST_DETAIL], took_ms))
        if failure:
            log.error("self_proof_failed", step=step, detail=failure)
    cycle = Cycle(uuid4(), custodian.clock.now(), steps)
    async with custodian.database.connection() as db:
        await queries.keep_cycle(db, cycle)
    return cycle


async def _begun(custodian: Custodian, patience_seconds: float) -> Trial | str:
    """Or what kept the canary from being there at all."""
    try:
        async with custodian.database.connection() as db:
            before = await proof.newest(db)
        return Trial(custodian, await ready(custodian), before, patience_seconds)
    except Exception as error:
        log.exception("the canary of the self-proof is not ready")
        return _told(error)


async def _failure(attempt: Callable[[Trial], Awaitable[None]], trial: Trial) -> str:
    """What did not hold, empty where it did."""
    try:
        with anyio.fail_after(LONGEST_SECONDS):
            await attempt(trial)
    except Exception as error:  # noqa: BLE001 - whatever it was, the guard did not hold
        return _told(error)
    return ""


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}".strip(": ")
