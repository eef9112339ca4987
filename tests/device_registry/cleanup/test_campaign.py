"""A campaign from its opening to its frozen result, in a real database."""

import asyncio
import io
from datetime import date, timedelta
from time import perf_counter
from uuid import UUID, uuid4

import asyncpg
import openpyxl
import pytest
from msgspec.structs import replace

from device_registry import life_cycle
from device_registry import queries as registry
from device_registry.cleanup import campaign as use_cases
from device_registry.cleanup import queries, result
from device_registry.cleanup.model import Draft, Held, Progress, Treatment
from device_registry.cleanup.problems import (
    CampaignClosed,
    CampaignEmpty,
    CampaignIncomplete,
    ConclusionDecided,
    ConclusionNotFound,
    ConfirmerIsDrafter,
    DeviceNamedTwice,
    DeviceNotKeepable,
)
from device_registry.model import Aspect, BasisLevel, Interval, Outcome, Reason, ServiceChange, SignCheck, State
from device_registry.problems import DateNotPlausible, DeviceNotFound
from device_registry.record import record_fact
from device_registry.rules import life_cycle_state
from foundation.database import Database
from tests.device_registry.cleanup.builders import a_draft, a_review, a_site
from tests.device_registry.cleanup.conftest import Campaigning, campaigning_with
from tests.support import FixedClock


async def concluded(given: Campaigning, *drafts: tuple[UUID, Draft]) -> list[UUID]:
    """Drawn up and confirmed."""
    drawn = await use_cases.draw_up(given.manager, given.campaign, drafts, given.reached)
    await use_cases.confirm(given.reviewer, given.campaign, drawn, given.reached)
    return drawn


async def state_of(given: Campaigning, device_id: UUID) -> State:
    async with given.database.connection() as db:
        return life_cycle_state(await registry.facts_of(db, device_id), given.manager.clock.now())


async def test_the_devices_are_the_monitoring_devices_as_of_the_start(campaigning: Campaigning) -> None:
    async with campaigning.database.connection() as db:
        found = await queries.campaign_devices(db, campaigning.campaign.id, None, most=None)
        [counted] = await queries.progress(db, campaigning.campaign.id)
    assert [device.tag for device in found] == ["SRF-0000", "SRF-0001", "SRF-0002"]
    assert {(device.progress, device.legacy) for device in found} == {(Progress.OPEN, True)}
    assert (counted.devices, counted.concluded, counted.pending) == (3, 0, 0)


async def test_a_campaign_has_devices_and_a_deadline_ahead(campaigning: Campaigning, database: Database) -> None:
    async with database.transaction() as db:
        nowhere = await db.fetchval("insert into unit default values returning id")
    with pytest.raises(CampaignEmpty):
        await use_cases.open_campaign(
            campaigning.supervisor, nowhere, name="空", basis="—", deadline=date(2026, 12, 31)
        )
    with pytest.raises(DateNotPlausible):
        await use_cases.open_campaign(
            campaigning.supervisor, campaigning.unit_id, name="晚", basis="—", deadline=date(2026, 6, 14)
        )


async def test_a_kept_device_comes_into_service_when_somebody_else_confirms(
    campaigning: Campaigning, clock: FixedClock
) -> None:
    device = campaigning.devices[0]
    reviews = (a_review(Aspect.LEGAL, date(2026, 6, 15)), a_review(Aspect.TECHNICAL))
    draft = a_draft(site=a_site(address=None, reviews=reviews))
    [drawn] = await use_cases.draw_up(
        campaigning.manager, campaigning.campaign, [(device.id, draft)], campaigning.reached
    )
    assert await state_of(campaigning, device.id) is State.REGISTERED
    with pytest.raises(ConfirmerIsDrafter):
        await use_cases.confirm(campaigning.manager, campaigning.campaign, [drawn], campaigning.reached)
    clock.advance(timedelta(hours=1))
    await use_cases.confirm(campaigning.reviewer, campaigning.campaign, [drawn], campaigning.reached)
    now = clock.now()
    async with campaigning.database.connection() as db:
        facts = await registry.facts_of(db, device.id)
        after = await registry.standing_of(db, device.tag, Interval(now, now))
        earlier = now - timedelta(minutes=1)
        before = await registry.standing_of(db, device.tag, Interval(earlier, earlier))
        recorded = {entry.kind: entry.recorded_by for entry in await registry.history_of(db, device.id)}
        [found] = await queries.campaign_devices(db, campaigning.campaign.id, None, text="SRF-0000", most=5)
    assert after is not None
    assert before is not None
    assert (after.outcome, before.outcome) == (Outcome.IN_STANDING, Outcome.NOT_IN_STANDING)
    assert facts.site_versions[0].address == "解放大道 0 号"
    assert recorded["site_version"] == campaigning.manager.person_id
    assert recorded["review"] == recorded["service_event"] == campaigning.reviewer.person_id
    assert found.shown is not None
    assert found.shown.draft == replace(draft, signs=found.shown.assessment.signs)
    assert found.shown.assessment.legal_review is Held.MADE_UP


async def test_a_device_that_may_not_be_kept_is_refused_with_all_reasons_and_nothing_is_written(
    campaigning: Campaigning,
) -> None:
    unlawful = a_draft(site=a_site(basis_level=BasisLevel.LOCAL_REGULATION, announcement=None))
    drafts = [(campaigning.ids[0], a_draft()), (campaigning.ids[1], unlawful), (campaigning.ids[2], unlawful)]
    with pytest.raises(DeviceNotKeepable) as refused:
        await use_cases.draw_up(campaigning.manager, campaigning.campaign, drafts, campaigning.reached)
    spoken = refused.value.spoken("zh-CN")
    assert spoken["count"] == 2
    assert [(device["tag"], device["reasons"]) for device in spoken["devices"]] == [
        (tag, [Reason.NO_LEGAL_BASIS, Reason.SITE_NOT_ANNOUNCED]) for tag in ("SRF-0001", "SRF-0002")
    ]
    assert "不是法律或行政法规" in spoken["detail"]
    async with campaigning.database.connection() as db:
        [counted] = await queries.progress(db, campaigning.campaign.id)
    assert counted.pending == 0


async def test_what_is_not_lawful_any_more_when_it_is_confirmed_is_refused_then(
    campaigning: Campaigning, clock: FixedClock
) -> None:
    device_id = campaigning.ids[0]
    drawn = await use_cases.draw_up(
        campaigning.manager, campaigning.campaign, [(device_id, a_draft())], campaigning.reached
    )
    clock.advance(timedelta(days=400))
    with pytest.raises(DeviceNotKeepable):
        await use_cases.confirm(campaigning.reviewer, campaigning.campaign, drawn, campaigning.reached)
    assert await state_of(campaigning, device_id) is State.REGISTERED


async def test_each_treatment_shows_in_the_register_and_is_followed_to_its_end(
    campaigning: Campaigning, clock: FixedClock
) -> None:
    rectified, stopped, removed = campaigning.ids
    rectify = a_draft(Treatment.RECTIFY, site=a_site(), rectify_by=date(2026, 6, 20))
    await concluded(
        campaigning,
        (rectified, rectify),
        (stopped, a_draft(Treatment.STOP, effective_on=date(2026, 6, 1))),
        (removed, a_draft(Treatment.REMOVE)),
    )
    assert [await state_of(campaigning, device_id) for device_id in campaigning.ids] == [
        State.RECTIFYING,
        State.SUSPENDED,
        State.SUSPENDED,
    ]
    async with campaigning.database.connection() as db:
        open_ones = await queries.follow_ups(db, campaigning.campaign.id, None, date(2026, 6, 21))
    assert [(found.tag, found.treatment, found.done_at, found.overdue) for found in open_ones] == [
        ("SRF-0002", Treatment.REMOVE, None, False),
        ("SRF-0000", Treatment.RECTIFY, None, True),
    ]
    clock.advance(timedelta(days=2))
    await life_cycle.report_rectification(campaigning.manager, rectified, document_no="整改 1", reason="已修复")
    clock.advance(timedelta(hours=1))
    seen = SignCheck(checked_on=date(2026, 6, 17), clear=True)
    await record_fact(campaigning.database, clock, rectified, seen, recorded_by=campaigning.manager.person_id)
    await life_cycle.put_in_service(campaigning.supervisor, rectified, document_no="恢复 1", reason=None)
    await life_cycle.retire(campaigning.manager, removed, document_no="报废 1", reason="拆除")
    async with campaigning.database.connection() as db:
        ended = await queries.follow_ups(db, campaigning.campaign.id, None, date(2026, 7, 21))
    assert [(found.tag, found.done_at, found.overdue) for found in ended] == [
        ("SRF-0002", clock.now(), False),
        ("SRF-0000", clock.now(), False),
    ]


async def test_a_later_conclusion_supersedes_and_both_stay(campaigning: Campaigning, clock: FixedClock) -> None:
    device_id = campaigning.ids[0]
    await concluded(campaigning, (device_id, a_draft(Treatment.STOP)))
    clock.advance(timedelta(days=1))
    await concluded(campaigning, (device_id, a_draft()))
    async with campaigning.database.connection() as db:
        [found] = await queries.campaign_devices(db, campaigning.campaign.id, None, text="SRF-0000", most=5)
        kept = await db.fetchval("select count(*) from cleanup_conclusion")
    assert found.shown is not None
    assert (found.shown.number, found.shown.draft.treatment, kept) == (2, Treatment.KEEP, 2)
    assert await state_of(campaigning, device_id) is State.IN_SERVICE


async def test_what_was_given_back_or_superseded_is_confirmed_no_more(campaigning: Campaigning) -> None:
    given, device_id = campaigning, campaigning.ids[0]
    [back] = await use_cases.draw_up(given.manager, given.campaign, [(device_id, a_draft())], given.reached)
    await use_cases.give_back(given.reviewer, given.campaign, [back], "依据有误", given.reached)
    [old] = await use_cases.draw_up(given.manager, given.campaign, [(device_id, a_draft())], given.reached)
    await use_cases.draw_up(given.manager, given.campaign, [(device_id, a_draft(Treatment.STOP))], given.reached)
    for conclusion_id in (back, old):
        with pytest.raises(ConclusionDecided):
            await use_cases.confirm(given.reviewer, given.campaign, [conclusion_id], given.reached)
    with pytest.raises(ConclusionNotFound):
        await use_cases.confirm(given.reviewer, given.campaign, [uuid4()], given.reached)


async def test_two_who_confirm_at_once_confirm_once(campaigning: Campaigning) -> None:
    given = campaigning
    drawn = await use_cases.draw_up(
        given.manager, given.campaign, [(given.ids[0], a_draft(Treatment.STOP))], given.reached
    )
    both = await asyncio.gather(
        *(use_cases.confirm(desk, given.campaign, drawn, given.reached) for desk in (given.reviewer, given.supervisor)),
        return_exceptions=True,
    )
    assert [type(one) for one in both if one] == [ConclusionDecided]
    async with given.database.connection() as db:
        facts = await registry.facts_of(db, given.ids[0])
    assert [event.change for event in facts.service_events] == [ServiceChange.SUSPENDED]


async def test_devices_outside_the_campaign_or_out_of_reach_are_unknown_and_none_is_named_twice(
    campaigning: Campaigning,
) -> None:
    given, device_id = campaigning, campaigning.ids[0]
    with pytest.raises(DeviceNotFound):
        await use_cases.draw_up(given.manager, given.campaign, [(uuid4(), a_draft())], given.reached)
    with pytest.raises(DeviceNotFound):
        await use_cases.draw_up(given.manager, given.campaign, [(device_id, a_draft())], set())
    with pytest.raises(DeviceNamedTwice):
        await use_cases.draw_up(given.manager, given.campaign, [(device_id, a_draft())] * 2, given.reached)


async def test_a_campaign_closes_only_when_every_device_has_a_confirmed_conclusion(campaigning: Campaigning) -> None:
    given = campaigning
    await concluded(given, (given.ids[0], a_draft()), (given.ids[1], a_draft(Treatment.REMOVE)))
    drawn = await use_cases.draw_up(
        given.manager, given.campaign, [(given.ids[2], a_draft(Treatment.STOP, problems="=1+1"))], given.reached
    )
    with pytest.raises(CampaignIncomplete) as refused:
        await use_cases.close(given.supervisor, given.campaign)
    assert refused.value.spoken("en")["units"] == [
        {"unit_id": given.unit_id, "unit": "武汉市", "open": 1, "pending": 1}
    ]
    await use_cases.confirm(given.reviewer, given.campaign, drawn, given.reached)
    await use_cases.close(given.supervisor, given.campaign)
    with pytest.raises(CampaignClosed):
        await use_cases.close(given.supervisor, given.campaign)
    with pytest.raises(CampaignClosed):
        await use_cases.draw_up(given.manager, given.campaign, [(given.ids[0], a_draft())], given.reached)
    async with given.database.connection() as db:
        closing = await queries.closing_of(db, given.campaign.id)
    assert closing is not None
    frozen = result.read(closing.result)
    assert frozen.counts == {Treatment.KEEP: 1, Treatment.RECTIFY: 0, Treatment.STOP: 1, Treatment.REMOVE: 1}
    assert [row.tag for row in frozen.rows] == ["SRF-0000", "SRF-0001", "SRF-0002"]
    table = result.table(closing.result)
    assert (result.digest(closing.result), result.digest(table)) == (closing.result_sha256, closing.table_sha256)
    sheet = openpyxl.load_workbook(io.BytesIO(table)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert {"保留", "停用", "拆除", "=1+1"} <= {cell.value for cell in cells}


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        (
            """insert into cleanup_decision (conclusion_id, confirmed, drawn_up_by, decided_at, decided_by)
               select id, true, drawn_up_by, now(), drawn_up_by from cleanup_conclusion""",
            "confirmer_is_not_drafter",
        ),
        (
            """insert into cleanup_decision (conclusion_id, confirmed, drawn_up_by, decided_at, decided_by)
               select id, true, opened_by, now(), drawn_up_by
                 from cleanup_conclusion, (select opened_by from cleanup_campaign) as opened""",
            "cleanup_decision_names_drafter",
        ),
        (
            """insert into cleanup_conclusion (id, campaign_id, device_id, number, treatment, basis_level, legal_review,
                                               technical_review, announced, signs, verification, necessity, reasons,
                                               drawn_up_at, drawn_up_by)
               select gen_random_uuid(), campaign_id, device_id, 2, 'KEEP', 'RULE', legal_review, technical_review,
                      announced, signs, verification, necessity, reasons, drawn_up_at, drawn_up_by
                 from cleanup_conclusion""",
            "cleanup_keep_is_lawful",
        ),
        (
            """insert into cleanup_closing (campaign_id, devices, concluded, result, result_sha256, table_sha256,
                                            closed_at, closed_by)
               select id, 3, 2, '', sha256(''), sha256(''), now(), opened_by from cleanup_campaign""",
            "cleanup_closes_complete",
        ),
        (
            """insert into cleanup_closing (campaign_id, devices, concluded, result, result_sha256, table_sha256,
                                            closed_at, closed_by)
               select id, 3, 3, 'x', sha256('y'), sha256(''), now(), opened_by from cleanup_campaign""",
            "cleanup_result_is_whole",
        ),
    ],
)
async def test_the_database_refuses_too(campaigning: Campaigning, statement: str, refusal: str) -> None:
    given = campaigning
    await use_cases.draw_up(given.manager, given.campaign, [(given.ids[0], a_draft())], given.reached)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        async with given.database.transaction() as db:
            await db.execute(statement)
    assert refused.value.constraint_name == refusal


@pytest.mark.parametrize("table", ["cleanup_conclusion", "cleanup_decision", "cleanup_closing", "cleanup_device"])
async def test_nothing_of_a_campaign_is_edited_or_deleted(campaigning: Campaigning, table: str) -> None:
    for statement in (f"delete from {table}", f"update {table} set campaign_id = campaign_id"):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedColumnError)):
            async with campaigning.database.transaction() as db:
                await db.execute(statement)


async def test_three_thousand_devices_are_concluded_in_one_request_and_confirmed_in_another(
    database: Database, clock: FixedClock
) -> None:
    given = await campaigning_with(database, clock, 3000)
    draft = a_draft(site=a_site(address=None))
    begun = perf_counter()
    drawn = await use_cases.draw_up(
        given.manager, given.campaign, [(device_id, draft) for device_id in given.ids], given.reached
    )
    halfway = perf_counter()
    await use_cases.confirm(given.reviewer, given.campaign, drawn, given.reached)
    took = (halfway - begun, perf_counter() - halfway)
    assert max(took) < 60, took  # seconds; a tenth of that on an idle machine
    async with database.connection() as db:
        [counted] = await queries.progress(db, given.campaign.id)
    assert counted.concluded == 3000
