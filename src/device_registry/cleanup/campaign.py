"""A campaign is opened over the devices of a unit, concluded device by device, and closed with its result."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import anyio.to_thread

from agency.queries import subtree, units_by_id
from device_registry import queries as registry
from device_registry.checks import check
from device_registry.cleanup import queries, result
from device_registry.cleanup.model import Campaign, Conclusion, Draft
from device_registry.cleanup.problems import (
    CampaignClosed,
    CampaignEmpty,
    CampaignIncomplete,
    CampaignNotFound,
    ConclusionDecided,
    ConclusionNotFound,
    ConfirmerIsDrafter,
    DeviceNamedTwice,
    DeviceNotKeepable,
)
from device_registry.cleanup.rules import Weighed, check_days, weigh
from device_registry.gates import Why
from device_registry.life_cycle import Desk
from device_registry.model import Device, Fact
from device_registry.problems import DateNotPlausible, DeviceNotFound
from device_registry.queries import PolicyName
from device_registry.record import keep, known_of, prepare
from foundation.civil import day_of
from foundation.database import Connection

MOST_NAMED = 50
"""Devices that a refusal names one by one; it counts all."""


async def open_campaign(desk: Desk, unit_id: UUID, *, name: str, basis: str, deadline: date) -> Campaign:
    """Over the monitoring devices that the unit and all below it hold at this moment.

    Raises DateNotPlausible, CampaignEmpty.
    """
    now = desk.clock.now()
    campaign = Campaign(
        unit_id=unit_id,
        name=name,
        basis=basis,
        deadline=deadline,
        opened_on=day_of(now),
        opened_at=now,
        opened_by=desk.person_id,
    )
    if deadline < campaign.opened_on:
        raise DateNotPlausible(field="deadline", value=deadline.isoformat())
    async with desk.database.transaction() as db:
        if not await queries.add_campaign(db, campaign, await subtree(db, [unit_id], campaign.opened_on)):
            raise CampaignEmpty(field="unit_id")
    return campaign


async def draw_up(
    desk: Desk, campaign: Campaign, drafts: Sequence[tuple[UUID, Draft]], reached: Collection[UUID]
) -> list[UUID]:
    """A conclusion each for these devices, to be confirmed by somebody else; the ids, in the same order.

    `reached`: units whose devices the person manages. Raises DeviceNamedTwice, DeviceNotFound (also for a device
    outside the campaign), DeviceNotKeepable, CampaignClosed, ConclusionDecided, or what is wrong with a draft.
    """
    by_device = dict(drafts)
    if len(by_device) < len(drafts):
        raise DeviceNamedTwice(field="conclusions")
    now = desk.clock.now()
    for draft in by_device.values():
        check_days(draft, now)
    async with desk.database.transaction() as db:
        await queries.hold_open(db, campaign.id)
        numbers = await queries.last_numbers(db, campaign.id, by_device)
        devices = await registry.devices_by_id(db, numbers)
        _check_reached(by_device, devices, reached)
        weighed = await _weighed(db, campaign, devices, by_device, dict.fromkeys(by_device, desk.person_id), now)
        drawn = [
            Conclusion(
                id=uuid4(),
                device_id=device_id,
                number=numbers[device_id] + 1,
                draft=draft,
                assessment=weighed[device_id].assessment,
                drawn_up_at=now,
                drawn_up_by=desk.person_id,
            )
            for device_id, draft in drafts
        ]
        await queries.add_conclusions(db, campaign.id, drawn)
    return [conclusion.id for conclusion in drawn]


async def confirm(desk: Desk, campaign: Campaign, conclusion_ids: Sequence[UUID], reached: Collection[UUID]) -> None:
    """The conclusions hold from now on, and the register says so at once.

    Raises ConclusionNotFound, ConclusionDecided, ConfirmerIsDrafter, DeviceNotKeepable (it may have changed since the
    conclusion was drawn up), CampaignClosed, or what is wrong with a fact that would have to be recorded.
    """
    async with desk.database.transaction() as db:
        drawn = await _to_decide(db, desk, campaign, conclusion_ids, reached)
        by_device = {conclusion.device_id: conclusion for conclusion in drawn}
        devices = await registry.locked_devices(db, by_device)
        weighed = await _weighed(
            db,
            campaign,
            devices,
            {device_id: conclusion.draft for device_id, conclusion in by_device.items()},
            {device_id: conclusion.drawn_up_by for device_id, conclusion in by_device.items()},
            desk.clock.now(),
        )
        sites: dict[UUID, list[tuple[UUID, Fact]]] = {}
        for device_id, found in weighed.items():
            if found.version is not None:
                sites.setdefault(by_device[device_id].drawn_up_by, []).append((device_id, found.version))
        for drafter, versions in sites.items():
            await _record(db, desk, devices, versions, drafter)
        decided = [(device_id, fact) for device_id, found in weighed.items() for fact in found.decided]
        await _record(db, desk, devices, decided, desk.person_id)
        await queries.add_decisions(
            db, drawn, confirmed=True, reason=None, decided_at=desk.clock.now(), decided_by=desk.person_id
        )


async def give_back(
    desk: Desk, campaign: Campaign, conclusion_ids: Sequence[UUID], reason: str, reached: Collection[UUID]
) -> None:
    """They do not hold; another one may be drawn up. Raises as `confirm` does."""
    async with desk.database.transaction() as db:
        drawn = await _to_decide(db, desk, campaign, conclusion_ids, reached)
        await queries.add_decisions(
            db, drawn, confirmed=False, reason=reason, decided_at=desk.clock.now(), decided_by=desk.person_id
        )


async def close(desk: Desk, campaign: Campaign) -> None:
    """The result list is frozen. Raises CampaignClosed, CampaignIncomplete."""
    if campaign.closed_at is not None:
        raise CampaignClosed
    now = desk.clock.now()
    async with desk.database.connection() as db:
        before = await queries.campaign_devices(db, campaign.id, None, most=None)
        units = await units_by_id(db, {found.unit_id for found in before} | {campaign.unit_id}, campaign.opened_on)
    frozen, table = await anyio.to_thread.run_sync(result.frozen, campaign, before, units, now)
    async with desk.database.transaction() as db:
        await queries.hold_alone(db, campaign.id)
        counted = await queries.progress(db, campaign.id)
        names = {unit.id: unit.name_zh for unit in units}
        missing = [
            {
                "unit_id": row.unit_id,
                "unit": names.get(row.unit_id),
                "open": row.devices - row.concluded,
                "pending": row.pending,
            }
            for row in counted
            if row.concluded < row.devices or row.pending
        ]
        if missing:
            raise CampaignIncomplete(
                count=sum(row.devices - row.concluded for row in counted), members={"units": missing}
            )
        if await queries.campaign_devices(db, campaign.id, None, most=None) != before:
            raise ConclusionDecided
        devices, concluded = (sum(getattr(row, name) for row in counted) for name in ("devices", "concluded"))
        closing = queries.Closing(frozen, result.digest(frozen), result.digest(table), now, desk.person_id)
        await queries.add_closing(db, campaign.id, devices, concluded, closing)


async def known_campaign(db: Connection, campaign_id: UUID, reached: Collection[UUID]) -> Campaign:
    """Raises CampaignNotFound, also for one that is over none of these units."""
    found = await queries.campaign_by_id(db, campaign_id)
    if found is None or not (found.unit_id in reached or await queries.progress(db, campaign_id, reached)):
        raise CampaignNotFound
    return found


async def _to_decide(
    db: Connection, desk: Desk, campaign: Campaign, conclusion_ids: Sequence[UUID], reached: Collection[UUID]
) -> list[Conclusion]:
    await queries.hold_open(db, campaign.id)
    drawn = await queries.conclusions(db, campaign.id, conclusion_ids)
    devices = await registry.devices_by_id(db, {conclusion.device_id for conclusion in drawn})
    if len(drawn) < len(set(conclusion_ids)) or any(device.unit_id not in reached for device in devices.values()):
        raise ConclusionNotFound(field="conclusion_ids")
    if any(conclusion.confirmed is not None or not conclusion.newest for conclusion in drawn):
        raise ConclusionDecided(field="conclusion_ids")
    if any(conclusion.drawn_up_by == desk.person_id for conclusion in drawn):
        raise ConfirmerIsDrafter(field="conclusion_ids")
    return drawn


async def _weighed(
    db: Connection,
    campaign: Campaign,
    devices: Mapping[UUID, Device],
    drafts: Mapping[UUID, Draft],
    drafters: Mapping[UUID, UUID],
    now: datetime,
) -> dict[UUID, Weighed]:
    """Raises DeviceNotKeepable for all of them together, else what is wrong with the first."""
    facts = await registry.facts_of_all(db, drafts)
    told = {
        device_id: (devices[device_id].unit_id, draft.site.announcement.announced_on)
        for device_id, draft in drafts.items()
        if draft.site and draft.site.announcement
    }
    leads = await registry.policies_for(db, PolicyName.LEAD_DAYS, set(told.values())) if told else {}

    def weigh_all() -> dict[UUID, Weighed]:
        weighed = {}
        for device_id, draft in drafts.items():
            device, known = devices[device_id], facts[device_id]
            lead_days = leads[told[device_id]] if device_id in told else 0
            found = weigh(
                device,
                known,
                draft,
                opened_on=campaign.opened_on,
                lead_days=lead_days,
                drafter=drafters[device_id],
                now=now,
            )
            for fact in found.decided:
                check(device, known, fact, now)
            weighed[device_id] = found
        return weighed

    weighed = await anyio.to_thread.run_sync(weigh_all)  # thousands of devices are seconds of reckoning
    refused = {device_id: found.against_keeping for device_id, found in weighed.items() if found.against_keeping}
    if refused:
        named: list[dict[str, Any]] = [
            {
                "device_id": device_id,
                "tag": devices[device_id].tag,
                "reasons": [finding.reason for finding in findings],
                "words": [Why([finding]) for finding in findings],
            }
            for device_id, findings in list(refused.items())[:MOST_NAMED]
        ]
        raise DeviceNotKeepable(
            field="treatment",
            count=len(refused),
            why=Why(next(iter(refused.values()))),
            members={"devices": named, "count": len(refused)},
        )
    return weighed


async def _record(
    db: Connection,
    desk: Desk,
    devices: Mapping[UUID, Device],
    facts: Sequence[tuple[UUID, Fact]],
    recorded_by: UUID,
) -> None:
    """`record_facts` for thousands of devices that are locked already: what follows is worked out in a thread."""
    known = await known_of(db, {device_id: devices[device_id] for device_id, _ in facts}, facts)
    prepared = await anyio.to_thread.run_sync(prepare, known, facts, desk.clock.now())
    await keep(db, desk.clock, prepared, recorded_by=recorded_by, on_change=desk.on_change)


def _check_reached(drafts: Mapping[UUID, Draft], devices: Mapping[UUID, Device], reached: Collection[UUID]) -> None:
    if drafts.keys() - devices.keys() or any(device.unit_id not in reached for device in devices.values()):
        raise DeviceNotFound(field="device_ids")
