"""Steps: what even a wrong program cannot do, done with the program's own credentials to the canary alone."""

from uuid import uuid4

from evidence.case_files.model import CaseFile
from evidence.self_proof import queries
from evidence.self_proof.canary import NAME_ZH
from evidence.self_proof.queries import Refusal
from evidence.self_proof.trial import Failed, Trial
from foundation.civil import day_of


async def admission_forced(trial: Trial) -> None:
    """The database admits nothing outside a verified period."""
    trial.the_refusal()
    now = trial.custodian.clock.now()
    _by(
        "admission_in_verified_period",
        await queries.admitted_anyway(trial.custodian.database, trial.canary.lapsed.id, now),
    )


async def case_forced(trial: Trial) -> None:
    """The database lets no case rest on what does not count."""
    trial.the_refusal()
    canary, now = trial.canary, trial.custodian.clock.now()
    case = CaseFile(id=uuid4(), number=NAME_ZH, unit_id=canary.who.unit_id, title=NAME_ZH, opened_on=day_of(now))
    refusal = await queries.attached_anyway(
        trial.custodian.database, case, canary.lapsed.id, canary.who.officer_id, now
    )
    _by("case_evidence_admitted", refusal)


async def removal(trial: Trial) -> None:
    if not await trial.custodian.store.removal_refused(trial.the_object()):
        raise Failed("the store removed a locked object")


async def shortening(trial: Trial) -> None:
    stored, now = trial.the_object(), trial.custodian.clock.now()
    sooner = now + (stored.retained_until - now) / 2
    if not await trial.custodian.store.shortening_refused(stored, sooner):
        raise Failed(f"the store shortened a lock to {sooner}")


async def rows(trial: Trial) -> None:
    """Of evidence, verdicts, custody and log the program's role can neither edit nor delete one."""
    trial.the_verdict()
    if allowed := await queries.changed_anyway(trial.custodian.database, trial.canary.good.id):
        raise Failed("; ".join(allowed))


async def in_place(trial: Trial) -> None:
    """Constraints and triggers that hold when the program is wrong are there and switched on."""
    async with trial.custodian.database.connection() as db:
        if missing := await queries.guards_missing(db):
            raise Failed(", ".join(missing))


def _by(constraint: str, refusal: Refusal) -> None:
    if refusal.constraint != constraint:
        found = f"{refusal.sqlstate} {refusal.constraint}".strip() or "the database took it"
        raise Failed(f"not refused by {constraint}: {found}")
