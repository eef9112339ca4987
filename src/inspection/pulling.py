"""What changed for an officer since their phone last asked."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from foundation.database import Database
from foundation.shared_lookup import SharedLookup
from inspection import queries

MOST_CHANGES = 500


class Feeds:
    """Asked by every phone every few minutes, mostly for nothing: the look-ups are shared."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._positions = SharedLookup(self._load)

    async def changes(self, person_id: UUID, after: int, most: int = MOST_CHANGES) -> bytes:
        """The answer as JSON, written mostly by PostgreSQL.

        A cursor beyond what is known here comes from before a restore: everything is told anew.
        """
        position = await self._positions.get(person_id) or 0
        if after == position:
            return _NOTHING % position
        if after > position:
            after = 0
        async with self._database.connection() as db:
            page = await queries.changes_after(db, person_id, after, most)
        return b'{"cursor":"%d","more":%s,"inspections":[%s],"gone":%s}' % (
            page.position,
            b"true" if page.changes == most and page.position < position else b"false",
            page.inspections.encode(),
            msgspec.json.encode(page.gone),
        )

    async def _load(self, person_ids: list[UUID]) -> Mapping[UUID, int]:
        async with self._database.connection() as db:
            return await queries.positions_of(db, person_ids)


_NOTHING = b'{"cursor":"%d","more":false,"inspections":[],"gone":[]}'
