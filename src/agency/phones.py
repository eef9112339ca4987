"""Whose key is this: what the evidence slice asks about a signature."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from foundation.database import Connection


class Signatory(NamedTuple):
    """The phone that signed, and the person whose key is in it."""

    phone_id: UUID
    person_id: UUID
    unit_id: UUID
    algorithm: str
    public_key: dict[str, Any]
    enrolled_at: datetime
    revoked_at: datetime | None


async def signatory(db: Connection, phone_id: UUID) -> Signatory | None:
    """None where no phone was ever enrolled under this id. A revoked one is given: it may have signed before."""
    row = await db.fetchrow(
        """
        select phone.id, person.id, person.unit_id, phone.algorithm, phone.public_key, phone.enrolled_at,
               phone.revoked_at
          from phone
          join person on person.id = phone.person_id
         where phone.id = $1
        """,
        phone_id,
    )
    return Signatory(*row) if row else None
