"""Who captures for the self-proof: an officer and two devices of a unit that stands nowhere, and a phone a cycle.

The unit has no period, so it hangs in no tree and is in nobody's reach: what people list, count, remind of or report
never meets the canary, and no list needs to know of it.
"""

import hashlib
import io
import secrets
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey
from PIL import Image

from agency import queries as agency
from agency.model import PersonKind
from agency.sign_in import p256_public_key
from device_registry import queries as registry
from device_registry.model import Mounting, Occasion, ServiceChange, ServiceEvent, VerificationCertificate
from device_registry.record import record_facts
from device_registry.register import Registration, register_devices
from evidence.custodian import Custodian
from evidence.model import Courier
from evidence.self_proof import queries
from evidence.self_proof.queries import Canary
from foundation.civil import day_of
from foundation.database import Connection

NAME_ZH, NAME_EN = "自证", "Self-proof"
CREDENTIAL = (date(2000, 1, 1), date(2099, 12, 31))
CERTIFIED_FOR = timedelta(days=364)
LEAST_LEFT = timedelta(days=30)
"""A certificate that ends sooner is followed by a new one."""


class Phone(NamedTuple):
    """Its key lives as long as the cycle, and nobody else ever has it."""

    id: UUID
    key: ECKey
    courier: Courier

    def commitment(self, captured: "Captured", now: datetime, key: ECKey | None = None) -> str:
        """Signed by the phone's key, or, to be refused, by another."""
        payload: dict[str, Any] = {
            "evidence_id": captured.id,
            "sha256": hashlib.sha256(captured.body).hexdigest(),
            "size": len(captured.body),
            "media_type": "image/png",
            "captured_earliest": now,
            "captured_latest": now,
            "device_tag": captured.device_tag,
        }
        header = {"alg": "ES256", "kid": str(self.id), "typ": "plumbline-commitment+jws"}
        return jws.serialize_compact(header, msgspec.json.encode(payload), key or self.key)


class Captured(NamedTuple):
    """Something to hand in, whose bytes nobody had before."""

    id: UUID
    device_tag: str
    body: bytes

    async def stream(self) -> AsyncIterator[bytes]:
        yield self.body

    async def other_stream(self) -> AsyncIterator[bytes]:
        """As many bytes, one of them another."""
        yield self.body[:-1] + bytes([self.body[-1] ^ 1])


class Ready(NamedTuple):
    """`good` is captured with a device in standing, `lapsed` with one whose certificate has run out."""

    who: Canary
    phone: Phone
    good: Captured
    lapsed: Captured


async def ready(custodian: Custodian) -> Ready:
    """The canary, made where there is none yet, with a new phone and new bytes."""
    key = ECKey.generate_key("P-256")
    async with custodian.database.transaction() as db:
        await queries.one_at_a_time(db)
        who = await queries.canary(db) or await _made(db, custodian)
        await _certified(db, custodian, who)
        devices = await registry.devices_by_id(db, [who.device_id, who.lapsed_id])
        public = p256_public_key(key.as_dict(private=False))
        now = custodian.clock.now()
        phone = await agency.enrol_phone(db, who.officer_id, NAME_ZH, "ES256", public, key.thumbprint(), now)
    courier = Courier(who.officer_id, phone.id, who.unit_id)
    good, lapsed = (
        Captured(uuid4(), devices[device_id].tag, _picture()) for device_id in (who.device_id, who.lapsed_id)
    )
    return Ready(who, Phone(phone.id, key, courier), good, lapsed)


async def _made(db: Connection, custodian: Custodian) -> Canary:
    unit_id = await queries.a_unit_nobody_reaches(db)
    officer = await agency.add_person(db, PersonKind.OFFICER, NAME_ZH, NAME_EN, unit_id)
    await agency.add_credential(db, officer.id, f"SELF-PROOF-{officer.id}", NAME_ZH, *CREDENTIAL)
    mark = officer.id.hex[-8:]
    good, lapsed = await register_devices(
        db,
        custodian.clock,
        [
            Registration(
                tag=f"SELF-PROOF-{name}-{mark}",
                kind="SOUND_LEVEL",
                serial_no=f"SELF-PROOF-{name}-{mark}",
                model=NAME_ZH,
                maker=NAME_ZH,
                unit_id=unit_id,
                mounting=Mounting.HANDHELD,
            )
            for name in ("VERIFIED", "LAPSED")
        ],
    )
    now = custodian.clock.now()
    began = now - 3 * CERTIFIED_FOR
    facts = [
        (device.id, ServiceEvent(change=ServiceChange.PUT_IN_SERVICE, occurred_at=began)) for device in (good, lapsed)
    ]
    long_ago = _certificate(day_of(began + CERTIFIED_FOR / 4))
    await record_facts(db, custodian.clock, [*facts, (lapsed.id, long_ago)], recorded_by=officer.id)
    made = Canary(unit_id, officer.id, good.id, lapsed.id)
    await queries.keep_canary(db, made)
    return made


async def _certified(db: Connection, custodian: Custodian, who: Canary) -> None:
    now = custodian.clock.now()
    periods = (await registry.verified_periods_of(db, [who.device_id]))[who.device_id]
    if not any(period.begins <= now < period.ends - LEAST_LEFT for period in periods):
        certificate = _certificate(day_of(now))
        await record_facts(db, custodian.clock, [(who.device_id, certificate)], recorded_by=who.officer_id)


def _certificate(verified_on: date) -> VerificationCertificate:
    return VerificationCertificate(
        verified_on=verified_on,
        valid_until=verified_on + CERTIFIED_FOR,
        certificate_no=f"SELF-PROOF-{verified_on:%Y%m%d}",
        issuing_body=NAME_ZH,
        occasion=Occasion.SUBSEQUENT,
    )


def _picture() -> bytes:
    """Some 900 bytes."""
    body = io.BytesIO()
    Image.frombytes("RGB", (16, 16), secrets.token_bytes(16 * 16 * 3)).save(body, "PNG")
    return body.getvalue()
