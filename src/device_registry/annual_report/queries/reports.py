"""Reports, their versions, what was written on them and which steps were taken."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError

from device_registry.annual_report.model.movement import Period
from device_registry.annual_report.model.snapshot import Written
from device_registry.annual_report.model.workflow import Edit, Filing, Report, Stage, Step, Version
from device_registry.annual_report.problems import ReportBegunAlready, ReportEditedMeanwhile
from device_registry.queries import Document
from foundation.database import Connection
from foundation.object_store import StoredObject


async def report_by_id(db: Connection, report_id: UUID) -> Report | None:
    """With all its versions."""
    return next(iter(await reports_by_ids(db, [report_id])), None)


async def reports_by_ids(db: Connection, report_ids: Collection[UUID]) -> list[Report]:
    """In the order of year, unit."""
    rows = await db.fetch(
        """
        select id, unit_id, year
          from annual_report
         where id = any ($1)
         order by year desc, unit_id
        """,
        list(report_ids),
    )
    versions = await _versions(db, report_ids)
    return [Report(id=id_, unit_id=unit_id, year=year, versions=tuple(versions[id_])) for id_, unit_id, year in rows]


async def _versions(db: Connection, report_ids: Collection[UUID]) -> dict[UUID, list[Version]]:
    rows = await db.fetch(
        """
        select version.report_id, version.id, version.number, version.receiver_id, version.year, version.period_from,
               version.period_to, version.known_at, version.drafted_by, version.reason,
               (select max(revision) from annual_report_edit where version_id = version.id),
               array(select row (step.stage, step.at, step.by, person.name_zh, person.name_en, step.reason,
                                 encode(step.body_sha256, 'hex'), step.receipt)
                       from annual_report_step as step
                       join person on person.id = step.by
                      where step.version_id = version.id
                      order by step.at, array_position(
                          array['DRAFTED', 'CHECKED', 'SIGNED_OFF', 'FILED', 'RECEIVED', 'RETURNED'], step.stage)),
               filing.number, filing.ordinal, filing.filed_at, filing.late, encode(filing.snapshot_sha256, 'hex'),
               octet_length(filing.snapshot)
          from annual_report_version as version
          left join annual_report_filing as filing on filing.version_id = version.id
         where version.report_id = any ($1)
         order by version.report_id, version.number
        """,
        list(report_ids),
    )
    found: dict[UUID, list[Version]] = {}
    for (
        report_id, id_, number, receiver_id, year, first, last, known_at, drafted_by, reason, revision, steps, *filed
    ) in rows:  # fmt: skip
        filing = None
        if filed[0] is not None:
            filing_no, ordinal, filed_at, late, digest, size = filed
            filing = Filing(
                number=filing_no, ordinal=ordinal, filed_at=filed_at, late=late, snapshot_sha256=digest, size=size
            )
        version = Version(
            id=id_,
            number=number,
            receiver_id=receiver_id,
            period=Period(year, first, last),
            known_at=known_at,
            drafted_by=drafted_by,
            reason=reason,
            revision=revision,
            steps=tuple(_step(*step) for step in steps),
            filing=filing,
        )
        found.setdefault(report_id, []).append(version)
    return found


def _step(
    stage: str,
    at: datetime,
    by: UUID,
    by_zh: str,
    by_en: str,
    reason: str | None,
    digest: str | None,
    receipt: str | None,
) -> Step:
    return Step(
        stage=Stage(stage), at=at, by=by, by_zh=by_zh, by_en=by_en, reason=reason, body_sha256=digest, receipt=receipt
    )


async def reports_of(db: Connection, units: Collection[UUID], *, year: int | None, received: bool) -> list[Report]:
    """Reports that the units made, or with `received` those made to them."""
    rows = await db.fetch(
        """
        select distinct report_id
          from annual_report_version
         where case when $3 then receiver_id else unit_id end = any ($1)
           and ($2::int is null or year = $2)
        """,
        list(units),
        year,
        received,
    )
    return await reports_by_ids(db, [row[0] for row in rows])


async def report_of(db: Connection, unit_id: UUID, year: int) -> UUID | None:
    found: UUID | None = await db.fetchval(
        "select id from annual_report where unit_id = $1 and year = $2", unit_id, year
    )
    return found


async def last_report_of(db: Connection, unit_id: UUID, year: int) -> Report | None:
    """The unit's report of the year before."""
    report_id = await report_of(db, unit_id, year - 1)
    return None if report_id is None else await report_by_id(db, report_id)


async def lock_report(db: Connection, report_id: UUID) -> None:
    """One change of a report at a time, until the transaction ends."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1::text, 8))", str(report_id))


async def add_report(db: Connection, unit_id: UUID, year: int, at: datetime) -> UUID:
    """Raises ReportBegunAlready."""
    try:
        report_id: UUID = await db.fetchval(
            "insert into annual_report (unit_id, year, created_at) values ($1, $2, $3) returning id", unit_id, year, at
        )
    except UniqueViolationError as error:
        raise ReportBegunAlready(field="year", year=year) from error
    return report_id


class NewVersion(NamedTuple):
    report_id: UUID
    unit_id: UUID
    number: int
    receiver_id: UUID
    period: Period
    at: datetime
    by: UUID
    reason: str | None


async def add_version(db: Connection, new: NewVersion, written: Written) -> UUID:
    """Drafted, as the register is known at `new.at`."""
    version_id: UUID = await db.fetchval(
        """
        insert into annual_report_version (report_id, unit_id, year, number, receiver_id, period_from, period_to,
                                           known_at, drafted_at, drafted_by, reason)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)
        returning id
        """,
        new.report_id,
        new.unit_id,
        new.period.year,
        new.number,
        new.receiver_id,
        new.period.first,
        new.period.last,
        new.at,
        new.by,
        new.reason,
    )
    await add_edit(db, version_id, 0, written, (), new.at, new.by)
    return version_id


async def add_edit(
    db: Connection, version_id: UUID, revision: int, written: Written, changed: tuple[str, ...], at: datetime, by: UUID
) -> None:
    """Raises ReportEditedMeanwhile where that revision is there already, with who wrote what since."""
    try:
        async with db.transaction():
            await db.execute(
                """
                insert into annual_report_edit (version_id, revision, written, changed, at, by)
                values ($1, $2, $3, $4, $5, $6)
                """,
                version_id,
                revision,
                written,
                list(changed),
                at,
                by,
            )
    except UniqueViolationError as error:
        raise edited_meanwhile(await edits_of(db, version_id, since=revision - 1)) from error


def edited_meanwhile(edits: list[Edit]) -> ReportEditedMeanwhile:
    changes = [
        {
            "revision": edit.revision,
            "by": edit.by_zh,
            "at": edit.at.isoformat(),
            "changed": list(edit.changed),
            "written": msgspec.to_builtins(edit.written),
        }
        for edit in edits
    ]
    who = "、".join(dict.fromkeys(edit.by_zh for edit in edits))
    return ReportEditedMeanwhile(field="revision", who=who, members={"changes": changes})


async def edits_of(db: Connection, version_id: UUID, *, since: int = -1) -> list[Edit]:
    """What was written after that revision, oldest first."""
    rows = await db.fetch(
        """
        select revision, at, by, person.name_zh, person.name_en, changed, written
          from annual_report_edit
          join person on person.id = by
         where version_id = $1
           and revision > $2
         order by revision
        """,
        version_id,
        since,
    )
    return [
        Edit(
            revision=revision,
            at=at,
            by=by,
            by_zh=by_zh,
            by_en=by_en,
            changed=tuple(changed),
            written=msgspec.convert(written, Written),
        )
        for revision, at, by, by_zh, by_en, changed, written in rows
    ]


async def written_on(db: Connection, version_id: UUID) -> Written:
    """The newest revision."""
    written: dict[str, Any] = await db.fetchval(
        "select written from annual_report_edit where version_id = $1 order by revision desc limit 1", version_id
    )
    return msgspec.convert(written, Written)


async def documents_kept(db: Connection, digests: Collection[str]) -> set[str]:
    """Those of the SHA-256 digests (hex) of which a document is kept."""
    rows = await db.fetch(
        "select encode(sha256, 'hex') from document where sha256 = any ($1)", [bytes.fromhex(one) for one in digests]
    )
    return {row[0] for row in rows}


async def waiting_for(db: Connection, units: Collection[UUID], stages: Collection[Stage], *, received: bool) -> int:
    """How many reports of the units, or with `received` made to them, have a newest version that stands there."""
    count: int = await db.fetchval(
        """
        select count(*)
          from annual_report_version as version
         where case when $3 then receiver_id else unit_id end = any ($1)
           and not exists (select from annual_report_version as later
                            where later.report_id = version.report_id and later.number > version.number)
           and (select stage
                  from annual_report_step as step
                 where step.version_id = version.id
                   and not exists (select from annual_report_step as next
                                    where next.version_id = step.version_id and next.follows = step.stage))
               = any ($2)
        """,
        list(units),
        list(stages),
        received,
    )
    return count


async def attached_document(db: Connection, version_ids: Collection[UUID], sha256: str) -> Document | None:
    """The kept document, if the newest revision of one of the versions attaches it."""
    row = await db.fetchrow(
        """
        select document.sha256, size, key, document.version_id, retained_until, media_type, attached.one ->> 'name'
          from annual_report_edit as edit
         cross join lateral jsonb_array_elements(edit.written -> 'attachments') as attached (one)
          join document on document.sha256 = decode(attached.one ->> 'sha256', 'hex')
         where edit.version_id = any ($1)
           and attached.one ->> 'sha256' = $2
           and not exists (select from annual_report_edit as later
                            where later.version_id = edit.version_id and later.revision > edit.revision)
         limit 1
        """,
        list(version_ids),
        sha256,
    )
    return None if row is None else Document(StoredObject(*row[:5]), row[5], row[6])
