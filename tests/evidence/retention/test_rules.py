"""The longest of all that apply, whatever the order in which it becomes known."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from evidence.retention.model import Category, Kept
from evidence.retention.rules import bases

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.fixed_dictionaries({category: st.integers(0, 36600) for category in Category})
NOBODY = UUID(int=0)


@given(INSTANTS, st.booleans(), st.lists(INSTANTS, max_size=3), DAYS)
def test_each_basis_starts_at_a_fact_and_lasts_as_long_as_its_policy_says(
    captured: datetime, in_inspection: bool, closed: list[datetime], days: dict[Category, int]
) -> None:
    found = bases(Kept(NOBODY, NOBODY, captured, in_inspection, closed), days)
    assert {basis.category for basis in found} == (
        {Category.CAPTURE}
        | ({Category.INSPECTION} if in_inspection else set())
        | ({Category.CASE} if closed else set())
    )
    for basis in found:
        assert basis.starts_at in (closed if basis.category is Category.CASE else [captured])
        assert basis.keep_until - basis.starts_at == timedelta(days=days[basis.category])


@given(INSTANTS, st.lists(INSTANTS, max_size=4), DAYS, st.data())
def test_one_fact_more_never_ends_it_sooner(
    captured: datetime, closed: list[datetime], days: dict[Category, int], data: st.DataObject
) -> None:
    fewer = data.draw(st.integers(0, len(closed)))
    until = [
        max(basis.keep_until for basis in bases(Kept(NOBODY, NOBODY, captured, inside, known), days))
        for inside, known in ((False, closed[:fewer]), (True, closed[:fewer]), (True, closed))
    ]
    assert until == sorted(until)
