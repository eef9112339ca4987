"""The devices of the demonstration city: what each shows, what the registry must say of it today, and why.

All days are relative to today, so that the city means the same in any year.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from device_registry.model import (
    POINTS,
    Announcement,
    Aspect,
    BasisLevel,
    Datum,
    Fact,
    Mounting,
    Nature,
    Notice,
    Occasion,
    Outcome,
    Place,
    Reason,
    Requirement,
    Review,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SignCheck,
    SiteVersion,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from foundation.civil import day_of

BODY = "演示检定机构"
"""No real body verified anything here."""
IN_SERVICE_FOR = 500
"""Days that a device has been in service which was never verified; others are since the day they first were."""
SITED_FOR = 540
"""Days since every site was proposed; reviewed ten days later, announced another ten after that."""
MANAGER, LEGAL, TECHNICAL, PUBLICITY = "device-manager", "legal-reviewer", "technical-reviewer", "publicity-officer"
"""Sign-in names of who recorded what."""
ADDRESS = "解放大道（演示点位）"
MULTI_GAS = ("CH4", "H2S", "CO", "O2")


class Pass(NamedTuple):
    """A certificate: verified so many days ago, last valid so many days from now (negative: past)."""

    days_ago: int
    valid_for: int
    channel: str = ""
    nature: Nature = Nature.VERIFICATION


class DemonstrationDevice(NamedTuple):
    tag: str
    kind: str
    mounting: Mounting
    shows_zh: str
    shows_en: str
    outcome: Outcome = Outcome.IN_STANDING
    reasons: tuple[Reason, ...] = ()
    """In standing exactly when there are none."""
    passes: tuple[Pass, ...] = ()
    failed_days_ago: int | None = None
    repaired_days_ago: int | None = None
    suspended_days_ago: int | None = None
    concluded: Requirement | None = None
    place: Place | None = None
    monitors: str = ""
    """What a sited device watches; '' for one that needs no siting."""
    announced: bool = True
    """False: used for years, and nobody told the public."""
    put_in_service: bool = True
    """False: proposed, and under review."""

    def facts(self, now: datetime, people: Mapping[str, UUID]) -> Iterator[tuple[str, Fact]]:
        """What the register knows about the device, if `now` is today: facts, each with who recorded it."""
        today = day_of(now)
        version = self._site() if self.monitors else None
        if version is not None:
            yield MANAGER, version
            if self.put_in_service:
                yield from self._siting(version, today, people)
        if self.put_in_service:
            first = max(
                (one.days_ago for one in self.passes if one.nature is Nature.VERIFICATION), default=IN_SERVICE_FOR
            )
            since = now - timedelta(days=first)
            yield (
                MANAGER,
                ServiceEvent(
                    change=ServiceChange.PUT_IN_SERVICE,
                    occurred_at=since,
                    site_version_id=None if version is None else version.id,
                ),
            )
        for fact in self._metrology(now, today):
            yield MANAGER, fact

    def _site(self) -> SiteVersion:
        return SiteVersion(
            number=1,
            address=ADDRESS,
            road="解放大道",
            direction="由东向西",
            place=self.place,
            monitored_items=(self.monitors,),
            speed_limit=60 if self.kind.startswith("SPEED") else None,
            basis_name="中华人民共和国道路交通安全法",
            basis_article="第一百一十四条",
            basis_level=BasisLevel.LAW,
            necessity="该路段事故多发（演示数据）。",
            spacing_metres=1200,
            funding="财政资金（演示）",
        )

    def _siting(self, version: SiteVersion, today: date, people: Mapping[str, UUID]) -> Iterator[tuple[str, Fact]]:
        for who, aspect in ((LEGAL, Aspect.LEGAL), (TECHNICAL, Aspect.TECHNICAL)):
            yield (
                who,
                Review(
                    site_version_id=version.id,
                    aspect=aspect,
                    outcome=ReviewOutcome.PASSED,
                    reviewing_body="演示审核单位",
                    document_no=f"演示-{self.tag}-{aspect[0]}",
                    reviewed_on=_days(today, 10 - SITED_FOR),
                    opinion="符合要求。",
                    proposed_by=people[MANAGER],
                    points=POINTS[aspect],
                ),
            )
        if self.announced:
            yield (
                PUBLICITY,
                Announcement(
                    site_version_id=version.id,
                    notice=Notice.PUBLISHED,
                    announced_on=_days(today, 20 - SITED_FOR),
                    channel="政府网站（演示）",
                    content=f"{ADDRESS}，监管：{self.monitors}",
                ),
            )
        yield MANAGER, SignCheck(checked_on=_days(today, -30), clear=True)

    def _metrology(self, now: datetime, today: date) -> Iterator[Fact]:
        for number, passed in enumerate(self.passes, start=1):
            yield VerificationCertificate(
                certificate_no=f"演示-{self.tag}-{number}",
                issuing_body=BODY,
                occasion=Occasion.SUBSEQUENT,
                nature=passed.nature,
                channel=passed.channel,
                verified_on=_days(today, -passed.days_ago),
                valid_until=_days(today, passed.valid_for),
            )
        if self.failed_days_ago is not None:
            yield VerificationFailureNotice(
                notice_no=f"演示-{self.tag}-F",
                issuing_body=BODY,
                failed_on=_days(today, -self.failed_days_ago),
                failed_items="示值误差",
            )
        if self.repaired_days_ago is not None:
            yield VoidEvent(cause=VoidCause.REPAIR, occurred_at=now - timedelta(days=self.repaired_days_ago))
        if self.suspended_days_ago is not None:
            yield ServiceEvent(
                change=ServiceChange.SUSPENDED,
                occurred_at=now - timedelta(days=self.suspended_days_ago),
                reason="外观破损，待检查",
            )
        if self.concluded is not None:
            yield WrittenConclusion(
                requirement=self.concluded,
                document_no=f"演示-{self.tag}-C",
                conclusion="技术审核结论：按规定无需检定或尚无检定规程，时钟与数据完整性检查合格。",
                concluded_on=_days(today, -IN_SERVICE_FOR),
            )


def _days(day: date, days: int) -> date:
    return day + timedelta(days=days)


_HANKOU = Place(114.2990, 30.5950, Datum.WGS84)
_NOT = Outcome.NOT_IN_STANDING

DEVICES = (
    DemonstrationDevice(
        "SLM-001", "SOUND_LEVEL", Mounting.HANDHELD, "检定有效", "in standing",
        passes=(Pass(100, 264),),
    ),
    DemonstrationDevice(
        "SLM-002", "SOUND_LEVEL", Mounting.HANDHELD, "逾期未检定", "verification overdue",
        _NOT, (Reason.VERIFICATION_OVERDUE,), passes=(Pass(400, -36),),
    ),
    DemonstrationDevice(
        "SLM-003", "SOUND_LEVEL", Mounting.HANDHELD,
        "检定不合格，旧证书尚在期内", "failed while the old certificate still ran",
        _NOT, (Reason.VERIFICATION_FAILED,), passes=(Pass(300, 64),), failed_days_ago=20,
    ),
    DemonstrationDevice(
        "SLM-004", "SOUND_LEVEL", Mounting.HANDHELD, "未经检定", "never verified",
        _NOT, (Reason.NEVER_VERIFIED,),
    ),
    DemonstrationDevice(
        "SLM-005", "SOUND_LEVEL", Mounting.HANDHELD, "检定后经过维修", "repaired after its verification",
        _NOT, (Reason.VERIFICATION_VOIDED,), passes=(Pass(60, 304),), repaired_days_ago=10,
    ),
    DemonstrationDevice(
        "SLM-006", "SOUND_LEVEL", Mounting.HANDHELD, "检定有效但已停用", "verified, but suspended",
        _NOT, (Reason.DEVICE_SUSPENDED,), passes=(Pass(60, 304),), suspended_days_ago=5,
    ),
    DemonstrationDevice(
        "SLM-007", "SOUND_LEVEL", Mounting.HANDHELD,
        "只有校准证书", "calibrated only, which is no verification",
        _NOT, (Reason.NEVER_VERIFIED,), passes=(Pass(60, 304, nature=Nature.CALIBRATION),),
    ),
    DemonstrationDevice(
        "SLM-008", "SOUND_LEVEL", Mounting.HANDHELD,
        "逾期后重新检定，尚未复核恢复", "overdue, verified again, released by nobody yet",
        _NOT, (Reason.DEVICE_SUSPENDED,), passes=(Pass(450, -86), Pass(20, 344)),
    ),
    DemonstrationDevice(
        "SRF-001", "SPEED_RADAR_FIXED", Mounting.FIXED,
        "旧证书未到期即已续检", "renewed while the old certificate still runs",
        passes=(Pass(350, 14), Pass(10, 354)), place=_HANKOU, monitors="超速行驶",
    ),
    DemonstrationDevice(
        "SRF-002", "SPEED_RADAR_FIXED", Mounting.FIXED,
        "设置地点未向社会公布", "its site was never announced",
        _NOT, (Reason.SITE_NOT_ANNOUNCED,), passes=(Pass(90, 274),),
        place=Place(114.2712, 30.5810, Datum.WGS84), monitors="超速行驶", announced=False,
    ),
    DemonstrationDevice(
        "WIM-001", "WEIGH_DYNAMIC", Mounting.FIXED,
        "拟设，审核尚未完成", "proposed, its reviews not done",
        _NOT,
        (
            Reason.DEVICE_NOT_IN_SERVICE, Reason.LEGAL_REVIEW_MISSING, Reason.TECHNICAL_REVIEW_MISSING,
            Reason.SITE_NOT_ANNOUNCED, Reason.NEVER_VERIFIED,
        ),
        place=Place(114.3600, 30.6200, Datum.CGCS2000), monitors="超限运输", put_in_service=False,
    ),
    DemonstrationDevice(
        "SEC-001", "SPEED_SECTION", Mounting.FIXED,
        "尚无检定规程，有书面结论", "no regulation yet, with a written conclusion",
        concluded=Requirement.NO_REGULATION, place=_HANKOU, monitors="区间超速",
    ),
    DemonstrationDevice(
        "RLC-001", "RED_LIGHT", Mounting.FIXED,
        "无需检定，有书面结论", "needs no verification, with a written conclusion",
        concluded=Requirement.NOT_REQUIRED, place=_HANKOU, monitors="闯红灯",
    ),
    DemonstrationDevice(
        "RLC-002", "RED_LIGHT", Mounting.FIXED,
        "无需检定，但缺书面结论", "needs no verification, but nobody has written so",
        _NOT, (Reason.CONCLUSION_MISSING,), place=_HANKOU, monitors="闯红灯",
    ),
    DemonstrationDevice(
        "GAS-001", "GAS_MULTI", Mounting.HANDHELD, "四个通道均已检定", "all four channels verified",
        passes=tuple(Pass(40, 324, channel) for channel in MULTI_GAS),
    ),
    DemonstrationDevice(
        "GAS-002", "GAS_MULTI", Mounting.HANDHELD, "一氧化碳通道未经检定", "the CO channel was never verified",
        _NOT, (Reason.NEVER_VERIFIED,),
        passes=tuple(Pass(40, 324, channel) for channel in MULTI_GAS if channel != "CO"),
    ),
)  # fmt: skip
"""The tag is on the device's label; the walkthrough plays a shift with these."""

BY_TAG = {device.tag: device for device in DEVICES}
