"""May this unit carry out this item on this day?"""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.enforcement_items.model import Grant, ItemFacts, ItemReason, ItemVersion
from agency.enforcement_items.rules import item_standing
from agency.model import Unit, UnitKind
from tests.agency.enforcement_items.builders import a_version

DAY = date(2026, 5, 4)
ONE = timedelta(days=1)


def a_unit(kind: UnitKind) -> Unit:
    return Unit(uuid4(), None, kind, "某单位", "A unit", None, date(2000, 1, 1), None)


CITY, DISTRICT, STREET = (a_unit(kind) for kind in (UnitKind.CITY, UnitKind.DISTRICT, UnitKind.STREET))
BUREAU, CENTRE = a_unit(UnitKind.DEPARTMENT), a_unit(UnitKind.DEPARTMENT)
OF_BUREAU, OF_STREET, OF_CENTRE = (BUREAU, DISTRICT, CITY), (STREET, DISTRICT, CITY), (CENTRE, STREET, DISTRICT, CITY)


def a_grant(unit_id: UUID, begins: date = DAY, ends: date | None = DAY + ONE) -> Grant:
    return Grant(id=uuid4(), unit_id=unit_id, code="JC-001", begins=begins, ends=ends, basis="清单")


def why_not(
    line: tuple[Unit, ...], *versions: ItemVersion, grants: tuple[Grant, ...] = (), day: date = DAY
) -> ItemReason | None:
    found = item_standing(ItemFacts("JC-001", versions, grants, {day: line}), day, day)
    assert not found.partly
    return found.reasons[0] if found.reasons else None


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (DAY - ONE, ItemReason.ITEM_NOT_PUBLISHED),
        (DAY, None),
        (DAY + ONE, ItemReason.ITEM_NOT_PUBLISHED),
    ],
)
def test_an_item_may_be_carried_out_from_its_first_published_day_to_its_last(
    day: date, expected: ItemReason | None
) -> None:
    version = a_version(unit_id=BUREAU.id, begins=DAY, ends=DAY + ONE)
    assert why_not(OF_BUREAU, version, day=day) == expected


def test_what_nobody_published_is_unknown() -> None:
    assert why_not(OF_BUREAU) == ItemReason.ITEM_UNKNOWN


@pytest.mark.parametrize("issuer", OF_BUREAU)
def test_a_unit_carries_out_the_items_of_its_own_and_of_those_above_it(issuer: Unit) -> None:
    assert why_not(OF_BUREAU, a_version(unit_id=issuer.id)) is None


def test_a_unit_does_not_carry_out_the_items_of_its_neighbour() -> None:
    assert why_not(OF_BUREAU, a_version(unit_id=CENTRE.id)) == ItemReason.ITEM_OF_ANOTHER_UNIT


@pytest.mark.parametrize("line", [OF_STREET, OF_CENTRE])
def test_a_street_and_a_department_of_it_need_the_grant_even_for_an_item_of_their_district(
    line: tuple[Unit, ...],
) -> None:
    version = a_version(unit_id=DISTRICT.id)
    assert why_not(line, version) == ItemReason.ITEM_NOT_GRANTED
    assert why_not(line, version, grants=(a_grant(STREET.id),)) is None


def test_a_grant_to_another_street_or_on_another_day_is_none() -> None:
    version = a_version(unit_id=BUREAU.id)
    others = (a_grant(uuid4()), a_grant(STREET.id, DAY - ONE, DAY), a_grant(STREET.id, DAY + ONE, None))
    assert why_not(OF_STREET, version, grants=others) == ItemReason.ITEM_NOT_GRANTED


def test_a_grant_does_not_replace_publication() -> None:
    ended = a_version(unit_id=BUREAU.id, ends=DAY)
    assert why_not(OF_STREET, ended, grants=(a_grant(STREET.id),)) == ItemReason.ITEM_NOT_PUBLISHED


def test_a_unit_that_does_not_stand_on_that_day_carries_out_nothing() -> None:
    assert why_not((), a_version(unit_id=BUREAU.id)) == ItemReason.ITEM_OF_ANOTHER_UNIT


offsets = st.integers(0, 8)


@given(offsets, offsets, st.integers(0, 2), st.lists(st.tuples(offsets, offsets), max_size=3))
def test_an_interval_stands_where_each_of_its_days_stands(
    published: int, unpublished: int, length: int, granted: list[tuple[int, int]]
) -> None:
    day = DAY + 3 * ONE
    days = [day + number * ONE for number in range(length + 1)]
    version = a_version(
        begins=DAY + min(published, unpublished) * ONE, ends=DAY + (max(published, unpublished) + 1) * ONE
    )
    grants = tuple(a_grant(STREET.id, DAY + min(span) * ONE, DAY + (max(span) + 1) * ONE) for span in granted)
    facts = ItemFacts("JC-001", (version,), grants, dict.fromkeys(days, OF_STREET))
    whole = item_standing(facts, days[0], days[-1])
    alone = [item_standing(facts, one, one).reasons for one in days]
    assert set(whole.reasons) == {reason for reasons in alone for reason in reasons}
    assert whole.partly == (any(alone) and not all(alone))
