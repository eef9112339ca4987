"""Officers, phones, devices and photographs with sensible defaults, made through the slices' own functions."""

import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey
from PIL import Image

from agency import queries as agency
from agency.model import PersonKind, UnitKind
from agency.sign_in import p256_public_key
from device_registry import record, register
from device_registry.model import (
    POINTS,
    Announcement,
    Aspect,
    BasisLevel,
    Device,
    Fact,
    Mounting,
    Notice,
    Occasion,
    Place,
    Review,
    ReviewOutcome,
    ServiceChange,
    ServiceEvent,
    SiteVersion,
    VerificationCertificate,
)
from device_registry.record import StandingChanged, nobody_listens
from evidence.model import Courier
from foundation.clock import Clock
from foundation.database import Database

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class OfficerWithPhone(NamedTuple):
    """Somebody who can capture: `key` is in the phone, `courier` is the same person signed in on it."""

    person_id: UUID
    unit_id: UUID
    phone_id: UUID
    key: ECKey
    courier: Courier

    def commitment(self, body: bytes, captured: datetime, **facts: Any) -> str:
        """A signed commitment to these bytes, captured at that instant unless `facts` say otherwise."""
        payload = {
            "evidence_id": uuid4(),
            "sha256": hashlib.sha256(body).hexdigest(),
            "size": len(body),
            "media_type": "image/jpeg",
            "captured_earliest": captured,
            "captured_latest": captured,
        } | facts
        return self.sign(payload)

    def sign(self, payload: dict[str, Any] | bytes, **header: Any) -> str:
        """Bytes are signed as they are, JSON or not."""
        protected = {"alg": "ES256", "kid": str(self.phone_id), "typ": "plumbline-commitment+jws"} | header
        return jws.serialize_compact(
            protected, payload if isinstance(payload, bytes) else msgspec.json.encode(payload), self.key
        )


async def a_unit(database: Database) -> UUID:
    async with database.transaction() as db:
        unit = await agency.add_unit(db, UnitKind.CITY, "武汉市", "Wuhan", date(2020, 1, 1), division_code="420100")
    return unit.id


async def an_officer(
    database: Database,
    unit_id: UUID,
    *,
    kind: PersonKind = PersonKind.OFFICER,
    credential: tuple[date, date] | None = (date(2020, 1, 1), date(2035, 12, 31)),
    enrolled_at: datetime = LONG_AGO,
) -> OfficerWithPhone:
    key = ECKey.generate_key("P-256")
    async with database.transaction() as db:
        person = await agency.add_person(db, kind, "执法人员甲", "Officer A", unit_id)
        if credential and kind is PersonKind.OFFICER:
            await agency.add_credential(db, person.id, f"X-{person.id}", "武汉市人民政府", *credential)
        phone = await agency.enrol_phone(
            db,
            person.id,
            "执法终端",
            "ES256",
            p256_public_key(key.as_dict(private=False)),
            key.thumbprint(),
            enrolled_at,
        )
    return OfficerWithPhone(person.id, unit_id, phone.id, key, Courier(person.id, phone.id, unit_id))


async def a_device(
    database: Database,
    clock: Clock,
    unit_id: UUID,
    *,
    tag: str = "SLM-001",
    kind: str = "SOUND_LEVEL",
    verified: tuple[date, date] | None = (date(2026, 1, 10), date(2027, 1, 9)),
    in_service: datetime | None = LONG_AGO,
) -> Device:
    device = await register.register_device(
        database,
        clock,
        register.Registration(
            tag=tag,
            kind=kind,
            serial_no="41027",
            model="AWA5688",
            maker="—",
            unit_id=unit_id,
            mounting=Mounting.HANDHELD,
        ),
    )
    if in_service:
        event = ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=in_service)
        await record.record_fact(database, clock, device.id, event)
    if verified:
        await verify(database, clock, device, *verified)
    return device


async def a_sited_device(
    database: Database,
    clock: Clock,
    unit_id: UUID,
    place: Place,
    *,
    tag: str = "SRF-001",
    in_service: datetime = LONG_AGO,
) -> Device:
    """A fixed speed radar, lawfully sited long ago and verified for this year."""
    device = await register.register_device(
        database,
        clock,
        register.Registration(
            tag=tag,
            kind="SPEED_RADAR_FIXED",
            serial_no="77001",
            model="—",
            maker="—",
            unit_id=unit_id,
            mounting=Mounting.FIXED,
        ),
    )
    async with database.transaction() as db:
        proposer, reviewer = [
            (await agency.add_person(db, PersonKind.STAFF, name, "Staff", unit_id)).id for name in ("管理员", "审核员")
        ]
        version = SiteVersion(
            number=1,
            address="解放大道",
            place=place,
            monitored_items=("超速行驶",),
            basis_name="道路交通安全法",
            basis_article="第一百一十四条",
            basis_level=BasisLevel.LAW,
            necessity="事故多发",
        )
        await record.record_facts(db, clock, [(device.id, version)], recorded_by=proposer)
        day = in_service.date() - timedelta(days=30)
        reviews = [
            Review(
                site_version_id=version.id,
                aspect=aspect,
                outcome=ReviewOutcome.PASSED,
                reviewing_body="审核单位",
                document_no=f"{aspect}-1",
                reviewed_on=day,
                opinion="通过",
                proposed_by=proposer,
                points=POINTS[aspect],
            )
            for aspect in Aspect
        ]
        told = Announcement(
            site_version_id=version.id,
            notice=Notice.PUBLISHED,
            announced_on=day,
            channel="政府网站",
            content="解放大道",
        )
        begun = ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=in_service, site_version_id=version.id)
        decided: list[Fact] = [*reviews, told, begun]
        await record.record_facts(db, clock, [(device.id, fact) for fact in decided], recorded_by=reviewer)
    await verify(database, clock, device, date(2026, 1, 10), date(2027, 1, 9))
    return device


async def verify(
    database: Database,
    clock: Clock,
    device: Device,
    verified_on: date,
    valid_until: date,
    on_change: StandingChanged = nobody_listens,
) -> None:
    certificate = VerificationCertificate(
        verified_on=verified_on,
        valid_until=valid_until,
        certificate_no=f"JL-{verified_on:%Y%m%d}",
        issuing_body="湖北省计量测试技术研究院",
        occasion=Occasion.SUBSEQUENT,
    )
    await record.record_fact(database, clock, device.id, certificate, on_change=on_change)


def a_photo(seed: int = 1, size: tuple[int, int] = (64, 48)) -> bytes:
    """A small JPEG; another seed gives other bytes."""
    body = io.BytesIO()
    Image.new("RGB", size, (seed % 256, seed // 256 % 256, 90)).save(body, "JPEG", comment=str(seed))
    return body.getvalue()


async def in_chunks(body: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


def at(clock: Clock, *, days: float = 0, minutes: float = 0) -> datetime:
    """An instant this long before the clock's present."""
    return clock.now() - timedelta(days=days, minutes=minutes)
