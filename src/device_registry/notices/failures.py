"""A failed verification is told at once."""

from collections.abc import Iterable
from datetime import datetime

from agency.model import Role
from device_registry.model import Device, VerificationFailureNotice
from device_registry.notices.model import NewNotice
from device_registry.notices.queries import notify
from foundation.database import Connection


async def tell_failures(
    db: Connection, failures: Iterable[tuple[Device, VerificationFailureNotice]], now: datetime
) -> None:
    """In the transaction that records them."""
    told = [
        NewNotice(
            subject="VERIFICATION_FAILED",
            details={"tag": device.tag, "failed_on": str(fact.failed_on), "body": fact.issuing_body},
            role=Role.DEVICE_MANAGER,
            unit_id=device.unit_id,
            device_id=device.id,
            once=f"VERIFICATION_FAILED:{device.id}:{fact.id}",
        )
        for device, fact in failures
    ]
    if told:
        await notify(db, told, now)
