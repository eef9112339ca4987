"""Devices and facts with sensible defaults."""

from datetime import UTC, date, datetime
from uuid import UUID

from device_registry.model import (
    POINTS,
    Announcement,
    Aspect,
    BasisLevel,
    Device,
    Fact,
    Facts,
    Interval,
    Mounting,
    Notice,
    Occasion,
    Requirement,
    Review,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.register import Registration
from foundation.civil import BEIJING
from foundation.database import Database

A_UNIT = UUID("00000000-0000-4000-8000-000000000001")
A_PROPOSER = UUID("00000000-0000-4000-8000-000000000003")


def beijing(text: str) -> datetime:
    """`2026-05-03 14:05` as people in Beijing say it, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def at(text: str, until: str | None = None) -> Interval:
    return Interval(beijing(text), beijing(until or text))


def a_device(
    *,
    requirement: Requirement = Requirement.MANDATORY,
    channels: tuple[str, ...] = (),
    months: int | None = 12,
    siting_needed: bool = False,
) -> Device:
    return Device(
        id=UUID("00000000-0000-4000-8000-000000000002"),
        tag="SLM-041",
        kind="SOUND_LEVEL",
        kind_zh="声级计",
        kind_en="Sound level meter",
        channels=channels,
        max_interval_months=months,
        serial_no="10041",
        model="AWA6228",
        maker="杭州爱华",
        unit_id=A_UNIT,
        mounting=Mounting.FIXED if siting_needed else Mounting.HANDHELD,
        address=None,
        place=None,
        requirement=requirement,
        verification_needed=requirement is Requirement.MANDATORY,
        siting_needed=siting_needed,
        replaces=None,
        synthetic=False,
        registered_at=datetime(2020, 1, 1, tzinfo=UTC),
    )


def a_pass(
    verified_on: str,
    valid_until: str,
    *,
    occasion: Occasion = Occasion.SUBSEQUENT,
    channel: str = "",
    sequence: int | None = None,
    number: str | None = None,
) -> VerificationCertificate:
    return VerificationCertificate(
        verified_on=date.fromisoformat(verified_on),
        valid_until=date.fromisoformat(valid_until),
        certificate_no=number or f"LX-{verified_on}",
        issuing_body="武汉市计量测试检定所",
        occasion=occasion,
        channel=channel,
        issued_sequence=sequence,
    )


def a_fail(failed_on: str, *, channel: str = "", sequence: int | None = None) -> VerificationFailureNotice:
    return VerificationFailureNotice(
        failed_on=date.fromisoformat(failed_on),
        notice_no=f"TZ-{failed_on}",
        issuing_body="武汉市计量测试检定所",
        channel=channel,
        issued_sequence=sequence,
    )


def a_void(occurred_at: str, cause: VoidCause = VoidCause.REPAIR) -> VoidEvent:
    return VoidEvent(cause=cause, occurred_at=beijing(occurred_at))


def service(change: ServiceChange, occurred_at: str) -> ServiceEvent:
    return ServiceEvent(change=change, occurred_at=beijing(occurred_at))


def in_service(since: str = "2020-01-01 00:00") -> ServiceEvent:
    return service(ServiceChange.PUT_IN_SERVICE, since)


def a_conclusion(concluded_on: str, requirement: Requirement = Requirement.NOT_REQUIRED) -> WrittenConclusion:
    return WrittenConclusion(
        requirement=requirement,
        document_no="武技审〔2025〕7号",
        conclusion="该设备只记录影像，不输出测量值。",
        concluded_on=date.fromisoformat(concluded_on),
    )


def a_site(number: int = 1, *, level: BasisLevel = BasisLevel.LAW) -> SiteVersion:
    return SiteVersion(
        number=number,
        address=f"沿江大道 {number} 号",
        monitored_items=("超速行驶",),
        basis_name="中华人民共和国道路交通安全法",
        basis_article="第一百一十四条",
        basis_level=level,
        necessity="该路段三年内事故 12 起。",
    )


def a_review(
    site: SiteVersion,
    aspect: Aspect,
    reviewed_on: str,
    outcome: ReviewOutcome = ReviewOutcome.PASSED,
    *,
    number: str | None = None,
    proposed_by: UUID = A_PROPOSER,
) -> Review:
    return Review(
        site_version_id=site.id,
        aspect=aspect,
        outcome=outcome,
        reviewing_body="区司法局",
        document_no=number or f"审〔{reviewed_on}〕{aspect}",
        reviewed_on=date.fromisoformat(reviewed_on),
        opinion="同意。",
        points=POINTS[aspect],
        proposed_by=proposed_by,
    )


def an_announcement(
    site: SiteVersion, announced_on: str, notice: Notice = Notice.PUBLISHED, *, lead_days: int = 0
) -> Announcement:
    return Announcement(
        site_version_id=site.id,
        notice=notice,
        announced_on=date.fromisoformat(announced_on),
        channel="区人民政府网站",
        content="沿江大道 1 号，超速行驶。",
        lead_days=lead_days,
    )


def put_in_service(site: SiteVersion, occurred_at: str) -> ServiceEvent:
    return ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=beijing(occurred_at), site_version_id=site.id)


def gathered(*facts: Fact, channels: tuple[str, ...] = (), siting_needed: bool = False) -> Facts:
    found = Facts(channels=channels, siting_needed=siting_needed)
    for fact in facts:
        found = found.and_(fact)
    return found


def a_registration(tag: str = "SLM-041", kind: str = "SOUND_LEVEL", unit_id: UUID = A_UNIT) -> Registration:
    return Registration(
        tag=tag,
        kind=kind,
        serial_no="10041",
        model="AWA6228",
        maker="杭州爱华",
        unit_id=unit_id,
        mounting=Mounting.HANDHELD,
    )


async def a_kept_document(database: Database) -> bytes:
    """The digest of a document that is entered, and whose bytes no test asks for."""
    async with database.transaction() as db:
        await db.execute(
            """
            insert into document (sha256, size, media_type, key, version_id, retained_until, stored_at)
            values ($1, 1, 'application/pdf', 'sha256/07', '1', now(), now())
            """,
            b"\x07" * 32,
        )
    return b"\x07" * 32
