"""Steps taken, filings and their rows. The database knows who may follow whom; its refusals become problems here."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import CheckViolationError, ForeignKeyViolationError, UniqueViolationError

from device_registry.annual_report.model.snapshot import Row, Snapshot
from device_registry.annual_report.model.workflow import Stage
from device_registry.annual_report.problems import CheckerIsDrafter, ReportStepNotAllowed, SignerIsChecker
from foundation.database import Connection
from foundation.problem import Problem, Spoken

REFUSALS: dict[str | None, type[Problem]] = {
    "annual_report_checker_is_not_drafter": CheckerIsDrafter,
    "annual_report_signer_is_not_checker": SignerIsChecker,
}


class NewStep(NamedTuple):
    stage: Stage
    follows: Stage | None
    at: datetime
    by: UUID
    drafted_by: UUID
    checked_by: UUID | None = None
    reason: str | None = None
    revision: int | None = None
    body_sha256: str | None = None
    receipt: str | None = None


async def add_step(db: Connection, version_id: UUID, step: NewStep) -> None:
    """Raises ReportStepNotAllowed where the version has moved on, CheckerIsDrafter, SignerIsChecker."""
    try:
        await db.execute(
            """
            insert into annual_report_step (version_id, stage, follows, at, by, drafted_by, checked_by, reason,
                                            revision, body_sha256, receipt)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, decode($10, 'hex'), $11)
            """,
            version_id,
            *step,
        )
    except CheckViolationError as error:
        raise REFUSALS[error.constraint_name] from error
    except (UniqueViolationError, ForeignKeyViolationError) as error:
        stage = Spoken(f"annual-report.stage.{step.follows or step.stage}")
        raise ReportStepNotAllowed(stage=stage) from error


async def next_ordinal(db: Connection, unit_id: UUID, year: int) -> int:
    """Of the unit's filings of that year. The report must be locked."""
    ordinal: int = await db.fetchval(
        "select coalesce(max(ordinal), 0) + 1 from annual_report_filing where unit_id = $1 and year = $2", unit_id, year
    )
    return ordinal


async def add_filing(db: Connection, version_id: UUID, ordinal: int, snapshot: Snapshot, filed: bytes) -> None:
    """The snapshot's bytes for good, and its rows beside them to be counted."""
    await db.execute(
        """
        insert into annual_report_filing (version_id, unit_id, year, ordinal, number, filed_at, late, snapshot,
                                          snapshot_sha256)
        values ($1, $2, $3, $4, $5, $6, $7, $8::bytea, sha256($8::bytea))
        """,
        version_id,
        snapshot.body.unit.id,
        snapshot.body.year,
        ordinal,
        snapshot.filing_number,
        snapshot.filed_at,
        snapshot.late,
        filed,
    )
    await add_rows(db, version_id, snapshot.body.rows)


async def add_rows(db: Connection, version_id: UUID, rows: Sequence[Row]) -> None:
    await db.copy_records_to_table("annual_report_row", records=_records(version_id, rows), columns=ROW_COLUMNS)


ROW_COLUMNS = (
    "version_id",
    "position",
    "device_id",
    "tag",
    "decision",
    "reason",
    "at_opening",
    "at_closing",
    "moved",
    "row",
)


def _records(version_id: UUID, rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
    for position, row in enumerate(rows):
        moved = any(movement.other_unit is not None for movement in row.movements) or row.other_unit is not None
        counted = msgspec.structs.replace(row, particulars=None)
        yield (
            version_id, position, row.device_id, row.tag, row.decision, row.reason, row.at_opening, row.at_closing,
            moved, counted,
        )  # fmt: skip


async def filed_bytes(db: Connection, version_id: UUID) -> bytes | None:
    """The snapshot as it was filed; None: not filed."""
    found: bytes | None = await db.fetchval(
        "select snapshot from annual_report_filing where version_id = $1", version_id
    )
    return found


async def closing_devices(db: Connection, version_id: UUID) -> dict[UUID, str]:
    """The devices that a filed version counts in service at its end, with their tags."""
    rows = await db.fetch(
        "select device_id, tag from annual_report_row where version_id = $1 and at_closing order by tag", version_id
    )
    return dict(tuple(row) for row in rows)
