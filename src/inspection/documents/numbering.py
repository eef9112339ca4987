"""What is issued gets the next number of its unit and year: for each kind without gaps."""

from typing import Literal
from uuid import UUID

from foundation.database import Connection
from inspection.documents import queries
from inspection.documents.content import Kind
from inspection.documents.wording import word


async def next_number(db: Connection, unit_id: UUID, kind: Kind | Literal["APPROVAL"], year: int) -> str:
    """As it is printed. `year` is a Beijing civil year. In a transaction, which keeps others waiting for theirs."""
    ordinal = await queries.next_ordinal(db, unit_id, kind, year)
    return word(f"number.{kind}", year=year, ordinal=f"{ordinal:04d}")
