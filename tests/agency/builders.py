"""People, units and accounts with sensible defaults."""

from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from joserfc.jwk import ECKey

from agency import queries, sign_in
from agency.model import Person, PersonKind, Role, Unit, UnitKind
from foundation.database import Connection, Database

DAY = date(2026, 1, 1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "plumb and level"
PASSWORD_HASH = sign_in.hashed(PASSWORD)


class City(NamedTuple):
    """市 with two 区, a 街道 below the first, and a department of the first."""

    city: Unit
    east: Unit
    west: Unit
    street: Unit
    department: Unit


async def a_city(database: Database) -> City:
    async with database.transaction() as db:
        city = await a_unit(db, kind=UnitKind.CITY, division_code="420100")
        east = await a_unit(db, kind=UnitKind.DISTRICT, parent_id=city.id, division_code="420102")
        west = await a_unit(db, kind=UnitKind.DISTRICT, parent_id=city.id, division_code="420103")
        street = await a_unit(db, kind=UnitKind.STREET, parent_id=east.id, division_code="420102002")
        department = await a_unit(db, parent_id=east.id)
        return City(city, east, west, street, department)


async def a_unit(
    db: Connection,
    *,
    kind: UnitKind = UnitKind.DEPARTMENT,
    parent_id: UUID | None = None,
    division_code: str | None = None,
    begins: date = DAY,
) -> Unit:
    return await queries.add_unit(
        db, kind, "某单位", "A unit", begins, parent_id=parent_id, division_code=division_code
    )


async def a_person(
    db: Connection,
    unit: Unit,
    *,
    kind: PersonKind = PersonKind.OFFICER,
    roles: tuple[Role, ...] = (Role.FIELD_OFFICER,),
    sign_in_name: str | None = None,
) -> Person:
    person = await queries.add_person(db, kind, "执法人员甲", "Officer A", unit.id)
    for role in roles:
        await queries.grant(db, person.id, role, unit.id, LONG_AGO)
    await queries.open_account(db, sign_in_name or f"person-{uuid4().hex}", person.id, PASSWORD_HASH)
    return person


def a_phone_key() -> dict[str, str]:
    """The public JWK of a key made for this call."""
    return ECKey.generate_key("P-256").as_dict(private=False)  # type: ignore[return-value]


def an_attempt(
    sign_in_name: str = "officer-a",
    password: str = PASSWORD,
    address: str = "192.0.2.1",
    phone: sign_in.PhoneKey | None = None,
) -> sign_in.SignIn:
    return sign_in.SignIn(sign_in_name, password, address, phone)
