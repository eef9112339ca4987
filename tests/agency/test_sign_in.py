"""A password for a token: what is kept, what is refused, how often one may try."""

import asyncio
from datetime import timedelta

import argon2
import pytest

from agency import queries, sign_in
from agency.model import Actor, Person, Role
from agency.problems import SignInRefused, TooManyAttempts
from foundation.database import Database
from tests.agency.builders import PASSWORD, a_city, a_person, an_attempt
from tests.support import FixedClock

HOURS = 12
WRONG = "not the password"


@pytest.fixture
async def officer(database: Database) -> Person:
    city = await a_city(database)
    async with database.transaction() as db:
        return await a_person(db, city.east, sign_in_name="officer-a")


async def try_in(database: Database, clock: FixedClock, **attempt: str) -> sign_in.SignedIn:
    return await sign_in.sign_in(database, clock, an_attempt(**attempt), hours=HOURS)  # type: ignore[arg-type]


async def who(database: Database, clock: FixedClock, token: str) -> Actor | None:
    async with database.connection() as db:
        return await queries.actor_behind(db, sign_in.digest(token), clock.now())


async def test_a_token_stands_for_its_person_until_it_expires(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    signed_in = await try_in(database, clock)
    assert signed_in.expires_at == clock.now() + timedelta(hours=HOURS)
    actor = await who(database, clock, signed_in.token)
    assert actor is not None
    assert actor == signed_in.actor
    assert (actor.person_id, actor.phone_id, [grant.role for grant in actor.roles]) == (
        officer.id, None, [Role.FIELD_OFFICER]
    )  # fmt: skip
    clock.instant = signed_in.expires_at - timedelta(microseconds=1)
    assert await who(database, clock, signed_in.token)
    clock.instant = signed_in.expires_at
    assert await who(database, clock, signed_in.token) is None


async def test_the_name_may_be_written_in_capitals_and_with_spaces(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    assert (await try_in(database, clock, sign_in_name=" Officer-A ")).person == officer


async def test_only_the_hash_of_the_token_is_kept(database: Database, clock: FixedClock, officer: Person) -> None:
    signed_in = await try_in(database, clock)
    async with database.connection() as db:
        [kept] = await db.fetch("select * from access_token")
    assert kept["token_hash"] == sign_in.digest(signed_in.token)
    assert signed_in.token not in str(list(kept.values()))


async def test_neither_password_nor_token_shows_in_a_repr(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    signed_in = await try_in(database, clock)
    assert signed_in.token not in repr(signed_in)
    assert PASSWORD not in repr(an_attempt())
    assert list(an_attempt().__rich_repr__()) == []


async def test_signing_out_ends_one_token_and_signing_out_everywhere_all(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    first, second, third = [(await try_in(database, clock)).token for _ in range(3)]
    await sign_in.sign_out(database, clock, sign_in.digest(first))
    assert [bool(await who(database, clock, token)) for token in (first, second, third)] == [False, True, True]
    await sign_in.sign_out_everywhere(database, clock, officer.id)
    assert [bool(await who(database, clock, token)) for token in (second, third)] == [False, False]


@pytest.mark.parametrize(
    "attempt", [{"password": WRONG}, {"sign_in_name": "nobody"}, {"sign_in_name": "officer-b"}],
    ids=["wrong password", "unknown name", "closed account"],
)  # fmt: skip
async def test_all_refusals_are_alike(
    database: Database, clock: FixedClock, officer: Person, attempt: dict[str, str]
) -> None:
    async with database.transaction() as db:
        gone = await queries.add_person(db, officer.kind, "执法人员乙", "Officer B", officer.unit_id)
        await queries.open_account(db, "officer-b", gone.id, sign_in.hashed(PASSWORD))
        await queries.close_account(db, gone.id, clock.now())
    with pytest.raises(SignInRefused) as refusal:
        await try_in(database, clock, **attempt)
    assert (refusal.value.values, refusal.value.members, refusal.value.field) == ({}, {}, None)


def test_a_name_that_does_not_exist_costs_as_much_as_a_wrong_password() -> None:
    assert argon2.extract_parameters(sign_in._NOBODY) == argon2.extract_parameters(sign_in.hashed("x"))


async def test_closing_an_account_ends_its_tokens(database: Database, clock: FixedClock, officer: Person) -> None:
    token = (await try_in(database, clock)).token
    async with database.transaction() as db:
        await queries.close_account(db, officer.id, clock.now())
    assert await who(database, clock, token) is None


async def test_a_role_that_has_ended_is_gone_at_once(database: Database, clock: FixedClock, officer: Person) -> None:
    token = (await try_in(database, clock)).token
    async with database.transaction() as db:
        await queries.end_grant(db, officer.id, Role.FIELD_OFFICER, officer.unit_id, clock.now())
    actor = await who(database, clock, token)
    assert actor is not None
    assert actor.roles == ()


async def fails(database: Database, clock: FixedClock, times: int, **attempt: str) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            await try_in(database, clock, **attempt)


async def test_after_five_failures_a_name_must_wait_even_with_the_right_password(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    await fails(database, clock, 1, password=WRONG)
    clock.advance(timedelta(minutes=5))
    await fails(database, clock, 4, password=WRONG)
    with pytest.raises(TooManyAttempts) as refusal:
        await try_in(database, clock)
    assert refusal.value.headers == {"Retry-After": "601"}
    assert refusal.value.values == {"minutes": 11}
    clock.advance(timedelta(seconds=601))
    assert await try_in(database, clock)


async def test_successes_do_not_count_and_do_not_forgive(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    await fails(database, clock, 4, password=WRONG)
    for _ in range(3):
        await try_in(database, clock)
    await fails(database, clock, 1, password=WRONG)
    with pytest.raises(TooManyAttempts):
        await try_in(database, clock)


async def test_being_refused_for_too_many_attempts_does_not_prolong_the_wait(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    await fails(database, clock, 5, password=WRONG)
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            await try_in(database, clock)
    clock.advance(sign_in.WINDOW)
    assert await try_in(database, clock)


async def book(database: Database, clock: FixedClock, name: str, address: str) -> int | None:
    try:
        return await sign_in._counted(database, clock, name, address)
    except TooManyAttempts:
        return None


async def test_one_address_may_fail_twenty_times_over_all_names(database: Database, clock: FixedClock) -> None:
    booked = [await book(database, clock, f"name-{n}", "192.0.2.1") for n in range(21)]
    assert [bool(attempt) for attempt in booked] == [True] * 20 + [False]
    assert await book(database, clock, "name-0", "192.0.2.2")


async def test_an_address_from_which_everybody_succeeds_is_never_in_the_way(
    database: Database, clock: FixedClock
) -> None:
    for n in range(sign_in.MOST_FAILURES_BY_ADDRESS + 1):
        attempt_id = await book(database, clock, f"name-{n}", "192.0.2.1")
        assert attempt_id
        async with database.transaction() as db:
            await queries.attempt_succeeded(db, attempt_id)


async def test_attempts_at_the_same_time_do_not_pass_the_limits_together(database: Database, clock: FixedClock) -> None:
    by_name = await asyncio.gather(*(book(database, clock, "name", f"192.0.2.{n}") for n in range(24)))
    assert sum(map(bool, by_name)) == sign_in.MOST_FAILURES_BY_NAME
    by_address = await asyncio.gather(*(book(database, clock, f"name-{n}", "198.51.100.1") for n in range(32)))
    assert sum(map(bool, by_address)) == sign_in.MOST_FAILURES_BY_ADDRESS


async def test_a_busy_morning_behind_one_address_refuses_nobody(
    database: Database, clock: FixedClock, officer: Person
) -> None:
    everybody = await asyncio.gather(*(try_in(database, clock) for _ in range(8)))
    assert len({signed_in.token for signed_in in everybody}) == 8


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:ffff:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_who_holds_an_ipv6_network_counts_as_one_address(address: str, source: str) -> None:
    assert sign_in.source_of(address) == source
