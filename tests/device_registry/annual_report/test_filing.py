"""From draft to receipt: by four eyes, on what was looked at, frozen for good."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from agency import queries as agency
from agency.model import UnitKind
from device_registry.annual_report import amending, filing
from device_registry.annual_report.drafting import Draft, draft_of
from device_registry.annual_report.files.canonical import sha256, snapshot_of
from device_registry.annual_report.model.movement import Flow
from device_registry.annual_report.model.snapshot import Decision, Inclusion, Snapshot, Written
from device_registry.annual_report.model.workflow import Report, Stage
from device_registry.annual_report.problems import (
    CheckerIsDrafter,
    NothingToCompare,
    ReportBegunAlready,
    ReportChangedSinceChecked,
    ReportDoesNotBalance,
    ReportEditedMeanwhile,
    ReportPeriodUnfit,
    ReportStepNotAllowed,
    SignerIsChecker,
    UnitDoesNotReport,
)
from device_registry.annual_report.queries.reports import report_by_id
from device_registry.annual_report.queries.steps import filed_bytes
from device_registry.model import Correction, Mounting, ServiceChange
from device_registry.record import correct, record_fact, record_facts
from device_registry.register import move_device
from foundation.database import Database
from tests.device_registry.annual_report.conftest import (
    Camera,
    City,
    Office,
    Seal,
    a_publication,
    a_site,
    put_in_service,
    reviews,
    service,
    together,
)
from tests.support import FixedClock


async def the_report(database: Database, report_id: UUID) -> Report:
    async with database.connection() as db:
        report = await report_by_id(db, report_id)
    assert report is not None
    return report


async def the_draft(database: Database, report_id: UUID) -> Draft:
    report = await the_report(database, report_id)
    return await draft_of(database, report, report.latest)


async def the_snapshot(database: Database, report_id: UUID, number: int = 1) -> tuple[bytes, Snapshot]:
    report = await the_report(database, report_id)
    async with database.connection() as db:
        filed = await filed_bytes(db, report.versions[number - 1].id)
    assert filed is not None
    return filed, snapshot_of(filed)


async def test_a_draft_is_filled_from_the_register_and_says_why_for_every_device(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    old = await camera("OLD", "2024-05-01 09:00")
    await camera("NEW", "2026-05-01 09:00")
    await camera("SWAP", "2026-06-01 09:00", replaces=old.id)
    await camera("HAND", "2026-05-01 09:00", mounting=Mounting.HANDHELD)
    await camera("WAITS", None)
    await camera("LAPSED", "2024-05-01 09:00", valid_until=date(2026, 8, 1))
    moving = await camera("MOVED", "2024-05-01 09:00")
    await move_device(database, clock, moving.id, city.other, date(2026, 7, 1), recorded_by=None)
    relocated = await camera("RELOC", "2024-05-01 09:00")
    site = a_site(2, "江汉区新华路1号")
    async with database.transaction() as db:
        person = city.people["manager"]
        await record_facts(db, clock, [(relocated.id, site)], recorded_by=person)
        papers = [*reviews(site, person), a_publication(site), put_in_service(site, "2026-09-01 09:00")]
        for fact in papers:
            await record_facts(db, clock, [(relocated.id, fact)], recorded_by=city.people["reviewer"])
    draft = await the_draft(database, await filing.begin(office.desk("manager"), city.bureau, 2026, None))
    assert draft.breaks == ()
    assert {row.tag: row.reason for row in draft.body.rows} == {
        "NEW": Inclusion.NEW,
        "RELOC": Inclusion.RELOCATED,
        "SWAP": Inclusion.REPLACEMENT,
        "OLD": Inclusion.IN_SERVICE_BEFORE,
        "HAND": Inclusion.NOT_MONITORING,
        "WAITS": Inclusion.NOT_IN_SERVICE,
        "LAPSED": Inclusion.SUSPENDED,
        "MOVED": Inclusion.MOVED_OUT,
    }
    assert [row.tag for row in draft.body.rows][:3] == ["NEW", "RELOC", "SWAP"]
    found = draft.body.summary
    assert (found.opening, found.new, found.replaced, found.relocated, found.relocated_away) == (4, 1, 1, 1, 1)
    assert (found.suspended, found.moved_out, found.closing, found.included, found.stopped) == (1, 1, 4, 2, 1)
    assert (found.verification.valid, found.stopped_verification.overdue) == (4, 1)
    new = draft.body.rows[0].particulars
    assert new is not None
    assert new.site is not None
    assert new.site.announcement is not None
    assert (new.in_service_on, new.site.spacing_metres, len(new.site.reviews)) == (date(2026, 5, 1), 900, 2)
    assert new.certificates[0].certificate_no == "JL-NEW"
    assert draft.body.rows[2].particulars is not None
    assert draft.body.rows[2].particulars.replaces == "OLD"
    gone = next(row for row in draft.body.rows if row.tag == "MOVED")
    assert (gone.other_unit, gone.movements[0].flow) == ("市交通运输局", Flow.MOVED_OUT)
    assert (draft.body.receiver.name_zh, draft.body.nil) == ("江岸区", False)


async def test_the_whole_way_to_the_receipt_and_every_step_remembers_who_and_when(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    report_id = await office.filed(city.bureau)
    report = await the_report(database, report_id)
    assert [step.stage for step in report.latest.steps] == [
        Stage.DRAFTED, Stage.CHECKED, Stage.SIGNED_OFF, Stage.FILED, Stage.RECEIVED,
    ]  # fmt: skip
    filed, snapshot = await the_snapshot(database, report_id)
    assert report.latest.filing is not None
    assert report.latest.filing.snapshot_sha256 == sha256(filed)
    assert report.latest.filing.number == "江岸区城市管理执法局设备年报〔2026〕1号" == snapshot.filing_number
    receipts = [step.receipt for step in report.latest.steps[-2:]]
    digest = sha256(filed)
    assert receipts == [f"signed:ANNUAL_REPORT_FILED:{digest}", f"signed:ANNUAL_REPORT_RECEIVED:{digest}"]
    assert snapshot.signatories.checked_by == "人员second"
    assert (snapshot.late, snapshot.filed_at) == (False, clock.now())


async def test_four_eyes_are_asked_for_by_the_rules(database: Database, city: City, office: Office) -> None:
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    with pytest.raises(CheckerIsDrafter):
        await filing.check(office.desk("manager"), report_id)
    await filing.write(office.desk("second"), report_id, 0, Written(note="补充"))
    with pytest.raises(CheckerIsDrafter):
        await filing.check(office.desk("second"), report_id)
    await filing.check(office.desk("head"), report_id)
    with pytest.raises(SignerIsChecker):
        await filing.sign_off(office.desk("head"), report_id)
    await filing.sign_off(office.desk("otherhead"), report_id)


@pytest.mark.parametrize(
    ("stage", "follows", "by", "checked_by", "constraint"),
    [
        ("CHECKED", "DRAFTED", "manager", None, "annual_report_checker_is_not_drafter"),
        ("SIGNED_OFF", "CHECKED", "second", "second", "annual_report_signer_is_not_checker"),
        ("SIGNED_OFF", "CHECKED", "head", None, "annual_report_signer_is_not_checker"),
        ("SIGNED_OFF", "CHECKED", "second", "head", "annual_report_step_checker"),
        ("SIGNED_OFF", "DRAFTED", "head", "second", "annual_report_step_in_order"),
        ("FILED", "SIGNED_OFF", "manager", None, "annual_report_step_follows"),
    ],
)
async def test_a_wrong_program_cannot_skip_a_step_or_a_pair_of_eyes(
    database: Database, city: City, office: Office, stage: str, follows: str, by: str, checked_by: str | None,
    constraint: str,
) -> None:  # fmt: skip
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    if stage != "CHECKED":
        await filing.check(office.desk("second"), report_id)
    version = (await the_report(database, report_id)).latest
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        async with database.transaction() as db:
            await db.execute(
                """
                insert into annual_report_step (version_id, stage, follows, at, by, drafted_by, checked_by, revision,
                                                body_sha256, receipt)
                values ($1, $2, $3, now(), $4, $5, $6, 0, sha256('x'), case when $2 = 'FILED' then 'r' end)
                """,
                version.id, stage, follows, city.people[by], city.people["manager"],
                checked_by and city.people[checked_by],
            )  # fmt: skip
    assert refused.value.constraint_name == constraint


async def test_what_is_filed_can_neither_be_edited_nor_deleted_by_the_program(
    database: Database, city: City, office: Office
) -> None:
    await office.filed(city.bureau)
    for table in ("report", "report_version", "report_edit", "report_step", "report_filing", "report_row"):
        column = "id" if table in ("report", "report_version") else "version_id"
        for statement in (f"delete from annual_{table}", f"update annual_{table} set {column} = {column}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with database.connection() as db:
                    await db.execute(statement)


async def test_a_unit_without_devices_files_a_nil_report(database: Database, city: City, office: Office) -> None:
    report_id = await office.filed(city.bureau)
    _, snapshot = await the_snapshot(database, report_id)
    assert snapshot.body.nil
    assert snapshot.body.rows == ()
    assert snapshot.body.summary.closing == 0


async def test_after_the_deadline_a_report_is_filed_as_late_and_on_the_day_it_was(
    database: Database, city: City, office: Office, clock: FixedClock
) -> None:
    clock.instant = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    in_time = await office.filed(city.bureau)
    clock.instant = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # midnight in Beijing
    report_id = await filing.begin(office.desk("manager"), city.street, 2026, None)
    await office.finish(report_id)
    assert (await the_snapshot(database, in_time))[1].late is False
    late = (await the_snapshot(database, report_id))[1]
    assert (late.late, late.filed_at) == (True, clock.now())
    assert late.body.period_to == date(2026, 12, 31)
    with pytest.raises(asyncpg.CheckViolationError, match="annual_report_late_is_late"):
        async with database.transaction() as db:
            await db.execute(
                """
                insert into annual_report_filing (version_id, unit_id, year, ordinal, number, filed_at, late, snapshot,
                                                  snapshot_sha256)
                values (uuidv7(), uuidv7(), 2026, 1, 'x', '2027-01-01T00:00:00Z', false, 'x', sha256('x'))
                """
            )


async def test_december_after_the_closing_date_comes_into_the_next_report_as_a_late_addition(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    clock.instant = datetime(2025, 12, 15, 4, 0, tzinfo=UTC)
    await office.filed(city.bureau, 2025)
    clock.instant = datetime(2026, 12, 20, 4, 0, tzinfo=UTC)
    await camera("LATE", "2025-12-28 09:00")
    await camera("NEW", "2026-05-01 09:00")
    draft = await the_draft(database, await filing.begin(office.desk("manager"), city.bureau, 2026, None))
    assert draft.body.period_from == date(2025, 12, 16)
    assert {row.tag: (row.reason, row.late_addition) for row in draft.body.rows} == {
        "LATE": (Inclusion.LATE_ADDITION, True),
        "NEW": (Inclusion.NEW, False),
    }
    assert draft.body.summary.late_additions == 1


@pytest.mark.parametrize("period_to", [date(2026, 12, 21), date(2025, 12, 31), date(2027, 1, 1)])
async def test_a_closing_date_lies_in_its_year_and_not_in_the_future(
    city: City, office: Office, period_to: date
) -> None:
    with pytest.raises(ReportPeriodUnfit):
        await filing.begin(office.desk("manager"), city.bureau, 2026, period_to)


async def test_governments_do_not_report_and_a_report_is_begun_once(city: City, office: Office) -> None:
    for unit in (city.city, city.district):
        with pytest.raises(UnitDoesNotReport):
            await filing.begin(office.desk("manager"), unit, 2026, None)
    await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    with pytest.raises(ReportBegunAlready):
        await filing.begin(office.desk("manager"), city.bureau, 2026, None)


async def test_a_report_goes_to_the_government_above_the_unit_on_the_closing_date(
    database: Database, city: City, office: Office
) -> None:
    async with database.transaction() as db:
        [unit] = await agency.units_by_id(db, [city.bureau], date(2026, 1, 1))
        moved = type(unit)(
            unit.id, city.city, UnitKind.DEPARTMENT, unit.name_zh, unit.name_en, None, date(2026, 12, 10), None
        )
        await agency.change_unit(db, moved)
    before = await filing.begin(office.desk("manager"), city.bureau, 2026, date(2026, 12, 9))
    assert (await the_report(database, before)).latest.receiver_id == city.district
    await filing.draft_again(office.desk("manager"), before, "截止日改为今天", None)
    assert (await the_report(database, before)).latest.receiver_id == city.city


async def test_a_device_that_breaks_the_balance_is_named_and_nobody_can_check_the_draft_off(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("FINE", "2026-05-01 09:00")
    twice = service(ServiceChange.PUT_IN_SERVICE, "2026-06-01 09:00")
    broken = await camera("TWICE", "2026-05-01 09:00", facts=(twice,))
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    assert [found.tag for found in (await the_draft(database, report_id)).breaks] == ["TWICE"]
    with pytest.raises(ReportDoesNotBalance) as refused:
        await filing.check(office.desk("second"), report_id)
    said = refused.value.spoken("zh-CN")
    assert said["devices"][0]["tag"] == "TWICE"
    assert "TWICE" in said["detail"]
    clock.advance(timedelta(minutes=1))
    await correct(
        database, clock, broken.id, Correction(superseded_id=twice.id, replacement=None, reason="重复登记"),
        recorded_by=city.people["manager"],
    )  # fmt: skip
    await filing.draft_again(office.desk("manager"), report_id, "更正后重新起草", None)
    await filing.check(office.desk("second"), report_id)


async def test_two_people_on_one_draft_the_second_hears_who_wrote_what_and_nothing_is_lost(
    database: Database, city: City, office: Office
) -> None:
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    answers = await together(
        filing.write(office.desk("manager"), report_id, 0, Written(note="甲写的")),
        filing.write(office.desk("second"), report_id, 0, Written(telephone="027-1")),
    )
    refusals = [answer for answer in answers if isinstance(answer, ReportEditedMeanwhile)]
    assert [answer for answer in answers if answer not in refusals] == [1]
    [refused] = refusals
    [change] = refused.spoken("zh-CN")["changes"]
    assert (change["revision"], change["changed"]) in [(1, ["note"]), (1, ["telephone"])]
    assert change["by"] in refused.spoken("zh-CN")["detail"]
    assert (await the_report(database, report_id)).latest.revision == 1


async def test_a_draft_written_on_while_it_is_checked_is_not_checked(
    database: Database, city: City, camera: Camera, office: Office
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    answers = await together(
        filing.check(office.desk("second"), report_id),
        filing.write(office.desk("manager"), report_id, 0, Written(note="晚到的说明")),
    )
    report = await the_report(database, report_id)
    refused = [type(answer) for answer in answers if isinstance(answer, Exception)]
    assert refused in ([ReportEditedMeanwhile], [ReportStepNotAllowed])
    assert (report.latest.stage is Stage.CHECKED) == (report.latest.revision == 0)


async def test_of_two_who_file_at_the_same_time_one_does(database: Database, city: City, office: Office) -> None:
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    await filing.check(office.desk("second"), report_id)
    await filing.sign_off(office.desk("head"), report_id)
    answers = await together(
        *(filing.file(office.desk(who), report_id, Seal()) for who in ("manager", "second", "head"))
    )
    assert [type(answer) for answer in answers if answer is not None] == [ReportStepNotAllowed] * 2
    assert (await the_report(database, report_id)).latest.stage is Stage.FILED


async def test_a_return_has_its_reason_and_another_version_follows_with_what_was_written(
    database: Database, city: City, office: Office
) -> None:
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    await filing.write(office.desk("manager"), report_id, 0, Written(note="说明"))
    await office.finish(report_id, received=False)
    with pytest.raises(ReportStepNotAllowed):
        await filing.give_back(office.desk("receiver"), report_id, Stage.DRAFTED, "缺附件")
    await filing.give_back(office.desk("receiver"), report_id, Stage.FILED, "缺附件")
    with pytest.raises(ReportStepNotAllowed):
        await filing.receive(office.desk("receiver"), report_id, Seal())
    await filing.draft_again(office.desk("second"), report_id, "补附件", None)
    draft = await the_draft(database, report_id)
    assert (draft.body.version, draft.body.note, draft.body.supersedes) == (2, "说明", None)
    report = await the_report(database, report_id)
    assert report.versions[0].steps[-1].reason == "缺附件"
    with pytest.raises(NothingToCompare):
        amending.newest_filed(report)


async def test_what_becomes_known_after_filing_is_proposed_as_an_amendment_and_the_filed_bytes_stay(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    kept = await camera("KEPT", "2026-05-01 09:00")
    report_id = await office.filed(city.bureau)
    before, _ = await the_snapshot(database, report_id)
    report = await the_report(database, report_id)
    assert (await amending.proposal(database, clock, report)).none
    clock.advance(timedelta(days=3))
    await camera("FOUND", "2026-06-01 09:00")
    await record_fact(
        database, clock, kept.id, service(ServiceChange.SUSPENDED, "2026-11-01 09:00"),
        recorded_by=city.people["manager"],
    )  # fmt: skip
    proposed = await amending.proposal(database, clock, report)
    assert [row.tag for row in proposed.added] == ["FOUND"]
    assert [change.tag for change in proposed.changed] == ["KEPT"]
    assert "at_closing" in {change.field for change in proposed.changed[0].fields}
    assert {change.field: (change.before, change.after) for change in proposed.summary}["new"] == (1, 2)
    await filing.draft_again(office.desk("manager"), report_id, "补登记漏报设备", None)
    await office.finish(report_id)
    assert (await the_snapshot(database, report_id, 1))[0] == before
    _, amended = await the_snapshot(database, report_id, 2)
    assert amended.body.supersedes == "江岸区城市管理执法局设备年报〔2026〕1号"
    assert amended.filing_number.endswith("2号")
    assert amended.body.period_to == date(2026, 12, 20)
    between = await amending.between(database, await the_report(database, report_id), 1, 2)
    assert [row.tag for row in between.added] == ["FOUND"]


async def test_a_draft_drawn_again_from_the_same_instant_is_the_same_to_the_byte(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    await camera("NEW", "2026-05-01 09:00")
    device = await camera("AWAY", "2024-05-01 09:00")
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    first = await the_draft(database, report_id)
    clock.advance(timedelta(days=1))
    await camera("LATER", "2026-06-01 09:00")
    await move_device(database, clock, device.id, city.other, date(2026, 12, 1), recorded_by=None)
    await record_fact(
        database, clock, device.id, service(ServiceChange.SUSPENDED, "2026-03-01 09:00"),
        recorded_by=city.people["manager"],
    )  # fmt: skip
    assert await the_draft(database, report_id) == first
    assert [row.tag for row in first.body.rows if row.decision is Decision.INCLUDED] == ["NEW"]


async def test_a_unit_renamed_backwards_after_the_check_must_be_checked_again(
    database: Database, city: City, office: Office
) -> None:
    report_id = await filing.begin(office.desk("manager"), city.bureau, 2026, None)
    await filing.check(office.desk("second"), report_id)
    async with database.transaction() as db:
        [unit] = await agency.units_by_id(db, [city.bureau], date(2026, 1, 1))
        renamed = type(unit)(unit.id, unit.parent_id, unit.kind, "新名字", "New", None, date(2026, 6, 1), None)
        await agency.change_unit(db, renamed)
    with pytest.raises(ReportChangedSinceChecked):
        await filing.sign_off(office.desk("head"), report_id)


async def test_this_years_opening_is_compared_with_last_years_received_closing(
    database: Database, city: City, camera: Camera, office: Office, clock: FixedClock
) -> None:
    clock.instant = datetime(2025, 12, 31, 4, 0, tzinfo=UTC)
    await camera("SAME", "2024-05-01 09:00")
    await office.filed(city.bureau, 2025)
    clock.instant = datetime(2026, 12, 20, 4, 0, tzinfo=UTC)
    await camera("COME", "2025-07-01 09:00")
    draft = await the_draft(database, await filing.begin(office.desk("manager"), city.bureau, 2026, None))
    assert draft.body.previous is not None
    assert (draft.body.previous.closing, draft.body.previous.come, draft.body.previous.gone) == (1, ("COME",), ())
