"""A phone's key, enrolled at sign-in."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import ECKey

from agency import queries, sign_in
from agency.model import Person
from agency.problems import PhoneKeyRefused, PhoneRevoked, SignInRefused
from foundation.database import Database
from tests.agency.builders import a_city, a_person, a_phone_key, an_attempt
from tests.support import FixedClock


async def enrolled(database: Database, clock: FixedClock, key: dict[str, str], name: str = "officer-a") -> UUID:
    attempt = an_attempt(name, phone=sign_in.PhoneKey("班组手机 1", key))
    phone_id = (await sign_in.sign_in(database, clock, attempt, hours=1)).actor.phone_id
    assert phone_id is not None
    return phone_id


@pytest.fixture
async def officers(database: Database) -> list[Person]:
    city = await a_city(database)
    async with database.transaction() as db:
        return [await a_person(db, city.east, sign_in_name=name) for name in ("officer-a", "officer-b")]


async def test_a_key_is_kept_with_its_thumbprint_and_algorithm(
    database: Database, clock: FixedClock, officers: list[Person]
) -> None:
    key = a_phone_key()
    phone_id = await enrolled(database, clock, key | {"kid": "mine", "use": "sig"})
    async with database.connection() as db:
        [phone] = await db.fetch("select * from phone where id = $1", phone_id)
    assert phone["public_key"] == {"kty": "EC", "crv": "P-256", "x": key["x"], "y": key["y"]}
    assert phone["thumbprint"] == ECKey.import_key({**key}).thumbprint()
    assert (phone["person_id"], phone["algorithm"], phone["label"]) == (officers[0].id, "ES256", "班组手机 1")


async def test_the_same_key_signs_in_again_as_the_same_phone(
    database: Database, clock: FixedClock, officers: list[Person]
) -> None:
    key = a_phone_key()
    first = await enrolled(database, clock, key)
    clock.advance(timedelta(days=1))
    assert await enrolled(database, clock, key) == first


async def test_a_phone_that_two_people_share_is_one_row_each(
    database: Database, clock: FixedClock, officers: list[Person]
) -> None:
    key = a_phone_key()
    assert await enrolled(database, clock, key) != await enrolled(database, clock, key, "officer-b")


async def test_a_revoked_phone_ends_its_tokens_and_signs_nobody_in(
    database: Database, clock: FixedClock, officers: list[Person]
) -> None:
    key = a_phone_key()
    attempt = an_attempt(phone=sign_in.PhoneKey("班组手机 1", key))
    signed_in = await sign_in.sign_in(database, clock, attempt, hours=1)
    assert signed_in.actor.phone_id is not None
    async with database.transaction() as db:
        await queries.revoke_phone(db, signed_in.actor.phone_id, clock.now())
        assert await queries.actor_behind(db, sign_in.digest(signed_in.token), clock.now()) is None
    with pytest.raises(PhoneRevoked):
        await enrolled(database, clock, key)
    assert await enrolled(database, clock, key, "officer-b")


async def test_who_has_a_closed_account_is_not_told_about_their_phone(
    database: Database, clock: FixedClock, officers: list[Person]
) -> None:
    key = a_phone_key()
    phone_id = await enrolled(database, clock, key)
    async with database.transaction() as db:
        await queries.revoke_phone(db, phone_id, clock.now())
        await queries.close_account(db, officers[0].id, clock.now())
    with pytest.raises(SignInRefused):
        await enrolled(database, clock, key)


KEY = a_phone_key()
OTHER = a_phone_key()


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (ECKey.generate_key("P-256").as_dict(private=True), "phone.public_key.d"),
        (KEY | {"d": "AA"}, "phone.public_key.d"),
        (ECKey.generate_key("P-384").as_dict(private=False), "phone.public_key.crv"),
        (KEY | {"kty": "OKP"}, "phone.public_key.crv"),
        (KEY | {"crv": "secp256k1"}, "phone.public_key.crv"),
        (KEY | {"y": OTHER["y"]}, "phone.public_key"),
        (KEY | {"x": "A" * 43, "y": "A" * 43}, "phone.public_key"),
        (KEY | {"x": KEY["x"] + "="}, "phone.public_key.x"),
        (KEY | {"x": KEY["x"][:-1]}, "phone.public_key.x"),
        (KEY | {"x": "AA" + KEY["x"]}, "phone.public_key.x"),
        (KEY | {"x": "é" * 43}, "phone.public_key.x"),
        (KEY | {"x": "+" + KEY["x"][1:]}, "phone.public_key.x"),
        (KEY | {"x": 7}, "phone.public_key.x"),
        ({name: KEY[name] for name in ("kty", "crv", "x")}, "phone.public_key.y"),
        ({}, "phone.public_key.crv"),
    ],
)
def test_a_key_that_is_not_just_a_p256_public_point_is_refused(key: Any, field: str | None) -> None:
    with pytest.raises(PhoneKeyRefused) as refusal:
        sign_in.p256_public_key(key)
    assert refusal.value.field == field


def test_a_coordinate_has_one_spelling_only() -> None:
    # 43 characters hold 258 bits: the last two are spare, and a key spelt with them set would have another thumbprint.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelt = KEY["x"][:-1] + alphabet[alphabet.index(KEY["x"][-1]) | 1]
    with pytest.raises(PhoneKeyRefused):
        sign_in.p256_public_key(KEY | {"x": respelt})
