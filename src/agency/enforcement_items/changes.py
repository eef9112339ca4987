"""Who hears that what units may carry out has changed, for days that may be over."""

from collections.abc import Collection
from datetime import date
from typing import Protocol, runtime_checkable
from uuid import UUID

from msgspec import Struct

from foundation.database import Connection


class ItemChange(Struct, frozen=True, kw_only=True):
    """Of one item on these Beijing civil days, half-open; `ends` None: for good."""

    code: str
    begins: date
    ends: date | None
    taken_from: Collection[UUID] | None = ()
    """Units that may carry it out no more; None: perhaps anybody."""
    cause: str


@runtime_checkable
class ItemsChanged(Protocol):
    """Hears of every change, inside its transaction and after it is written.

    Whoever let something stand on what was taken away must take that away now.
    """

    async def __call__(self, db: Connection, change: ItemChange, /) -> None: ...


async def nobody_listens(db: Connection, change: ItemChange) -> None:
    """For a catalogue with nothing above it."""
