"""The forms of facts about the instrument."""

from typing import Any
from uuid import UUID

from console.devices.step import CHANNEL, DOCUMENT, MANAGERS, REMARK, SCAN, YES_NO, By, Field, Step, today_in, values_of
from device_registry.http import facts as said
from device_registry.model import CheckSubject, Nature, Occasion, Requirement, VoidCause
from device_registry.record import record_fact


async def _fact(by: By, device_id: UUID, data: Any) -> UUID:
    fact = said.fact_of(data)
    await record_fact(
        by.desk.database, by.desk.clock, device_id, fact, recorded_by=by.desk.person_id, on_change=by.desk.on_change
    )
    return fact.id


FACTS: dict[str, Step] = {
    step.key: step
    for step in (
        Step(
            "verification_certificate",
            MANAGERS,
            said.NewCertificate,
            (
                Field("certificate_no", required=True),
                Field("issuing_body", required=True),
                Field("verified_on", "day_of", True),
                Field("valid_until", "day_of", True),
                Field("nature", "select", True, "device.nature", values_of(Nature)),
                Field("occasion", "select", True, "device.occasion", values_of(Occasion)),
                CHANNEL,
                Field("regulation"),
                Field("issued_sequence", "number"),
                Field("details.serial_no"),
                SCAN,
            ),
            _fact,
            lambda file: file.device.verification_needed,
            initial=lambda _: {"nature": Nature.VERIFICATION, "occasion": Occasion.SUBSEQUENT},
        ),
        Step(
            "verification_failure_notice",
            MANAGERS,
            said.NewFailureNotice,
            (
                Field("notice_no", required=True),
                Field("issuing_body", required=True),
                Field("failed_on", "day_of", True),
                CHANNEL,
                Field("failed_items", "area"),
                Field("regulation"),
                Field("issued_sequence", "number"),
                SCAN,
            ),
            _fact,
            lambda file: file.device.verification_needed,
        ),
        Step(
            "void_event",
            MANAGERS,
            said.NewVoidEvent,
            (
                Field(
                    "cause",
                    "select",
                    True,
                    "device.cause",
                    tuple(cause for cause in VoidCause if cause is not VoidCause.OUT_OF_TOLERANCE),
                ),
                Field("occurred_at", "moment", True),
                REMARK,
            ),
            _fact,
            lambda file: file.device.verification_needed,
        ),
        Step(
            "in_service_check",
            MANAGERS,
            said.NewInServiceCheck,
            (
                Field("subject", "select", True, "device.check-subject", values_of(CheckSubject)),
                Field("checked_at", "moment", True),
                Field("within_tolerance", "select", True, "page.yes-no", YES_NO),
                Field("deviation"),
                Field("tolerance"),
                Field("reference"),
                REMARK,
            ),
            _fact,
            lambda _: True,
        ),
        Step(
            "sign_check",
            MANAGERS,
            said.NewSignCheck,
            (
                Field("checked_on", "day_of", True),
                Field("clear", "select", True, "page.yes-no", YES_NO),
                REMARK,
                Field("photo_sha256", "file"),
            ),
            _fact,
            lambda file: file.device.siting_needed,
            initial=today_in("checked_on"),
        ),
        Step(
            "written_conclusion",
            MANAGERS,
            said.NewConclusion,
            (
                Field(
                    "requirement",
                    "select",
                    True,
                    "device.requirement",
                    (Requirement.NOT_REQUIRED, Requirement.NO_REGULATION),
                ),
                DOCUMENT,
                Field("concluded_on", "day_of", True),
                Field("conclusion", "area", True),
            ),
            _fact,
            lambda file: not file.device.verification_needed,
            initial=lambda file: {"requirement": file.device.requirement},
        ),
    )
}
"""Facts about the instrument, under the names of their tables."""
