"""What a filed report says, what the register says now, and what differs."""

import msgspec
from anyio import to_thread

from device_registry.annual_report.drafting import draft_of
from device_registry.annual_report.files.canonical import snapshot_of
from device_registry.annual_report.model.snapshot import Body
from device_registry.annual_report.model.workflow import Differences, Report, Stage, Version
from device_registry.annual_report.problems import NothingToCompare, ReportNotFound
from device_registry.annual_report.queries.steps import filed_bytes
from device_registry.annual_report.rules.differences import differences
from foundation.clock import Clock
from foundation.database import Database


async def proposal(database: Database, clock: Clock, report: Report) -> Differences:
    """What an amendment would change: the filed report that counts, against the register as it is known now.

    The filed bytes are read, never touched. Raises NothingToCompare.
    """
    filed = newest_filed(report)
    now = msgspec.structs.replace(filed, known_at=clock.now())
    before = await body_of(database, report, filed)
    after = (await draft_of(database, report, now)).body
    found = await to_thread.run_sync(differences, before, after)
    return msgspec.structs.replace(found, written=())


async def between(database: Database, report: Report, before: int, after: int) -> Differences:
    """Two versions of a report by their numbers. Raises ReportNotFound."""
    old = await body_of(database, report, version_of(report, before))
    new = await body_of(database, report, version_of(report, after))
    return await to_thread.run_sync(differences, old, new)


async def body_of(database: Database, report: Report, version: Version) -> Body:
    """As it was filed, or, of a version that is not, as the register fills it."""
    if version.filing is None:
        return (await draft_of(database, report, version)).body
    async with database.connection() as db:
        filed = await filed_bytes(db, version.id)
    assert filed is not None
    return (await to_thread.run_sync(snapshot_of, filed)).body


def newest_filed(report: Report) -> Version:
    """The newest filed version that was not returned. Raises NothingToCompare."""
    for version in reversed(report.versions):
        if version.filing is not None and version.stage is not Stage.RETURNED:
            return version
    raise NothingToCompare


def version_of(report: Report, number: int | None) -> Version:
    """The version with that number; None: the newest. Raises ReportNotFound."""
    if number is None:
        return report.latest
    for version in report.versions:
        if version.number == number:
            return version
    raise ReportNotFound
