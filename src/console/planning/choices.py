"""What the forms of planning offer: units, items, checklists, officers with their credentials."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from msgspec import Struct

from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Act
from agency.model import PersonKind
from agency.queries import credentials_of, people_in, tree
from console.visit import Visit
from foundation.database import Connection

Choice = tuple[str, str]
"""A value and its words."""


class Choices(Struct, frozen=True, kw_only=True):
    units: list[Choice]
    items: list[Choice]
    checklists: list[Choice]
    officers: list[Choice]
    unit_names: dict[UUID, str]


async def choices(db: Connection, visit: Visit, units: Collection[UUID], day: date) -> Choices:
    """For planning by these units: what is published on that Beijing day, and everybody who may be sent."""
    chinese = visit.language == "zh-CN"
    names = {unit.id: unit.name_zh if chinese else unit.name_en for unit in await tree(db, day)}
    published = [item for item in await items.catalogue(db, day) if item.act is Act.INSPECTION]
    checklists = await items.checklists_of(db, [item.code for item in published], day)
    people = await people_in(db, units, (PersonKind.OFFICER, PersonKind.AUXILIARY))
    held = await credentials_of(db, [person.id for person in people])
    officers = []
    for person in people:
        numbers = "、".join(credential.credential_no for credential in held.get(person.id, ()))
        said = (person.name_zh if chinese else person.name_en, numbers, names.get(person.unit_id, ""))
        officers.append((str(person.id), " · ".join(part for part in said if part)))
    return Choices(
        units=[(str(id_), name) for id_, name in names.items() if id_ in units],
        items=[(item.code, f"{item.code} {item.name_zh if chinese else item.name_en}") for item in published],
        checklists=[(one.code, f"{one.code} {one.title}") for one in checklists],
        officers=officers,
        unit_names=names,
    )
