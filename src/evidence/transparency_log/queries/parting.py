"""Restores, and the names that the log had before them."""

from datetime import datetime
from typing import NamedTuple

from foundation.database import Connection


class Parting(NamedTuple):
    """Leaves below `size` belong to both names; what was signed beyond it under the earlier one is lost here."""

    size: int
    earlier: str
    later: str
    reason: str
    at: datetime
    lost_note: str | None


async def partings(db: Connection) -> list[Parting]:
    """The earliest first."""
    rows = await db.fetch(
        "select size, earlier_origin, later_origin, reason, at, lost_note from log_parting order by size"
    )
    return [Parting(*row) for row in rows]


async def awaits_acknowledgement(db: Connection) -> bool:
    """Whether this came out of a backup and nobody has answered for what is lost: the log does not grow then."""
    return bool(
        await db.fetchval(
            """
            select exists (select from log_restoration
                            where not exists (select from log_parting
                                               where log_parting.manifest_sha256 = log_restoration.manifest_sha256))
            """
        )
    )
