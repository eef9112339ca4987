"""Who carries out inspections in a unit, as a phone has to know them without a network."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from agency.model import PersonKind
from foundation.database import Connection


class Colleague(Struct, frozen=True):
    """Somebody of the unit, with the credential of that day that ends last; None: none holds that day."""

    id: UUID
    name_zh: str
    name_en: str
    kind: PersonKind
    credential_no: str | None
    valid_until: date | None
    """Last valid Beijing civil day, inclusive."""


async def colleagues(db: Connection, unit_id: UUID, day: date) -> list[Colleague]:
    """Officers and auxiliaries of the unit with an open account, by name."""
    rows = await db.fetch(
        """
        select person.id, person.name_zh, person.name_en, person.kind, held.credential_no, held.valid_until
          from person
          join account on account.person_id = person.id and account.closed_at is null
          left join lateral (
               select credential_no, valid_until
                 from credential
                where credential.person_id = person.id
                  and $2 between valid_from and valid_until
                order by valid_until desc
                limit 1
          ) as held on true
         where person.unit_id = $1
           and person.kind in ('OFFICER', 'AUXILIARY')
         order by person.name_zh, person.id
        """,
        unit_id,
        day,
    )
    return [Colleague(id_, zh, en, PersonKind(kind), number, until) for id_, zh, en, kind, number, until in rows]


async def phone_labels(db: Connection, phone_ids: list[UUID]) -> dict[UUID, str]:
    """What each phone is called."""
    rows = await db.fetch("select id, label from phone where id = any ($1)", phone_ids)
    return {row["id"]: row["label"] for row in rows}


class PhoneHeld(Struct, frozen=True):
    """A phone by one key in it, and whose key that is. UTC."""

    id: UUID
    label: str
    person_id: UUID
    name_zh: str
    name_en: str
    unit_id: UUID
    enrolled_at: datetime
    revoked_at: datetime | None


async def phones_of(db: Connection, units: Collection[UUID], phone_id: UUID | None = None) -> list[PhoneHeld]:
    """Phones of people of these units, or the one asked for; those that still hold first, then the newest."""
    rows = await db.fetch(
        """
        select phone.id, label, person.id, name_zh, name_en, unit_id, enrolled_at, revoked_at
          from phone
          join person on person.id = phone.person_id
         where person.unit_id = any ($1)
           and ($2::uuid is null or phone.id = $2)
         order by revoked_at is not null, enrolled_at desc, phone.id
         limit 500
        """,
        list(units),
        phone_id,
    )
    return [PhoneHeld(*row) for row in rows]
