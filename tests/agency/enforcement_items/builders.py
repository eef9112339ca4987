"""Items and grants with sensible defaults."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from agency.enforcement_items import queries
from agency.enforcement_items.model import Act, Grant, ItemVersion
from foundation.database import Database

KNOWN = datetime(2020, 1, 1, tzinfo=UTC)
BEGINS = date(2020, 1, 1)


def a_version(code: str = "JC-001", unit_id: UUID | None = None, **other: Any) -> ItemVersion:
    usual: dict[str, Any] = {
        "act": Act.INSPECTION,
        "name_zh": "餐饮油烟检查",
        "name_en": "Cooking fumes",
        "legal_basis": "《大气污染防治法》第八十一条",
        "begins": BEGINS,
    }
    return ItemVersion(code=code, unit_id=unit_id or uuid4(), **usual | other)


async def an_item(database: Database, unit_id: UUID, code: str = "JC-001", **other: Any) -> ItemVersion:
    version = a_version(code, unit_id, **other)
    async with database.transaction() as db:
        await queries.add_version(db, version, KNOWN, None)
    return version


async def a_grant(
    database: Database, street_id: UUID, code: str = "JC-001", begins: date = BEGINS, ends: date | None = None
) -> Grant:
    async with database.transaction() as db:
        return await queries.add_grant(
            db, street_id, code, begins, ends=ends, basis="赋权清单", known_from=KNOWN, recorded_by=None
        )
