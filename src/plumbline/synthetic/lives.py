"""One made-up device and all that is known of it: the same number and seed give the same device on any machine."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from device_registry.model import (
    POINTS,
    Announcement,
    Aspect,
    BasisLevel,
    Datum,
    Device,
    DeviceKind,
    Fact,
    Mounting,
    Nature,
    Notice,
    Occasion,
    Place,
    Requirement,
    Review,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SignCheck,
    SiteVersion,
    State,
    SuspensionCause,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from foundation.civil import BEIJING, day_of
from plumbline.synthetic import frequencies
from plumbline.synthetic.frequencies import Metrology, Sort

TAG = "SYN-{:06}"
BODY = "合成检定机构"
MANAGER, RELEASER, LEGAL, TECHNICAL, PUBLICITY = (
    "device-manager", "device-manager-b", "legal-reviewer", "technical-reviewer", "publicity-officer",
)  # fmt: skip
"""Sign-in names, in the demonstration city, of who recorded what; the first one's facts are spoken of by the others."""
RECORDERS = (MANAGER, RELEASER, LEGAL, TECHNICAL, PUBLICITY)
CENTRE = (114.30, 30.59)
"""Around here, in degrees of CGCS2000."""

Choice = TypeVar("Choice")


class City(msgspec.Struct, frozen=True):
    """Where the devices go. `people`: ids by sign-in name; `now` makes every day relative."""

    kinds: dict[str, DeviceKind]
    units: list[UUID]
    people: dict[str, UUID]
    now: datetime


class Life(NamedTuple):
    device: Device
    facts: list[tuple[str, Fact]]
    """Each with the sign-in name of who recorded it."""


def life(number: int, seed: int, certificates: int, city: City) -> Life:
    """`certificates`: verifications (or calibrations, of what needs none) and notices that the device has."""
    return _Maker(number, Random(f"{seed}/{number}"), certificates, city).life()  # noqa: S311 - nothing secret


class _Maker:
    def __init__(self, number: int, chance: Random, certificates: int, city: City) -> None:
        self._number, self._chance, self._certificates, self._city = number, chance, certificates, city
        self._today = day_of(city.now)
        sited = chance.random() < frequencies.SITED_SHARE
        sorts = frequencies.SITED if sited else frequencies.HELD
        self._sort: Sort = chance.choices(sorts, [sort.weight for sort in sorts])[0]
        self._kind = city.kinds[self._sort.kind]
        self._state = self._one_of(frequencies.STATES)
        self._metrology: Metrology = self._one_of({found: found.weight for found in frequencies.VERIFIED.values()})
        self._tag = TAG.format(number)

    def life(self) -> Life:
        device = self._device()
        instrument = [*self._instrument()]
        days = [fact.verified_on for fact in instrument if isinstance(fact, VerificationCertificate)]
        known_for = min(self._one_of(frequencies.AGES) * 365, (self._today - min(days, default=self._today)).days)
        since = self._today - timedelta(days=max(known_for, 5))
        facts = [(MANAGER, fact) for fact in instrument]
        version = self._site(device) if device.siting_needed else None
        if version is not None:
            facts.append((MANAGER, version))
            facts += self._siting(version, since)
        facts += self._service(version, since, days)
        return Life(device, facts)

    def _device(self) -> Device:
        chance, city = self._chance, self._city
        twin = self._number > 1 and chance.random() < frequencies.SAME_SERIAL_NO / 2
        weights = [frequencies.UNIT_SIZES[n % len(frequencies.UNIT_SIZES)] for n in range(len(city.units))]
        return Device(
            id=self._id(),
            tag=self._tag,
            kind=self._kind.code,
            kind_zh=self._kind.name_zh,
            kind_en=self._kind.name_en,
            channels=self._kind.channels,
            max_interval_months=self._kind.max_interval_months,
            serial_no=f"HC{self._number - twin:07}",
            model=f"合成-{self._kind.code}",
            maker=self._one_of(frequencies.MAKERS),
            unit_id=chance.choices(city.units, weights)[0],
            mounting=self._sort.mounting,
            address=None,
            place=None,
            requirement=self._kind.requirement,
            verification_needed=self._kind.requirement is Requirement.MANDATORY,
            siting_needed=self._sort.mounting is not Mounting.HANDHELD,
            replaces=None,
            synthetic=True,
            registered_at=city.now,
        )

    def _instrument(self) -> Iterator[Fact]:
        """As many results as asked for, the newest first; over the channels in turn, where there are several."""
        chance = self._chance
        years = (self._kind.max_interval_months or 12) / 12
        verified = (
            self._kind.requirement is Requirement.MANDATORY and self._metrology is not frequencies.VERIFIED["never"]
        )
        channels = self._kind.channels or ("",)
        newest = self._today - timedelta(days=round(chance.randint(*self._metrology.verified_days_ago) * years))
        gap = self._metrology is frequencies.VERIFIED["valid"] and chance.random() < frequencies.GAP
        day, left = newest, self._certificates
        if verified and self._metrology.failed and left > 1:
            failed_on = newest + timedelta(days=chance.randint(1, 20))
            yield VerificationFailureNotice(
                id=self._id(), failed_on=failed_on, notice_no=f"{self._tag}-T", issuing_body=BODY, channel=channels[0],
                failed_items="示值误差",
            )  # fmt: skip
            left -= 1
        if verified and self._metrology.voided:
            yield VoidEvent(
                id=self._id(), cause=VoidCause.SEAL_BROKEN, occurred_at=self._at(newest + timedelta(days=10))
            )
        for turn in range(left):
            channel = channels[turn % len(channels)]
            if turn and turn % len(channels) == 0:  # the next round lies an interval further back
                back = round((chance.randint(330, 362) + (60 if gap and turn == len(channels) else 0)) * years)
                day -= timedelta(days=back)
            valid_for = round((self._one_of(frequencies.VALIDITY_DAYS) + 1) * years) - 1
            repaired = chance.random() < frequencies.AFTER_REPAIR
            yield VerificationCertificate(
                id=self._id(),
                verified_on=day,
                valid_until=day + timedelta(days=valid_for),
                certificate_no=f"{self._tag}-{turn + 1}",
                issuing_body=BODY,
                occasion=Occasion.AFTER_REPAIR if repaired else Occasion.SUBSEQUENT,
                nature=Nature.VERIFICATION if verified else Nature.CALIBRATION,
                channel=channel,
                regulation=self._kind.regulation,
            )
        if self._kind.requirement is not Requirement.MANDATORY and self._metrology is not frequencies.VERIFIED["never"]:
            yield WrittenConclusion(
                id=self._id(),
                requirement=self._kind.requirement,
                document_no=f"{self._tag}-C",
                conclusion="合成数据：按规定无需检定或尚无检定规程。",
                concluded_on=day,
            )

    def _site(self, device: Device) -> SiteVersion:
        chance = self._chance
        here = chance if chance.random() > frequencies.SAME_PLACE else Random(0)  # noqa: S311 - the shared place
        longitude, latitude = (middle + here.uniform(-0.4, 0.4) for middle in CENTRE)
        return SiteVersion(
            id=self._id(),
            number=1,
            address=f"合成路{self._number % 997 + 1}号",
            road=f"合成路{self._number % 97 + 1}",
            direction=chance.choice(("由东向西", "由西向东", "由南向北", "由北向南")),
            place=Place(round(longitude, 6), round(latitude, 6), Datum.CGCS2000),
            monitored_items=(self._sort.watches,),
            speed_limit=self._one_of(frequencies.SPEED_LIMITS) if device.kind.startswith("SPEED") else None,
            basis_name="中华人民共和国道路交通安全法",
            basis_article="第一百一十四条",
            basis_level=BasisLevel.LAW,
            necessity="合成数据。",
        )

    def _siting(self, version: SiteVersion, since: date) -> Iterator[tuple[str, Fact]]:
        """What was decided and published about the site before `since`."""
        passed, rejected = ReviewOutcome.PASSED, ReviewOutcome.REJECTED
        undecided = {
            State.PROPOSED: (Aspect.LEGAL, Aspect.TECHNICAL),
            State.WITHDRAWN: (Aspect.LEGAL, Aspect.TECHNICAL),
            State.LEGAL_REVIEW: (Aspect.LEGAL,),
            State.TECHNICAL_REVIEW: (Aspect.TECHNICAL,),
        }.get(self._state, ())
        for who, aspect, days in ((LEGAL, Aspect.LEGAL, 50), (TECHNICAL, Aspect.TECHNICAL, 45)):
            if aspect in undecided:
                continue
            outcome = rejected if (self._state, aspect) == (State.REJECTED, Aspect.TECHNICAL) else passed
            yield (
                who,
                Review(
                    id=self._id(),
                    site_version_id=version.id,
                    aspect=aspect,
                    outcome=outcome,
                    reviewing_body="合成审核单位",
                    document_no=f"{self._tag}-{aspect[0]}",
                    reviewed_on=since - timedelta(days=days),
                    opinion="合成数据。",
                    proposed_by=self._city.people[MANAGER],
                    points=POINTS[aspect] if outcome is passed else (),
                ),
            )
        if self._state not in frequencies.BEFORE_SERVICE or self._state is State.ANNOUNCED:
            yield (
                PUBLICITY,
                Announcement(
                    id=self._id(),
                    site_version_id=version.id,
                    notice=Notice.PUBLISHED,
                    announced_on=since - timedelta(days=30),
                    channel="合成公告栏",
                    content=f"{version.address}，监管：{self._sort.watches}",
                ),
            )
            checked_on = self._today - timedelta(days=self._chance.randint(1, 700))
            yield MANAGER, SignCheck(id=self._id(), checked_on=checked_on, clear=True)

    def _service(
        self, version: SiteVersion | None, since: date, verified: Sequence[date]
    ) -> Iterator[tuple[str, Fact]]:
        version_id = None if version is None else version.id
        if self._state is State.WITHDRAWN and version_id:
            yield (
                MANAGER,
                ServiceEvent(
                    id=self._id(),
                    change=ServiceChange.WITHDRAWN,
                    occurred_at=self._at(since),
                    site_version_id=version_id,
                    reason="合成数据。",
                ),
            )
        if self._state in frequencies.BEFORE_SERVICE:
            return
        begun = self._at(since)
        yield (
            MANAGER,
            ServiceEvent(
                id=self._id(), change=ServiceChange.PUT_IN_SERVICE, occurred_at=begun, site_version_id=version_id
            ),
        )
        if verified and max(verified) > since and self._metrology is frequencies.VERIFIED["valid"]:
            released = self._at(max(verified), hours=15)  # whether it had lapsed before or not
            yield RELEASER, ServiceEvent(id=self._id(), change=ServiceChange.RESUMED, occurred_at=released)
        steps = frequencies.STEPS.get(self._state, ())
        for step, change in enumerate(steps):
            yield (
                MANAGER,
                ServiceEvent(
                    id=self._id(),
                    change=change,
                    occurred_at=self._city.now - timedelta(hours=20 * (len(steps) - step)),
                    reason="合成数据。",
                    cause=SuspensionCause.FAULT if change is ServiceChange.SUSPENDED else None,
                    document_no=f"{self._tag}-{change[:3]}",
                    deadline=self._today + timedelta(days=self._chance.randint(-10, 40))
                    if change is ServiceChange.RECTIFYING
                    else None,
                    responsible="合成责任岗位" if change is ServiceChange.RECTIFYING else None,
                ),
            )

    def _at(self, day: date, *, hours: int = 9) -> datetime:
        """An instant of that Beijing day, and never a future one."""
        return min(datetime.combine(day, time(hours), BEIJING), self._city.now - timedelta(days=2, minutes=1))

    def _one_of(self, weights: Mapping[Choice, float]) -> Choice:
        return self._chance.choices([*weights], [*weights.values()])[0]

    def _id(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)
