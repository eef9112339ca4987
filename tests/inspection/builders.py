"""Operations with sensible defaults, signed by an officer's phone."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from agency.model import Actor, PersonKind
from foundation.clock import Clock
from foundation.database import Database
from inspection.model import Enterprise, Inspection, Source
from inspection.tasks import open_tasks
from tests.builders import OfficerWithPhone

AT = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)


def told(officer: OfficerWithPhone, inspection_id: UUID, what: dict[str, Any], **more: Any) -> str:
    """The operation as the phone signs it."""
    payload = {
        "id": uuid4(),
        "inspection_id": inspection_id,
        "earliest": AT,
        "latest": AT,
        "what": what,
    } | more
    return officer.sign(payload, typ="plumbline-operation+jws")


async def a_task(database: Database, clock: Clock, *officers: OfficerWithPhone, **more: Any) -> Inspection:
    """A planned inspection of the first officer's unit, for these officers."""
    defaults: dict[str, Any] = {
        "id": uuid4(),
        "unit_id": officers[0].unit_id,
        "source": Source.PLAN,
        "title": "餐饮单位检查",
        "enterprise": Enterprise("92420102MADEM00114", "演示餐饮店甲", "大智街道1号"),
        "officers": [officer.person_id for officer in officers],
    }
    inspection = Inspection(**(defaults | more))
    opener = Actor(officers[0].person_id, PersonKind.STAFF, officers[0].unit_id, None, ())
    async with database.transaction() as db:
        assert await open_tasks(db, clock, [inspection], opener)
    return inspection
