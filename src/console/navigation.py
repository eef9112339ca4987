"""The entries of the head of every page. A page is added as one row; its words are `page.navigation.<key>`."""

from typing import NamedTuple

from agency.model import Role
from console.visit import Visit
from device_registry.annual_report.http.reaching import READERS as REPORT_READERS
from device_registry.http.reaching import DESK, READERS


class Entry(NamedTuple):
    key: str
    path: str
    roles: frozenset[Role]
    """Who sees it; the page itself has its guard."""


ENTRIES: list[Entry] = [
    Entry("home", "/desk", frozenset(Role)),
    Entry("devices", "/desk/devices", frozenset(READERS)),
    Entry("working-lists", "/desk/working-lists", frozenset(READERS)),
    Entry("notices", "/desk/notices", frozenset(DESK)),
    Entry("annual-reports", "/desk/annual-reports", frozenset(REPORT_READERS)),
    Entry("imports", "/desk/imports", frozenset({Role.DEVICE_MANAGER})),
]


def entries_for(visit: Visit) -> list[Entry]:
    """What the reader may open, in order."""
    return [entry for entry in ENTRIES if visit.may(*entry.roles)]
