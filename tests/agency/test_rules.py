"""Who was credentialed over a capture interval: days are Beijing civil days, both ends included."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.model import Credential, CredentialReason, PersonKind
from agency.rules import credential_standing
from foundation.civil import beginning_of, day_of, end_of

MISSING, EXPIRED, NOT_YET_VALID, NOT_AN_OFFICER = (
    CredentialReason.CREDENTIAL_MISSING,
    CredentialReason.CREDENTIAL_EXPIRED,
    CredentialReason.CREDENTIAL_NOT_YET_VALID,
    CredentialReason.NOT_AN_OFFICER,
)
TICK = timedelta(microseconds=1)
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


def a_credential(valid_from: date = FIRST, valid_until: date = LAST) -> Credential:
    return Credential(UUID(int=1), UUID(int=2), "武A-0001", "某市人民政府", valid_from, valid_until)


def at(instant: datetime, *credentials: Credential) -> list[CredentialReason]:
    return list(credential_standing(credentials, PersonKind.OFFICER, instant, instant).reasons)


def test_the_first_and_the_last_instant_of_the_days_on_the_card_count() -> None:
    assert at(beginning_of(FIRST), a_credential()) == []
    assert at(end_of(LAST) - TICK, a_credential()) == []


def test_a_microsecond_outside_the_days_on_the_card_does_not_count() -> None:
    assert at(beginning_of(FIRST) - TICK, a_credential()) == [NOT_YET_VALID]
    assert at(end_of(LAST), a_credential()) == [EXPIRED]


def test_without_any_credential_it_is_missing_rather_than_expired() -> None:
    assert at(beginning_of(FIRST)) == [MISSING]


def test_a_renewal_that_follows_the_next_day_leaves_no_gap() -> None:
    renewal = a_credential(LAST + timedelta(days=1), date(2026, 4, 30))
    followed = credential_standing([renewal, a_credential()], PersonKind.OFFICER, beginning_of(LAST), end_of(LAST))
    assert followed.reasons == ()


def test_a_later_credential_does_not_heal_the_day_between() -> None:
    late = a_credential(date(2026, 4, 2), date(2026, 4, 30))
    assert at(beginning_of(date(2026, 4, 1)), a_credential(), late) == [EXPIRED]


def test_an_interval_over_both_edges_has_both_reasons_and_is_partly_covered() -> None:
    standing = credential_standing([a_credential()], PersonKind.OFFICER, beginning_of(FIRST) - TICK, end_of(LAST))
    assert (standing.reasons, standing.partly) == ((NOT_YET_VALID, EXPIRED), True)


def test_outside_on_all_days_is_not_partly() -> None:
    standing = credential_standing([a_credential()], PersonKind.OFFICER, end_of(LAST), end_of(LAST))
    assert (standing.reasons, standing.partly) == ((EXPIRED,), False)


@pytest.mark.parametrize("kind", [PersonKind.AUXILIARY, PersonKind.STAFF])
def test_auxiliaries_and_desk_staff_never_count(kind: PersonKind) -> None:
    other = credential_standing([a_credential()], kind, beginning_of(FIRST), beginning_of(FIRST))
    assert other.reasons == (NOT_AN_OFFICER,)


def test_a_card_without_end_and_one_from_ever_do_not_overflow() -> None:
    assert at(datetime(9000, 1, 1, tzinfo=UTC), a_credential(date.min, date.max)) == []
    assert at(datetime(9000, 1, 1, tzinfo=UTC), a_credential(date.min, date(1, 1, 2))) == [EXPIRED]


DAYS = st.integers(0, 12).map(lambda days: FIRST + timedelta(days=days))
CREDENTIALS = st.lists(st.tuples(DAYS, DAYS).map(sorted).map(lambda days: a_credential(*days)), max_size=4)
MOMENTS = st.builds(lambda day, tick: beginning_of(day) + tick, DAYS, st.sampled_from([-TICK, timedelta(), TICK]))


@given(CREDENTIALS, st.tuples(MOMENTS, MOMENTS).map(sorted))
def test_it_agrees_with_looking_at_every_day(credentials: list[Credential], interval: list[datetime]) -> None:
    first, last = map(day_of, interval)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    bare = [day for day in days if not any(held.valid_from <= day <= held.valid_until for held in credentials)]
    ended = [any(held.valid_until < day for held in credentials) for day in bare]
    expected = {MISSING if not credentials else EXPIRED if has_ended else NOT_YET_VALID for has_ended in ended}
    standing = credential_standing(credentials, PersonKind.OFFICER, *interval)
    assert set(standing.reasons) == expected
    assert standing.partly == (0 < len(bare) < len(days))
