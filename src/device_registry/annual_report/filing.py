"""From a draft to its receipt: each step a function, by another person, on exactly what the one before looked at."""

from datetime import date, datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from anyio import to_thread

from agency.queries import ancestors
from device_registry.annual_report.drafting import Draft, changed_fields, draft_of
from device_registry.annual_report.files.canonical import canonical, sha256, snapshot_of
from device_registry.annual_report.files.form import word
from device_registry.annual_report.model.movement import Period
from device_registry.annual_report.model.snapshot import Signatories, Snapshot, Written
from device_registry.annual_report.model.workflow import Report, Stage, Step, Version
from device_registry.annual_report.problems import (
    CheckerIsDrafter,
    ReportChangedSinceChecked,
    ReportDoesNotBalance,
    ReportNotFound,
    ReportPeriodUnfit,
    ReportStepNotAllowed,
    UnitDoesNotReport,
)
from device_registry.annual_report.queries import reports, steps
from device_registry.annual_report.queries.reports import NewVersion
from device_registry.annual_report.queries.steps import NewStep
from device_registry.annual_report.rules.reporting import is_late, period_fits, period_of, receiver_of
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Spoken

NAMED_AT_MOST = 20
"""Devices named in the sentence of a refusal; its member lists all."""


@runtime_checkable
class ReceiptSigner(Protocol):
    """Signs what a receipt says, so that anybody can check it with the published key."""

    def sign(self, payload: dict[str, Any]) -> str: ...


class Desk(NamedTuple):
    """Who acts, and with what."""

    database: Database
    clock: Clock
    person_id: UUID


async def begin(desk: Desk, unit_id: UUID, year: int, period_to: date | None) -> UUID:
    """The unit's report of the year, with its first version drafted from the register as it is known now.

    Raises UnitDoesNotReport, ReportPeriodUnfit, ReportBegunAlready.
    """
    now = desk.clock.now()
    async with desk.database.transaction() as db:
        period, receiver_id = await _period(db, unit_id, year, period_to, now)
        report_id = await reports.add_report(db, unit_id, year, now)
        new = NewVersion(report_id, unit_id, 1, receiver_id, period, now, desk.person_id, None)
        await _draft(db, new, Written())
    return report_id


async def draft_again(desk: Desk, report_id: UUID, reason: str, period_to: date | None) -> None:
    """Another version, from the register as it is known now; what people wrote on the last one is taken along.

    After a return, to amend what was received, or in place of a draft that nobody has checked yet. Raises
    ReportNotFound, ReportStepNotAllowed, UnitDoesNotReport, ReportPeriodUnfit.
    """
    now = desk.clock.now()
    async with desk.database.transaction() as db:
        report = await _locked(db, report_id)
        last = report.latest
        if last.stage not in (Stage.DRAFTED, Stage.RETURNED, Stage.RECEIVED):
            raise _not_now(last)
        period_to = period_to or (last.period.last if last.stage is Stage.RECEIVED else None)
        period, receiver_id = await _period(db, report.unit_id, report.year, period_to, now)
        if last.stage is Stage.DRAFTED:
            await steps.add_step(
                db, last.id, NewStep(Stage.RETURNED, Stage.DRAFTED, now, desk.person_id, last.drafted_by, reason=reason)
            )
        written = await reports.written_on(db, last.id)
        new = NewVersion(report_id, report.unit_id, last.number + 1, receiver_id, period, now, desk.person_id, reason)
        await _draft(db, new, written)


async def write(desk: Desk, report_id: UUID, revision: int, written: Written) -> int:
    """What people add to a draft. `revision` is the one it was written on; the new one is returned.

    Raises ReportNotFound, ReportStepNotAllowed, ReportEditedMeanwhile.
    """
    async with desk.database.transaction() as db:
        report = await _locked(db, report_id)
        version = report.latest
        if version.stage is not Stage.DRAFTED:
            raise _not_now(version)
        edits = await reports.edits_of(db, version.id)
        if version.revision != revision:
            raise reports.edited_meanwhile([edit for edit in edits if edit.revision > revision])
        changed = changed_fields(edits[-1].written, written)
        if not changed:
            return revision
        await reports.add_edit(db, version.id, revision + 1, written, changed, desk.clock.now(), desk.person_id)
    return revision + 1


async def check(desk: Desk, report_id: UUID) -> None:
    """Somebody who neither drafted nor wrote on it finds it right.

    Raises ReportNotFound, ReportStepNotAllowed, ReportDoesNotBalance, ReportEditedMeanwhile, CheckerIsDrafter.
    """
    ready = await _ready(desk, report_id, Stage.DRAFTED)
    if ready.draft.breaks:
        raise _does_not_balance(ready.draft)
    async with desk.database.transaction() as db:
        await _still(db, ready)
        edits = await reports.edits_of(db, ready.version.id)
        if desk.person_id in {ready.version.drafted_by, *(edit.by for edit in edits)}:
            raise CheckerIsDrafter
        await steps.add_step(db, ready.version.id, ready.step(Stage.CHECKED, desk))


async def sign_off(desk: Desk, report_id: UUID) -> None:
    """The head of the unit, other than who checked.

    Raises ReportNotFound, ReportStepNotAllowed, ReportChangedSinceChecked, SignerIsChecker.
    """
    ready = await _ready(desk, report_id, Stage.CHECKED)
    async with desk.database.transaction() as db:
        await _still(db, ready)
        checked_by = taken(ready.version, Stage.CHECKED).by
        await steps.add_step(db, ready.version.id, ready.step(Stage.SIGNED_OFF, desk)._replace(checked_by=checked_by))


async def file(desk: Desk, report_id: UUID, signer: ReceiptSigner) -> None:
    """Freezes the snapshot under a filing number, and gives the unit its receipt.

    After the deadline it is filed all the same, and is late: the day is never another than it was. Raises
    ReportNotFound, ReportStepNotAllowed, ReportChangedSinceChecked.
    """
    ready = await _ready(desk, report_id, Stage.SIGNED_OFF)
    new = ready.step(Stage.FILED, desk)
    ordinal = 1 + sum(version.filing is not None for version in ready.report.versions)
    snapshot = _frozen(ready, ordinal, new.at)
    filed = await to_thread.run_sync(canonical, snapshot)
    receipt = signer.sign(_receipt(Stage.FILED, report_id, snapshot, sha256(filed), new))
    async with desk.database.transaction() as db:
        await _still(db, ready)
        await steps.add_step(db, ready.version.id, new._replace(receipt=receipt))
        await steps.add_filing(db, ready.version.id, ordinal, snapshot, filed)


async def receive(desk: Desk, report_id: UUID, signer: ReceiptSigner) -> None:
    """The government confirms that it has the report. Raises ReportNotFound, ReportStepNotAllowed."""
    async with desk.database.transaction() as db:
        report = await _locked(db, report_id)
        version = report.latest
        filed = await steps.filed_bytes(db, version.id)
        if version.stage is not Stage.FILED or filed is None:
            raise _not_now(version)
        new = NewStep(Stage.RECEIVED, Stage.FILED, desk.clock.now(), desk.person_id, version.drafted_by)
        receipt = signer.sign(_receipt(Stage.RECEIVED, report_id, snapshot_of(filed), sha256(filed), new))
        await steps.add_step(db, version.id, new._replace(receipt=receipt))


async def give_back(desk: Desk, report_id: UUID, stage: Stage, reason: str) -> None:
    """Whoever's turn it is returns the version, with a reason; another one follows it.

    `stage` is the one it was read at. Raises ReportNotFound, ReportStepNotAllowed.
    """
    async with desk.database.transaction() as db:
        version = (await _locked(db, report_id)).latest
        if version.stage is not stage or stage in (Stage.RECEIVED, Stage.RETURNED):
            raise _not_now(version)
        new = NewStep(Stage.RETURNED, stage, desk.clock.now(), desk.person_id, version.drafted_by, reason=reason)
        await steps.add_step(db, version.id, new)


def taken(version: Version, stage: Stage) -> Step:
    """The step of that stage, which the version has taken."""
    return next(step for step in version.steps if step.stage is stage)


class _Ready(NamedTuple):
    """A version at the right step, with its body drawn anew outside of any transaction."""

    report: Report
    version: Version
    draft: Draft
    body_sha256: str

    def step(self, stage: Stage, desk: Desk) -> NewStep:
        return NewStep(
            stage,
            self.version.stage,
            desk.clock.now(),
            desk.person_id,
            self.version.drafted_by,
            revision=self.version.revision,
            body_sha256=self.body_sha256,
        )


async def _ready(desk: Desk, report_id: UUID, stage: Stage) -> _Ready:
    async with desk.database.connection() as db:
        report = await _known(db, report_id)
    version = report.latest
    if version.stage is not stage:
        raise _not_now(version)
    draft = await draft_of(desk.database, report, version)
    digest = sha256(await to_thread.run_sync(canonical, draft.body))
    if stage is not Stage.DRAFTED and taken(version, Stage.CHECKED).body_sha256 != digest:
        raise ReportChangedSinceChecked
    return _Ready(report, version, draft, digest)


async def _still(db: Connection, ready: _Ready) -> None:
    """Locks the report and sees that it stands where it did when the body was drawn."""
    version = (await _locked(db, ready.report.id)).latest
    if (version.id, version.stage) != (ready.version.id, ready.version.stage):
        raise _not_now(version)
    if version.revision != ready.version.revision:
        raise reports.edited_meanwhile(await reports.edits_of(db, version.id, since=ready.version.revision))


async def _draft(db: Connection, new: NewVersion, written: Written) -> None:
    version_id = await reports.add_version(db, new, written)
    await steps.add_step(db, version_id, NewStep(Stage.DRAFTED, None, new.at, new.by, new.by, reason=new.reason))


async def _period(
    db: Connection, unit_id: UUID, year: int, period_to: date | None, now: datetime
) -> tuple[Period, UUID]:
    """Until the day given, or until today or the end of the year. A closing date in the future closes nothing."""
    last = await reports.last_report_of(db, unit_id, year)
    today = day_of(now)
    closing = last.latest.period.last if last else None
    period = period_of(year, closing, period_to or min(today, date(year, 12, 31)))
    if not period_fits(period) or period.last > today:
        raise ReportPeriodUnfit(field="period_to", year=year, first=period.first.isoformat())
    receiver = receiver_of(await ancestors(db, unit_id, period.last))
    if receiver is None:
        raise UnitDoesNotReport(field="unit_id")
    return period, receiver.id


async def _locked(db: Connection, report_id: UUID) -> Report:
    await reports.lock_report(db, report_id)
    return await _known(db, report_id)


async def _known(db: Connection, report_id: UUID) -> Report:
    report = await reports.report_by_id(db, report_id)
    if report is None:
        raise ReportNotFound
    return report


def _frozen(ready: _Ready, ordinal: int, at: datetime) -> Snapshot:
    body, version = ready.draft.body, ready.version
    return Snapshot(
        body=body,
        signatories=Signatories(
            drafted_by=taken(version, Stage.DRAFTED).by_zh,
            checked_by=taken(version, Stage.CHECKED).by_zh,
            signed_off_by=taken(version, Stage.SIGNED_OFF).by_zh,
        ),
        filing_number=word("number", unit=body.unit.name_zh, year=body.year, ordinal=ordinal),
        filed_at=at,
        late=is_late(at, body.year),
    )


def _receipt(stage: Stage, report_id: UUID, snapshot: Snapshot, digest: str, step: NewStep) -> dict[str, Any]:
    """What is signed: this report with exactly these bytes was filed, or received, at this instant."""
    return {
        "receipt": f"ANNUAL_REPORT_{stage}",
        "report_id": report_id,
        "filing_number": snapshot.filing_number,
        "unit_id": snapshot.body.unit.id,
        "receiver_id": snapshot.body.receiver.id,
        "year": snapshot.body.year,
        "version": snapshot.body.version,
        "snapshot_sha256": digest,
        "late": snapshot.late,
        "person_id": step.by,
        "at": step.at,
    }


def _not_now(version: Version) -> ReportStepNotAllowed:
    return ReportStepNotAllowed(stage=Spoken(f"annual-report.stage.{version.stage}"))


def _does_not_balance(draft: Draft) -> ReportDoesNotBalance:
    tags = [found.tag for found in draft.breaks]
    devices = [
        {
            "device_id": found.device_id,
            "tag": found.tag,
            "cause": found.cause,
            "words": Spoken(f"annual-report.break.{found.cause}", expected=found.expected, found=found.found),
        }
        for found in draft.breaks
    ]
    named = "、".join(tags[:NAMED_AT_MOST]) + ("…" if len(tags) > NAMED_AT_MOST else "")
    return ReportDoesNotBalance(count=len(tags), tags=named, members={"devices": devices})
