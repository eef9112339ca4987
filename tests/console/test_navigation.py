"""The head of the desk's pages: subjects, and the entries of the one that is open."""

from collections import Counter
from typing import get_args
from uuid import UUID

import pytest_asyncio

from agency.model import Role
from console import http  # noqa: F401 - importing every page makes every entry known
from console.navigation import ENTRIES, SUBJECTS, current
from foundation.database import Database
from foundation.words import Language, catalogue
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody


@pytest_asyncio.fixture
async def unit_id(database: Database) -> UUID:
    return await a_unit(database)


def test_every_entry_stands_under_one_subject_and_has_words() -> None:
    placed = Counter(key for keys in SUBJECTS.values() for key in keys)
    assert placed == Counter(entry.key for entry in ENTRIES)
    wanted = {*(f"page.navigation.{key}" for key in placed), *(f"page.subject.{key}" for key in SUBJECTS)}
    for language in get_args(Language):
        assert wanted <= catalogue(language).keys()


def test_a_page_belongs_to_the_entry_with_the_longest_path_that_it_begins_with() -> None:
    for path, key in (
        ("/desk", "home"),
        ("/desk/evidence/1", "evidence"),
        ("/desk/case-file-reviews/1", "case-file-reviews"),
    ):
        found = current(path, ENTRIES)
        assert found is not None
        assert found.key == key
    assert current("/desk/evidencer", ENTRIES) is None
    assert current("/desk/sign-in", ENTRIES) is None


async def test_a_supervisor_sees_subjects_and_below_them_the_pages_of_the_one_that_is_open(
    desk: Desk, database: Database, unit_id: UUID
) -> None:
    await somebody(database, unit_id, "supervisor", Role.SUPERVISOR)
    await desk.sign_in("supervisor")
    page = (await desk.read("/desk/evidence")).text
    masthead, _, rest = page.partition("</header>")
    assert 'href="/desk/evidence" aria-current="true"' in masthead
    assert 'href="/desk/custody"' not in masthead
    below = rest.partition("<main")[0]
    assert 'href="/desk/evidence" aria-current="page"' in below
    assert 'href="/desk/custody"' in below
    assert 'href="/desk/clues"' not in below
    assert 'class="subject"' not in (await desk.read("/public")).text
