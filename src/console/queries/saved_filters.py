"""How somebody likes to see the register."""

from datetime import datetime
from uuid import UUID

import msgspec

from foundation.database import Connection


class SavedFilter(msgspec.Struct, frozen=True):
    """`query` is what stands behind the question mark of the list's address."""

    name: str
    query: str


async def saved_filters(db: Connection, person_id: UUID) -> list[SavedFilter]:
    rows = await db.fetch("select name, query from saved_filter where person_id = $1 order by name", person_id)
    return [SavedFilter(*row) for row in rows]


async def save_filter(db: Connection, person_id: UUID, saved: SavedFilter, now: datetime) -> None:
    """Under a name that is used already, the new one takes its place."""
    await db.execute(
        """
        insert into saved_filter (person_id, name, query, saved_at)
        values ($1, $2, $3, $4)
        on conflict (person_id, name) do update
           set query = excluded.query, saved_at = excluded.saved_at
        """,
        person_id,
        saved.name,
        saved.query,
        now,
    )


async def forget_filter(db: Connection, person_id: UUID, name: str) -> None:
    await db.execute("delete from saved_filter where person_id = $1 and name = $2", person_id, name)
