"""What a certificate may say of a device: its serial number, its body, its days; and what it never does."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from device_registry import queries
from device_registry.model import (
    CertificateDetails,
    Device,
    Nature,
    Outcome,
    Reason,
    VerificationBody,
    VerificationCertificate,
)
from device_registry.problems import BodyNotAuthorised, CertificateOfAnother, FactAlreadyRecorded
from device_registry.record import record_fact
from device_registry.register import register_device
from foundation.database import Database
from tests.agency.builders import City
from tests.device_registry.builders import a_fail, a_pass, a_registration, at, in_service
from tests.device_registry.test_http import (
    CERTIFICATE,
    Desk,
    a_meter,
    city,
    client,
    heard,
    is_problem,
    manager,
    registry_app,
)
from tests.support import FixedClock

__all__ = ["city", "client", "heard", "manager", "registry_app"]

BODY = a_pass("2026-01-10", "2027-01-09").issuing_body


async def authorised(
    database: Database, number: str, kinds: tuple[str, ...], begins: str | None, ends: str | None, name: str = BODY
) -> None:
    body = VerificationBody(
        id=uuid4(),
        name=name,
        authorisation_no=number,
        kinds=kinds,
        begins=date.fromisoformat(begins) if begins else None,
        ends=date.fromisoformat(ends) if ends else None,
    )
    async with database.transaction() as db:
        await queries.add_body(db, body, None)


@pytest.mark.parametrize("written", ["1 0041", "10-041", " 10041 ", "１００４１", None, ""])
async def test_a_serial_number_is_the_device_s_however_it_is_spaced(
    database: Database, clock: FixedClock, device: Device, written: str | None
) -> None:
    certificate = replace(a_pass("2026-01-10", "2027-01-09"), details=CertificateDetails(serial_no=written))
    await record_fact(database, clock, device.id, certificate)


async def test_case_does_not_matter_in_a_serial_number(database: Database, clock: FixedClock) -> None:
    device = await register_device(database, clock, replace(a_registration(), serial_no="ab-41X"))
    certificate = replace(a_pass("2026-01-10", "2027-01-09"), details=CertificateDetails(serial_no="AB 41x"))
    await record_fact(database, clock, device.id, certificate)


async def test_another_serial_number_is_another_device_s_certificate(
    database: Database, clock: FixedClock, device: Device, manager: Desk, city: City
) -> None:
    certificate = replace(a_pass("2026-01-10", "2027-01-09"), details=CertificateDetails(serial_no="10042"))
    with pytest.raises(CertificateOfAnother) as refused:
        await record_fact(database, clock, device.id, certificate)
    assert refused.value.field == "details.serial_no"
    meter = await a_meter(manager, city, tag="SLM-042")
    body = CERTIFICATE | {"details": {"serial_no": "10042"}}
    answer = await manager.post(f"/devices/{meter}/verification-certificates", json=body)
    is_problem(answer, 422, "certificate-of-another", "details.serial_no")


@pytest.mark.parametrize(
    ("kinds", "begins", "ends", "may"),
    [
        ((), None, None, True),
        (("SOUND_LEVEL",), "2026-01-10", "2026-01-11", True),
        (("SPEED_RADAR_FIXED",), None, None, False),
        ((), "2026-01-11", None, False),
        ((), None, "2026-01-10", False),
    ],
)
async def test_a_body_that_is_known_verifies_what_and_when_it_is_authorised_to(
    database: Database, clock: FixedClock, device: Device, kinds: tuple[str, ...], begins: str, ends: str, may: bool
) -> None:
    await authorised(database, "1", kinds, begins, ends)
    for fact in (a_pass("2026-01-10", "2027-01-09"), a_fail("2026-01-10")):
        if may:
            await record_fact(database, clock, device.id, fact)
        else:
            with pytest.raises(BodyNotAuthorised) as refused:
                await record_fact(database, clock, device.id, fact)
            assert refused.value.field == "issuing_body"


async def test_one_of_several_authorisations_is_enough_and_of_other_bodies_nothing_is_said(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await authorised(database, "1", ("SPEED_RADAR_FIXED",), None, None)
    await authorised(database, "2", ("SOUND_LEVEL",), None, "2026-01-01")
    await authorised(database, "3", ("SOUND_LEVEL",), "2026-01-01", None)
    await record_fact(database, clock, device.id, a_pass("2026-01-10", "2027-01-09"))
    await authorised(database, "1", ("SPEED_RADAR_FIXED",), None, None, name="另一个所")
    await record_fact(
        database, clock, device.id, replace(a_pass("2026-02-10", "2027-02-09"), issuing_body="无人知道的所")
    )


async def test_a_calibration_is_no_verification_whoever_made_it(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await authorised(database, "1", ("SPEED_RADAR_FIXED",), None, None)
    await record_fact(database, clock, device.id, in_service())
    calibration = replace(a_pass("2026-01-10", "2027-01-09"), nature=Nature.CALIBRATION)
    await record_fact(database, clock, device.id, calibration)
    async with database.connection() as db:
        found = await queries.standing_of(db, device.tag, at("2026-06-01 10:00"))
        assert (await queries.verified_periods_of(db, [device.id]))[device.id] == []
    assert found is not None
    assert [finding.reason for finding in found.reasons] == [Reason.NEVER_VERIFIED]


async def test_a_certificate_longer_than_its_regulation_allows_still_rules_with_a_caution(
    database: Database, clock: FixedClock, device: Device
) -> None:
    await record_fact(database, clock, device.id, in_service())
    await record_fact(database, clock, device.id, a_pass("2026-01-10", "2028-01-09"))
    async with database.connection() as db:
        found = await queries.standing_of(db, device.tag, at("2027-06-01 10:00"))
    assert found is not None
    assert found.outcome is Outcome.IN_STANDING
    assert [(caution.valid_until, caution.longest) for caution in found.cautions] == [
        (date(2028, 1, 9), date(2027, 1, 9))
    ]


async def test_a_number_stands_on_two_devices_and_once_on_each(
    database: Database, clock: FixedClock, device: Device
) -> None:
    other = await register_device(database, clock, a_registration("SLM-042"))
    for one in (device, other):
        await record_fact(database, clock, one.id, a_pass("2026-01-10", "2027-01-09", number="1"))
        with pytest.raises(FactAlreadyRecorded):
            await record_fact(database, clock, one.id, a_pass("2026-02-10", "2027-02-09", number="1"))


async def test_what_else_a_certificate_states_is_kept_as_it_was_said(
    database: Database, manager: Desk, city: City
) -> None:
    meter = await a_meter(manager, city)
    details: dict[str, Any] = {name: f"{name} 值" for name in CertificateDetails.__struct_fields__}
    details["serial_no"] = "10041"
    answer = await manager.post(f"/devices/{meter}/verification-certificates", json=CERTIFICATE | {"details": details})
    assert answer.status_code == 201, answer.text
    async with database.connection() as db:
        [kept] = (await queries.facts_of(db, UUID(meter))).certificates
    assert isinstance(kept, VerificationCertificate)
    assert kept.details == CertificateDetails(**details)
