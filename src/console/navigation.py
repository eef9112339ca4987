"""The entries of the head of every page. A page is added as one row; its words are `page.navigation.<key>`."""

from typing import NamedTuple

from agency.model import Role
from console.visit import Visit


class Entry(NamedTuple):
    key: str
    path: str
    roles: frozenset[Role]
    """Who sees it; the page itself has its guard."""


EVERYBODY_AT_A_DESK = frozenset(Role) - {Role.FIELD_OFFICER}

ENTRIES: list[Entry] = [
    Entry("home", "/desk", frozenset(Role)),
]


def entries_for(visit: Visit) -> list[Entry]:
    """What the reader may open, in order."""
    return [entry for entry in ENTRIES if visit.may(*entry.roles)]
