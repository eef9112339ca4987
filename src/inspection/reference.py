"""What a phone needs at hand to carry out inspections without a network."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Act, Point
from agency.model import PersonKind
from device_registry import queries as registry
from foundation.database import Connection
from foundation.words import DEFAULT, Language, say
from inspection import queries


class ReferenceItem(Struct, frozen=True):
    """`name_zh` is what documents print, whatever language a phone speaks."""

    code: str
    name: str
    name_zh: str
    legal_basis: str


class ReferenceChecklist(Struct, frozen=True):
    code: str
    title: str
    items: tuple[Point, ...]
    """Its points; each may conform or not."""
    item_codes: tuple[str, ...]


class NoPenalty(Struct, frozen=True):
    code: str
    kind: str
    text: str
    conditions: str


class ReferencePerson(Struct, frozen=True):
    id: UUID
    name: str
    name_zh: str
    kind: PersonKind
    credential_no: str | None
    valid_until: date | None


class Reference(Struct, frozen=True):
    """As of a Beijing civil day."""

    day: date
    unit_name_zh: str | None
    items: list[ReferenceItem]
    checklists: list[ReferenceChecklist]
    no_penalty: list[NoPenalty]
    colleagues: list[ReferencePerson]
    certificates: dict[str, str]
    """By device tag, of what is carried to a site: the number of its last certificate."""
    supervision_codes: dict[str, str]
    """The credit code by 监督码, of the enterprises that the unit has still to visit."""
    read_and_confirmed: str
    """Under which a party signs the record."""


async def reference(db: Connection, unit_id: UUID, day: date, language: Language) -> Reference:
    """What the unit may carry out on that day, with what belongs to it."""
    chinese = language == "zh-CN"
    allowed = await items.items_of(db, unit_id, day, Act.INSPECTION)
    codes = [item.code for item in allowed]
    offences = [item.code for item in await items.items_of(db, unit_id, day)]  # an entry stands under a penalty
    units = await agency.units_by_id(db, [unit_id], day)
    return Reference(
        day,
        units[0].name_zh if units else None,
        [
            ReferenceItem(item.code, item.name_zh if chinese else item.name_en, item.name_zh, item.legal_basis)
            for item in allowed
        ],
        [
            ReferenceChecklist(one.code, one.title, one.items, one.item_codes)
            for one in await items.checklists_of(db, codes, day)
        ],
        [
            NoPenalty(one.code, one.kind, one.text, one.conditions)
            for one in await items.no_penalty_list(db, offences, day)
        ],
        [
            ReferencePerson(
                one.id,
                one.name_zh if chinese else one.name_en,
                one.name_zh,
                one.kind,
                one.credential_no,
                one.valid_until,
            )
            for one in await agency.colleagues(db, unit_id, day)
        ],
        await registry.last_certificates(db, [unit_id]),
        await agency.codes_of_enterprises(db, await queries.usccs_to_visit(db, unit_id), day),
        say(DEFAULT, "app.record.read-and-confirmed"),
    )
