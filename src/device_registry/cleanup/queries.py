"""What a campaign reads and writes: set by set, whatever the number of devices."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record, UniqueViolationError

from device_registry.cleanup.model import (
    Assessment,
    Campaign,
    Conclusion,
    Draft,
    FollowUp,
    LegacySite,
    Progress,
    Treatment,
    UnitProgress,
)
from device_registry.cleanup.problems import CampaignClosed, ConclusionDecided
from foundation.civil import day_of
from foundation.database import Connection

_CAMPAIGN = """
       cleanup_campaign.unit_id, cleanup_campaign.name, cleanup_campaign.basis, cleanup_campaign.deadline,
       cleanup_campaign.opened_on, cleanup_campaign.opened_at, cleanup_campaign.opened_by, cleanup_campaign.id,
       cleanup_closing.closed_at
"""
_CONCLUSION = """
       conclusion.id, conclusion.device_id, conclusion.number, conclusion.treatment, conclusion.necessity,
       conclusion.reasons, conclusion.problems, conclusion.signs, conclusion.effective_on, conclusion.rectify_by,
       conclusion.responsible, conclusion.site, conclusion.address, conclusion.direction, conclusion.basis,
       conclusion.basis_level, conclusion.legal_review, conclusion.technical_review, conclusion.announced,
       conclusion.verification, conclusion.drawn_up_at, conclusion.drawn_up_by
"""


async def add_campaign(db: Connection, campaign: Campaign, units: Collection[UUID]) -> int:
    """With the monitoring devices that stand in these units now, in use or out of it; how many those are."""
    await db.execute(
        """
        insert into cleanup_campaign (id, unit_id, name, basis, deadline, opened_on, opened_at, opened_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        campaign.id,
        campaign.unit_id,
        campaign.name,
        campaign.basis,
        campaign.deadline,
        campaign.opened_on,
        campaign.opened_at,
        campaign.opened_by,
    )
    found: int = await db.fetchval(
        """
        with taken as (
            insert into cleanup_device (campaign_id, device_id, unit_id)
            select $1, device_id, unit_id
              from device_overview
             where unit_id = any ($2)
               and siting_needed
               and state in ('REGISTERED', 'IN_SERVICE', 'SUSPENDED', 'RECTIFYING')
            returning device_id
        )
        select count(*) from taken
        """,
        campaign.id,
        list(units),
    )
    return found


async def campaigns(db: Connection, units: Collection[UUID]) -> list[Campaign]:
    """Those over one of the units or a device of one, newest first."""
    rows = await db.fetch(
        f"""
        select {_CAMPAIGN}
          from cleanup_campaign
          left join cleanup_closing on cleanup_closing.campaign_id = cleanup_campaign.id
         where unit_id = any ($1)
            or exists (select from cleanup_device
                        where cleanup_device.campaign_id = cleanup_campaign.id and cleanup_device.unit_id = any ($1))
         order by opened_at desc, id
        """,  # noqa: S608 - a constant
        list(units),
    )
    return [_campaign(row) for row in rows]


async def campaign_by_id(db: Connection, campaign_id: UUID) -> Campaign | None:
    row = await db.fetchrow(
        f"""
        select {_CAMPAIGN}
          from cleanup_campaign
          left join cleanup_closing on cleanup_closing.campaign_id = cleanup_campaign.id
         where cleanup_campaign.id = $1
        """,  # noqa: S608 - a constant
        campaign_id,
    )
    return None if row is None else _campaign(row)


async def hold_open(db: Connection, campaign_id: UUID) -> None:
    """Until the transaction ends nobody closes the campaign. Raises CampaignClosed."""
    await db.execute("select pg_advisory_xact_lock_shared(hashtextextended('cleanup ' || $1, 0))", str(campaign_id))
    if await db.fetchval("select exists (select from cleanup_closing where campaign_id = $1)", campaign_id):
        raise CampaignClosed


async def hold_alone(db: Connection, campaign_id: UUID) -> None:
    """Until the transaction ends nobody adds to the campaign. Raises CampaignClosed."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended('cleanup ' || $1, 0))", str(campaign_id))
    if await db.fetchval("select exists (select from cleanup_closing where campaign_id = $1)", campaign_id):
        raise CampaignClosed


async def last_numbers(db: Connection, campaign_id: UUID, device_ids: Collection[UUID]) -> dict[UUID, int]:
    """Of each of the devices that is in the campaign: the number of its newest conclusion, 0 where it has none."""
    rows = await db.fetch(
        """
        select cleanup_device.device_id, coalesce(max(number), 0)
          from cleanup_device
          left join cleanup_conclusion using (campaign_id, device_id)
         where campaign_id = $1
           and cleanup_device.device_id = any ($2)
         group by cleanup_device.device_id
        """,
        campaign_id,
        list(device_ids),
    )
    return {row[0]: row[1] for row in rows}


async def add_conclusions(db: Connection, campaign_id: UUID, conclusions: Sequence[Conclusion]) -> None:
    """All or none. Raises ConclusionDecided: somebody else drew one up for one of these devices at the same time."""
    try:
        await db.executemany(
            """
            insert into cleanup_conclusion (campaign_id, id, device_id, number, treatment, necessity, reasons, problems,
                                            signs, effective_on, rectify_by, responsible, site, address, direction,
                                            basis, basis_level, legal_review, technical_review, announced, verification,
                                            drawn_up_at, drawn_up_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                    $23)
            """,
            [(campaign_id, *_values(conclusion)) for conclusion in conclusions],
        )
    except UniqueViolationError as error:
        raise ConclusionDecided(field="device_ids") from error


async def conclusions(db: Connection, campaign_id: UUID, ids: Collection[UUID]) -> list[Conclusion]:
    """Those of the conclusions that the campaign has, in the order of their devices."""
    rows = await db.fetch(
        f"""
        select {_CONCLUSION},
               cleanup_decision.confirmed,
               not exists (select from cleanup_conclusion as later
                            where later.campaign_id = conclusion.campaign_id
                              and later.device_id = conclusion.device_id
                              and later.number > conclusion.number)
          from cleanup_conclusion as conclusion
          left join cleanup_decision on cleanup_decision.conclusion_id = conclusion.id
         where conclusion.campaign_id = $1
           and conclusion.id = any ($2)
         order by conclusion.device_id
        """,  # noqa: S608 - a constant
        campaign_id,
        list(ids),
    )
    return [_conclusion(tuple(row)) for row in rows]


async def add_decisions(
    db: Connection,
    conclusions: Sequence[Conclusion],
    *,
    confirmed: bool,
    reason: str | None,
    decided_at: datetime,
    decided_by: UUID,
) -> None:
    """All or none. Raises ConclusionDecided: somebody else was first."""
    try:
        await db.execute(
            """
            insert into cleanup_decision (conclusion_id, confirmed, reason, drawn_up_by, decided_at, decided_by)
            select conclusion_id, $3, $4, drawn_up_by, $5, $6
              from unnest($1::uuid[], $2::uuid[]) as decided (conclusion_id, drawn_up_by)
            """,
            [conclusion.id for conclusion in conclusions],
            [conclusion.drawn_up_by for conclusion in conclusions],
            confirmed,
            reason,
            decided_at,
            decided_by,
        )
    except UniqueViolationError as error:
        raise ConclusionDecided(field="conclusion_ids") from error


_STATES = """
        select cleanup_device.device_id, cleanup_device.unit_id,
               (select id
                  from cleanup_conclusion
                  join cleanup_decision on conclusion_id = cleanup_conclusion.id and confirmed
                 where campaign_id = cleanup_device.campaign_id and device_id = cleanup_device.device_id
                 order by number desc
                 limit 1) as confirmed_id,
               (select id
                  from cleanup_conclusion
                 where campaign_id = cleanup_device.campaign_id and device_id = cleanup_device.device_id
                   and not exists (select from cleanup_decision where conclusion_id = cleanup_conclusion.id)
                   and number = (select max(number)
                                   from cleanup_conclusion as any_number
                                  where any_number.campaign_id = cleanup_device.campaign_id
                                    and any_number.device_id = cleanup_device.device_id)) as pending_id
          from cleanup_device
         where cleanup_device.campaign_id = $1
           and ($2::uuid[] is null or cleanup_device.unit_id = any ($2))
"""
"""Each device of a campaign with the conclusion that holds and the one that waits to be confirmed."""


async def progress(db: Connection, campaign_id: UUID, units: Collection[UUID] | None = None) -> list[UnitProgress]:
    """By the unit that held the device at the start; of these units, or of all."""
    rows = await db.fetch(
        f"""
        select unit_id, count(*), count(confirmed_id), count(pending_id)
          from ({_STATES}) as found
         group by unit_id
         order by unit_id
        """,  # noqa: S608 - a constant
        campaign_id,
        None if units is None else list(units),
    )
    return [UnitProgress(*row) for row in rows]


class CampaignDevice(NamedTuple):
    """A device of a campaign: `shown` waits to be confirmed or, where none does, holds; None: nothing yet."""

    device_id: UUID
    tag: str
    kind_zh: str
    kind_en: str
    unit_id: UUID
    address: str | None
    progress: Progress
    legacy: bool
    """Without a site version: it stood there before this register."""
    shown: Conclusion | None


async def campaign_devices(
    db: Connection,
    campaign_id: UUID,
    units: Collection[UUID] | None,
    *,
    progress: Progress | None = None,
    text: str | None = None,
    after: str | None = None,
    most: int | None,
) -> list[CampaignDevice]:
    """In the order of tags; `most` None: all."""
    rows = await db.fetch(
        f"""
        select found.device_id, device.tag, device_kind.name_zh, device_kind.name_en, found.unit_id,
               device_overview.address,
               case when pending_id is not null then 'PENDING' when confirmed_id is not null then 'CONCLUDED'
                    else 'OPEN' end,
               not exists (select from site_version where site_version.device_id = found.device_id),
               {_CONCLUSION},
               case when pending_id is null then true end,
               true
          from ({_STATES}) as found
          join device on device.id = found.device_id
          join device_kind on device_kind.code = device.kind
          join device_overview on device_overview.device_id = device.id
          left join cleanup_conclusion as conclusion on conclusion.id = coalesce(pending_id, confirmed_id)
         where ($3::text is null
                or $3 = case when pending_id is not null then 'PENDING' when confirmed_id is not null then 'CONCLUDED'
                             else 'OPEN' end)
           and ($4::text is null or strpos(device_overview.search, lower($4)) > 0)
           and ($5::text is null or device.tag > $5)
         order by device.tag
         limit $6
        """,  # noqa: S608 - constants
        campaign_id,
        None if units is None else list(units),
        progress,
        text,
        after,
        most,
    )
    return [_campaign_device(tuple(row)) for row in rows]


async def follow_ups(db: Connection, campaign_id: UUID, units: Collection[UUID] | None, today: date) -> list[FollowUp]:
    """Rectifications and removals that hold, with their end: in service again, or retired; the latest deadline last."""
    rows = await db.fetch(
        f"""
        select found.device_id, device.tag, device.unit_id, conclusion.treatment, conclusion.rectify_by,
               conclusion.responsible, cleanup_decision.decided_at,
               (select min(occurred_at)
                  from service_event
                 where service_event.device_id = found.device_id
                   and occurred_at >= cleanup_decision.decided_at
                   and (change = 'RETIRED'
                        or (conclusion.treatment = 'RECTIFY' and change in ('RESUMED', 'PUT_IN_SERVICE')))
                   and not exists (select from correction where superseded_id = service_event.id)) as done_at
          from ({_STATES}) as found
          join cleanup_conclusion as conclusion on conclusion.id = found.confirmed_id
          join cleanup_decision on cleanup_decision.conclusion_id = conclusion.id
          join device on device.id = found.device_id
         where conclusion.treatment in ('RECTIFY', 'REMOVE')
         order by conclusion.rectify_by nulls first, device.tag
        """,  # noqa: S608 - a constant
        campaign_id,
        None if units is None else list(units),
    )
    return [_follow_up(row, today) for row in rows]


class Closing(NamedTuple):
    """The result as it was frozen: JSON bytes and digests."""

    result: bytes
    result_sha256: bytes
    table_sha256: bytes
    closed_at: datetime
    closed_by: UUID


async def add_closing(db: Connection, campaign_id: UUID, devices: int, concluded: int, closing: Closing) -> None:
    await db.execute(
        """
        insert into cleanup_closing (campaign_id, devices, concluded, result, result_sha256, table_sha256, closed_at,
                                     closed_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        campaign_id,
        devices,
        concluded,
        *closing,
    )


async def closing_of(db: Connection, campaign_id: UUID) -> Closing | None:
    row = await db.fetchrow(
        """
        select result, result_sha256, table_sha256, closed_at, closed_by
          from cleanup_closing
         where campaign_id = $1
        """,
        campaign_id,
    )
    return None if row is None else Closing(*row)


async def published(db: Connection) -> list[bytes]:
    """The frozen results of all closed campaigns, newest first."""
    rows = await db.fetch("select result from cleanup_closing order by closed_at desc, campaign_id")
    return [row[0] for row in rows]


def _campaign(row: Record) -> Campaign:
    return Campaign(**dict(row))


def _campaign_device(row: Sequence[Any]) -> CampaignDevice:
    device_id, tag, kind_zh, kind_en, unit_id, address, progress, legacy, *shown = row
    conclusion = None if shown[0] is None else _conclusion(shown)
    return CampaignDevice(device_id, tag, kind_zh, kind_en, unit_id, address, Progress(progress), legacy, conclusion)


_COLUMNS = (
    "id", "device_id", "number", "treatment", "necessity", "reasons", "problems", "signs", "effective_on", "rectify_by",
    "responsible", "site", "address", "direction", "basis", "basis_level", "legal_review", "technical_review",
    "announced", "verification", "drawn_up_at", "drawn_up_by", "confirmed", "newest",
)  # fmt: skip


def _conclusion(row: Sequence[Any]) -> Conclusion:
    values = dict(zip(_COLUMNS, row, strict=True))
    draft = {name: values[name] for name in Draft.__struct_fields__}
    assessment = {name: values[name] for name in Assessment.__struct_fields__}
    own = {name: values[name] for name in Conclusion.__struct_fields__ if name in values}
    site = draft.pop("site")
    found = msgspec.convert(
        own | {"draft": draft, "assessment": assessment}, Conclusion, builtin_types=(datetime, date, UUID)
    )
    if site is None:
        return found
    told = msgspec.structs.replace(found.draft, site=msgspec.convert(site, LegacySite))
    return msgspec.structs.replace(found, draft=told)


def _values(conclusion: Conclusion) -> list[Any]:
    """In the order of `_COLUMNS`; the signs are those of the assessment, where nothing is left out."""
    values = (
        msgspec.structs.asdict(conclusion)
        | msgspec.structs.asdict(conclusion.draft)
        | msgspec.structs.asdict(conclusion.assessment)
    )
    values["site"] = None if conclusion.draft.site is None else msgspec.to_builtins(conclusion.draft.site)
    return [values[name] for name in _COLUMNS[:-2]]


def _follow_up(row: Record, today: date) -> FollowUp:
    device_id, tag, unit_id, treatment, rectify_by, responsible, confirmed_at, done_at = row
    ended = day_of(done_at) if done_at else today
    return FollowUp(
        device_id=device_id,
        tag=tag,
        unit_id=unit_id,
        treatment=Treatment(treatment),
        rectify_by=rectify_by,
        responsible=responsible,
        confirmed_at=confirmed_at,
        done_at=done_at,
        overdue=rectify_by is not None and ended > rectify_by,
    )
