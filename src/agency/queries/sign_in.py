"""Accounts, attempts, phones and tokens."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from agency.model import (
    Phone,
    Signatory,
)
from agency.problems import HandInRefused, PhoneRevoked, SignInNameTaken
from foundation.database import Connection
from foundation.problem import Spoken


async def open_account(db: Connection, sign_in_name: str, person_id: UUID, password_hash: str) -> None:
    """Raises SignInNameTaken. The name as rules.sign_in_name gives it, the hash as argon2 encodes it."""
    try:
        await db.execute(
            "insert into account (sign_in_name, person_id, password_hash) values ($1, $2, $3)",
            sign_in_name,
            person_id,
            password_hash,
        )
    except UniqueViolationError as error:
        raise SignInNameTaken(field="sign_in_name") from error


async def account_is_open(db: Connection, person_id: UUID, now: datetime) -> bool:
    """Whether the person may still sign in."""
    found: bool = await db.fetchval(
        "select exists (select from account where person_id = $1 and coalesce(closed_at, 'infinity') > $2)",
        person_id,
        now,
    )
    return found


async def close_account(db: Connection, person_id: UUID, at: datetime) -> None:
    """From that instant the person can neither sign in nor use a token. A closed account stays closed as it was."""
    await db.execute(
        "update account set closed_at = least(closed_at, $2) where person_id = $1",
        person_id,
        at,
    )


async def account(db: Connection, sign_in_name: str, now: datetime) -> tuple[UUID, str] | None:
    """Whose it is, and the password's hash; None where there is no open account of that name."""
    row = await db.fetchrow(
        """
        select person_id, password_hash
          from account
         where sign_in_name = $1
           and coalesce(closed_at, 'infinity') > $2
        """,
        sign_in_name,
        now,
    )
    return None if row is None else (row[0], row[1])


async def lock_attempts(db: Connection, sign_in_name: str, address: str) -> None:
    """Until the transaction ends, nobody else counts or adds attempts by that name or from that address.

    The name always before the address, so that two cannot wait for each other.
    """
    await db.execute("select pg_advisory_xact_lock(hashtextextended('name ' || $1, 0))", sign_in_name)
    await db.execute("select pg_advisory_xact_lock(hashtextextended('address ' || $1, 0))", address)


async def failure_in_the_way(
    db: Connection, sign_in_name: str, address: str, since: datetime, most_by_name: int, most_by_address: int
) -> datetime | None:
    """The failure since then that must age before the name and the address may try again; None: they may now."""
    at: datetime | None = await db.fetchval(
        """
        select greatest(
            (select at
               from sign_in_attempt
              where sign_in_name = $1
                and at > $3
                and not succeeded
              order by at desc
             offset $4 - 1
              limit 1),
            (select at
               from sign_in_attempt
              where address = $2
                and at > $3
                and not succeeded
              order by at desc
             offset $5 - 1
              limit 1)
        )
        """,
        sign_in_name,
        address,
        since,
        most_by_name,
        most_by_address,
    )
    return at


async def add_attempt(db: Connection, sign_in_name: str, address: str, at: datetime) -> int:
    """An attempt counts as failed until `attempt_succeeded`: a crash in between must not give tries away."""
    attempt_id: int = await db.fetchval(
        """
        insert into sign_in_attempt (sign_in_name, address, at, succeeded)
        values ($1, $2, $3, false)
        returning id
        """,
        sign_in_name,
        address,
        at,
    )
    return attempt_id


async def attempt_succeeded(db: Connection, attempt_id: int) -> None:
    await db.execute("update sign_in_attempt set succeeded = true where id = $1", attempt_id)


async def enrol_phone(
    db: Connection,
    person_id: UUID,
    label: str,
    algorithm: str,
    public_key: dict[str, str],
    thumbprint: str,
    at: datetime,
) -> Phone:
    """The person's phone with that key, enrolled now if it is new; a shared phone is one row a person.

    Raises PhoneRevoked.
    """
    row = await db.fetchrow(
        """
        insert into phone (person_id, label, algorithm, public_key, thumbprint, enrolled_at)
        values ($1, $2, $3, $4, $5, $6)
            on conflict on constraint phone_enrolled_once do update set label = excluded.label
        returning id, person_id, label, algorithm, public_key, thumbprint, enrolled_at, revoked_at
        """,
        person_id,
        label,
        algorithm,
        public_key,
        thumbprint,
        at,
    )
    assert row is not None
    phone = Phone(*row)
    if phone.revoked_at is not None and phone.revoked_at <= at:
        raise PhoneRevoked
    return phone


async def signatory(db: Connection, phone_id: UUID) -> Signatory | None:
    """None where no phone was ever enrolled under this id. A revoked one is given: it may have signed before."""
    row = await db.fetchrow(
        """
        select phone.id, person.id, person.unit_id, phone.algorithm, phone.public_key, phone.enrolled_at,
               phone.revoked_at
          from phone
          join person on person.id = phone.person_id
         where phone.id = $1
        """,
        phone_id,
    )
    return Signatory(*row) if row else None


async def signatories(db: Connection, phone_ids: Collection[UUID]) -> dict[UUID, Signatory]:
    """The same for many."""
    rows = await db.fetch(
        """
        select phone.id, person.id, person.unit_id, phone.algorithm, phone.public_key, phone.enrolled_at,
               phone.revoked_at
          from phone
          join person on person.id = phone.person_id
         where phone.id = any ($1)
        """,
        list(phone_ids),
    )
    return {row[0]: Signatory(*row) for row in rows}


async def revoke_phone(db: Connection, phone_id: UUID, at: datetime) -> None:
    """From that instant no token bound to the phone holds, and its key enrols no more for that person."""
    await db.execute("update phone set revoked_at = least(revoked_at, $2) where id = $1", phone_id, at)


async def add_token(
    db: Connection,
    token_hash: bytes,
    person_id: UUID,
    phone_id: UUID | None,
    at: datetime,
    expires_at: datetime,
    challenge: bytes | None = None,
) -> None:
    """With a challenge (its SHA-256) the token only hands in. Raises HandInRefused for one answered before."""
    try:
        await db.execute(
            """
            insert into access_token (token_hash, person_id, phone_id, created_at, expires_at, challenge)
            values ($1, $2, $3, $4, $5, $6)
            """,
            token_hash,
            person_id,
            phone_id,
            at,
            expires_at,
            challenge,
        )
    except UniqueViolationError as error:
        raise HandInRefused(field="proof", why=Spoken("hand-in.challenge")) from error


async def revoke_token(db: Connection, token_hash: bytes, at: datetime) -> None:
    await db.execute(
        "update access_token set revoked_at = least(revoked_at, $2) where token_hash = $1",
        token_hash,
        at,
    )


async def revoke_tokens_of(db: Connection, person_id: UUID, at: datetime) -> None:
    await db.execute(
        """
        update access_token
           set revoked_at = $2
         where person_id = $1
           and expires_at > $2
           and coalesce(revoked_at, 'infinity') > $2
        """,
        person_id,
        at,
    )
