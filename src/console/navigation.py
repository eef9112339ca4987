"""The head of every page: subjects, and the entries of the subject that is open.

A page is added as one row of ENTRIES and one key of SUBJECTS; its words are `page.navigation.<key>`.
"""

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


SUBJECTS = {
    "today": ("home", "notices"),
    "register": (
        "devices",
        "working-lists",
        "reviews",
        "announcements",
        "services",
        "rectifications",
        "annual-reports",
        "imports",
        "anomalies",
        "cleanup",
    ),
    "inspection": ("inspections", "inspection-plans", "drawings"),
    "proof": ("evidence", "content-reviews", "traces", "custody", "retention"),
    "oversight": ("supervision", "clues", "case-file-reviews", "rectification-orders"),
    "rules": ("policies", "enforcement-items", "working-days", "phones"),
}
"""Keys of entries by subject, in the order shown; the words of a subject are `page.subject.<key>`."""


class Subject(NamedTuple):
    """`entries`: what the reader may open, at least one; `current`: the one that this page belongs to, if any."""

    key: str
    entries: list[Entry]
    current: Entry | None


def subjects_for(visit: Visit) -> list[Subject]:
    """What the reader may open, in order."""
    by_key = {entry.key: entry for entry in ENTRIES if visit.may(*entry.roles)}
    here = current(visit.path, list(by_key.values()))
    found = []
    for key, keys in SUBJECTS.items():
        entries = [by_key[one] for one in keys if one in by_key]
        if entries:
            found.append(Subject(key, entries, here if here in entries else None))
    return found


def current(path: str, entries: list[Entry]) -> Entry | None:
    """The entry that the page belongs to: the longest path that it begins with; to the home page only itself."""
    fitting = [one for one in entries if path == one.path or (one.key != "home" and path.startswith(f"{one.path}/"))]
    return max(fitting, key=lambda one: len(one.path), default=None)
