"""How far the work at hand reaches: which units' rows PostgreSQL shows to it at all, whatever a statement asks for."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import NewType
from uuid import UUID

Reach = NewType("Reach", str)
"""What the policies read as `plumbline.reach`; migration 0061 has its grammar."""

NOTHING = Reach("")
EVERYTHING = Reach("*")
"""For jobs, commands, and what belongs to no unit. Whoever uses it checks by itself what it shows, and to whom."""

_at_hand: ContextVar[Reach | None] = ContextVar("reach", default=None)


def units(roots: Collection[UUID], day: date) -> Reach:
    """These units and everything below them, as the tree stands on that Beijing civil day."""
    return Reach(f"{day} {{{','.join(map(str, sorted(set(roots))))}}}") if roots else NOTHING


def at_hand() -> Reach | None:
    """None where nobody said."""
    return _at_hand.get()


def reach_from_here_on(reach: Reach) -> None:
    """Until the block of `reaching` ends that this is called in."""
    _at_hand.set(reach)


@contextmanager
def reaching(reach: Reach) -> Iterator[None]:
    """What is read or written in this block, and in tasks begun in it, reaches so far: a connection taken within."""
    before = _at_hand.set(reach)
    try:
        yield
    finally:
        _at_hand.reset(before)
