"""The devices of the demonstration city: what each shows, what the registry must say of it today, and why.

All days are relative to today, so that the city means the same in any year.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from device_registry.model import (
    Datum,
    Fact,
    Mounting,
    Nature,
    Occasion,
    Outcome,
    Place,
    Reason,
    Requirement,
    ServiceChange,
    ServiceEvent,
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
"""Days that every device has been in service."""
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

    def facts(self, now: datetime) -> Iterator[Fact]:
        """What the register knows about the device, if `now` is today."""
        today = day_of(now)
        yield ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=now - timedelta(days=IN_SERVICE_FOR))
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
        "SRF-001", "SPEED_RADAR_FIXED", Mounting.FIXED,
        "旧证书未到期即已续检", "renewed while the old certificate still runs",
        passes=(Pass(350, 14), Pass(10, 354)), place=_HANKOU,
    ),
    DemonstrationDevice(
        "SEC-001", "SPEED_SECTION", Mounting.FIXED,
        "尚无检定规程，有书面结论", "no regulation yet, with a written conclusion",
        concluded=Requirement.NO_REGULATION, place=_HANKOU,
    ),
    DemonstrationDevice(
        "RLC-001", "RED_LIGHT", Mounting.FIXED,
        "无需检定，有书面结论", "needs no verification, with a written conclusion",
        concluded=Requirement.NOT_REQUIRED, place=_HANKOU,
    ),
    DemonstrationDevice(
        "RLC-002", "RED_LIGHT", Mounting.FIXED,
        "无需检定，但缺书面结论", "needs no verification, but nobody has written so",
        _NOT, (Reason.CONCLUSION_MISSING,), place=_HANKOU,
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
