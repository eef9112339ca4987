"""What the public may see of a device, in words: the list, the card with its standing at an instant, the notices.

Everything here is made of `model.public`; a serial number, a maker, a model, a person, an id or the number of a
document is in none of these Structs, so no page and no answer can let one slip.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

import msgspec

from agency.model import Unit, UnitKind
from agency.queries import tree
from device_registry import queries
from device_registry.model import (
    Channel,
    DeviceKind,
    Finding,
    Interval,
    Notice,
    NoticeTold,
    Place,
    Published,
    Purpose,
    Reason,
    Use,
    ValidityTold,
)
from device_registry.problems import NotPublished
from device_registry.rules import use_of, validity_of
from foundation.civil import day_of, spoken
from foundation.database import Connection
from foundation.words import Language, say


class ChannelShown(msgspec.Struct, frozen=True):
    purpose: Purpose
    words: str


class PublicDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the public list. Days are Beijing civil days; `valid_until` is inclusive."""

    tag: str
    kind: str
    kind_name: str
    unit_name: str
    district: str
    """By its Chinese name in both languages, as lists are asked for it; the city where it is in none."""
    address: str
    road: str | None
    direction: str | None
    place: Place | None
    monitored_items: tuple[str, ...]
    speed_limit: int | None
    """km/h."""
    announced_on: date
    use: Use
    in_use_since: date | None
    verification: ValidityTold
    valid_until: date | None
    channels: tuple[ChannelShown, ...]


class ReasonTold(msgspec.Struct, frozen=True):
    code: Reason
    words: str


class StandingTold(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the device was in service and verified at that instant; all reasons, where it was not."""

    at: datetime
    in_service_and_verified: bool
    reasons: tuple[ReasonTold, ...]


class PublicNotice(msgspec.Struct, frozen=True, kw_only=True):
    """That a site was given up (WITHDRAWN) or a device stopped (STOPPED)."""

    tag: str
    kind: str
    kind_name: str
    unit_name: str
    address: str
    direction: str | None
    notice: Notice
    announced_on: date
    channel: str
    url: str | None
    content: str
    site_number: int


class PublicCard(msgspec.Struct, frozen=True, kw_only=True):
    """All that the public may see of one device."""

    device: PublicDevice
    standing: StandingTold
    notices: tuple[PublicNotice, ...]


class Surroundings(msgspec.Struct, frozen=True):
    """What devices are named by, in the reader's language: units as they stand today, kinds, channels."""

    language: Language
    units: dict[UUID, Unit]
    districts: dict[UUID, Unit]
    """By unit: the district or functional zone it is in; where it is in none, its city."""
    kinds: dict[str, DeviceKind]
    channels: dict[UUID, dict[Purpose, Channel]]

    def name(self, named: Unit | DeviceKind | None) -> str:
        if named is None:
            return ""
        return named.name_zh if self.language == "zh-CN" else named.name_en

    def within(self, district: str | None) -> Collection[UUID] | None:
        """The units of the district of that Chinese name; None: all units."""
        if not district:
            return None
        return [unit_id for unit_id, found in self.districts.items() if found.name_zh == district]

    def district_choices(self) -> list[tuple[str, str]]:
        """For a filter: what to ask for, and its name."""
        return list({found.name_zh: self.name(found) for found in self.districts.values()}.items())

    def kind_choices(self) -> list[tuple[str, str]]:
        return [(kind.code, self.name(kind)) for kind in self.kinds.values()]

    def shown(self, device: Published, now: datetime) -> PublicDevice:
        validity, valid_until = validity_of(device, now)
        site, district = device.site, self.districts.get(device.unit_id)
        return PublicDevice(
            tag=device.tag,
            kind=device.kind,
            kind_name=self.name(self.kinds.get(device.kind)),
            unit_name=self.name(self.units.get(device.unit_id)),
            district="" if district is None else district.name_zh,
            address=site.address,
            road=site.road,
            direction=site.direction,
            place=site.place,
            monitored_items=site.monitored_items,
            speed_limit=site.speed_limit,
            announced_on=site.announced_on,
            use=use_of(device, now),
            in_use_since=None if site.in_use_since is None else day_of(site.in_use_since),
            verification=validity,
            valid_until=valid_until,
            channels=tuple(
                ChannelShown(purpose, channel.words_zh if self.language == "zh-CN" else channel.words_en)
                for purpose, channel in self.channels.get(device.unit_id, {}).items()
            ),
        )

    def notice(self, told: NoticeTold) -> PublicNotice:
        return PublicNotice(
            kind_name=self.name(self.kinds.get(told.kind)),
            unit_name=self.name(self.units.get(told.unit_id)),
            **{name: value for name, value in msgspec.structs.asdict(told).items() if name != "unit_id"},
        )


async def surroundings(db: Connection, now: datetime, language: Language) -> Surroundings:
    today = day_of(now)
    units = await tree(db, today)
    named: dict[UUID, dict[Purpose, Channel]] = {}
    for channel in await queries.channels_on(db, today):
        named.setdefault(channel.unit_id, {})[channel.purpose] = channel
    districts: dict[UUID, Unit] = {}
    channels: dict[UUID, dict[Purpose, Channel]] = {}
    for unit in units:  # each after its parent
        above = districts.get(unit.parent_id) if unit.parent_id else None
        is_one = above is None or unit.kind in (UnitKind.DISTRICT, UnitKind.FUNCTIONAL_ZONE)
        districts[unit.id] = unit if is_one or above is None else above
        found = {**(channels.get(unit.parent_id, {}) if unit.parent_id else {}), **named.get(unit.id, {})}
        channels[unit.id] = {purpose: found[purpose] for purpose in Purpose if purpose in found}
    kinds = {kind.code: kind for kind in await queries.device_kinds(db)}
    return Surroundings(language, {unit.id: unit for unit in units}, districts, kinds, channels)


async def card(
    db: Connection, tag: str, at: datetime | None, now: datetime, language: Language, *, most_notices: int = 20
) -> PublicCard:
    """The device with its standing at `at`, or now. Raises NotPublished, the same whatever the reason.

    The announcement is looked for first: of a device that was never announced nothing else is even read.
    """
    device = await queries.published_by_tag(db, tag, now)
    if device is None:
        raise NotPublished
    around = await surroundings(db, now, language)
    instant = at or now
    standing = await queries.standing_of(db, tag, Interval(instant, instant))
    if standing is None:
        raise NotPublished
    notices = await queries.notices_told(db, day_of(now), tag=tag, most=most_notices)
    return PublicCard(
        device=around.shown(device, now),
        standing=StandingTold(
            at=instant,
            in_service_and_verified=not standing.reasons,
            reasons=tuple(_told(standing.reasons, language)),
        ),
        notices=tuple(around.notice(told) for told in notices),
    )


def _told(findings: Iterable[Finding], language: Language) -> Iterable[ReasonTold]:
    """Each reason once, without the numbers of documents."""
    seen = set()
    for finding in findings:
        if finding.reason not in seen:
            seen.add(finding.reason)
            yield ReasonTold(finding.reason, _words(finding, language))


def _words(finding: Finding, language: Language) -> str:
    key: str = finding.reason
    if finding.automatic:
        key = "DEVICE_SUSPENDED_BY_ITSELF"
    elif finding.usable_from:
        key = "SITE_NOT_USABLE_YET"
    return say(
        language,
        f"public.reason.{key}",
        valid_until=finding.valid_until,
        failed_on=finding.failed_on,
        cause=say(language, f"device.cause.{finding.cause}") if finding.cause else "",
        usable_from=finding.usable_from,
        occurred_at=spoken(finding.occurred_at)[:16] if finding.occurred_at else "",
    )
