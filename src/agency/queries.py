"""What agency reads and writes. Days are Beijing civil days, instants UTC; spans are half-open."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from asyncpg import ExclusionViolationError, UniqueViolationError

from agency import rules
from agency.model import (
    Actor,
    Credential,
    CredentialStanding,
    Person,
    PersonKind,
    Phone,
    Role,
    RoleGrant,
    Signatory,
    Unit,
    UnitKind,
)
from agency.problems import CredentialNumberTaken, PhoneRevoked, SignInNameTaken, UnitOutOfPlace, UnitPeriodOverlaps
from foundation.database import Connection
from foundation.problem import NotFound

# Who asks


async def actor_behind(db: Connection, token_hash: bytes, now: datetime) -> Actor | None:
    """The person behind a token with the roles of this moment; None where token, account or phone no longer holds."""
    return (await actors_behind(db, [token_hash], now)).get(token_hash)


async def actors_behind(db: Connection, token_hashes: Sequence[bytes], now: datetime) -> dict[bytes, Actor]:
    """The same for many; tokens behind which nobody is are left out."""
    rows = await db.fetch(
        """
        select access_token.token_hash, person.id, person.kind, person.unit_id, access_token.phone_id,
               array(select row (role, unit_id)
                       from role_grant
                      where role_grant.person_id = person.id
                        and role_grant.span @> $2::timestamptz
                      order by role, unit_id) as grants
          from access_token
          join person on person.id = access_token.person_id
          join account on account.person_id = person.id
          left join phone on phone.id = access_token.phone_id
         where access_token.token_hash = any ($1)
           and access_token.expires_at > $2
           and coalesce(access_token.revoked_at, 'infinity') > $2
           and coalesce(account.closed_at, 'infinity') > $2
           and coalesce(phone.revoked_at, 'infinity') > $2
        """,
        token_hashes,
        now,
    )
    return {
        token_hash: Actor(
            person_id,
            PersonKind(kind),
            unit_id,
            phone_id,
            tuple(RoleGrant(Role(role), granted_for) for role, granted_for in grants),
        )
        for token_hash, person_id, kind, unit_id, phone_id, grants in rows
    }


async def reach(db: Connection, actor: Actor, roles: tuple[Role, ...], day: date) -> frozenset[UUID]:
    """The units that the actor's grants of these roles reach, as the tree stood on that Beijing civil day."""
    return await subtree(db, [grant.unit_id for grant in actor.roles if grant.role in roles], day)


async def person(db: Connection, person_id: UUID) -> Person:
    """Raises NotFound."""
    row = await db.fetchrow("select id, kind, name_zh, name_en, unit_id from person where id = $1", person_id)
    if row is None:
        raise NotFound
    return Person(row["id"], PersonKind(row["kind"]), row["name_zh"], row["name_en"], row["unit_id"])


async def credential_standing(db: Connection, person_id: UUID, begins: datetime, ends: datetime) -> CredentialStanding:
    """Whether the person was credentialed from `begins` to `ends`, both included. Raises NotFound: no such person."""
    rows = await db.fetch(
        """
        select person.kind, credential.id, person.id, credential_no, issuer, valid_from, valid_until
          from person
          left join credential on credential.person_id = person.id
         where person.id = $1
         order by valid_from, valid_until
        """,
        person_id,
    )
    if not rows:
        raise NotFound
    held = [Credential(*row[1:]) for row in rows if row[1] is not None]
    return rules.credential_standing(held, PersonKind(rows[0]["kind"]), begins, ends)


# Units


async def subtree(db: Connection, roots: list[UUID], day: date) -> frozenset[UUID]:
    """The units that stand on that day among the roots and everything below them."""
    rows = await db.fetch(
        """
        with recursive reached (unit_id) as (
            select unit_id
              from unit_period
             where unit_id = any ($1)
               and span @> $2::date
             union
            select unit_period.unit_id
              from reached
              join unit_period on unit_period.parent_id = reached.unit_id
             where unit_period.span @> $2::date
        )
        select unit_id from reached
        """,
        roots,
        day,
    )
    return frozenset(row["unit_id"] for row in rows)


async def tree(db: Connection, day: date) -> list[Unit]:
    """Every unit as it stands on that day, each after its parent, codes in order."""
    rows = await db.fetch(
        """
        with recursive standing (unit_id, parent_id, kind, name_zh, name_en, division_code, span, path) as (
            select unit_id, parent_id, kind, name_zh, name_en, division_code, span,
                   array[coalesce(division_code, 'A') || unit_id]
              from unit_period
             where parent_id is null
               and span @> $1::date
             union all
            select child.unit_id, child.parent_id, child.kind, child.name_zh, child.name_en, child.division_code,
                   child.span, path || (coalesce(child.division_code, 'A') || child.unit_id)
              from standing
              join unit_period as child on child.parent_id = standing.unit_id
             where child.span @> $1::date
        )
        select unit_id, parent_id, kind, name_zh, name_en, division_code, lower(span), upper(span)
          from standing
         order by path
        """,
        day,
    )
    return [_unit(*row) for row in rows]


async def ancestors(db: Connection, unit_id: UUID, day: date) -> list[Unit]:
    """The unit itself and what it belongs to on that day, the city last. Empty where it does not stand."""
    rows = await db.fetch(
        """
        with recursive upwards (unit_id, parent_id, kind, name_zh, name_en, division_code, span, depth) as (
            select unit_id, parent_id, kind, name_zh, name_en, division_code, span, 0
              from unit_period
             where unit_id = $1
               and span @> $2::date
             union all
            select parent.unit_id, parent.parent_id, parent.kind, parent.name_zh, parent.name_en,
                   parent.division_code, parent.span, depth + 1
              from upwards
              join unit_period as parent on parent.unit_id = upwards.parent_id
             where parent.span @> $2::date
        ) cycle unit_id set looped using trail
        select unit_id, parent_id, kind, name_zh, name_en, division_code, lower(span), upper(span)
          from upwards
         where not looped
         order by depth
        """,
        unit_id,
        day,
    )
    return [_unit(*row) for row in rows]


async def units_by_id(db: Connection, unit_ids: Collection[UUID], day: date) -> list[Unit]:
    """Those of the units that stand on that day, as they stand."""
    rows = await db.fetch(
        """
        select unit_id, parent_id, kind, name_zh, name_en, division_code, lower(span), upper(span)
          from unit_period
         where unit_id = any ($1)
           and span @> $2::date
        """,
        list(unit_ids),
        day,
    )
    return [_unit(*row) for row in rows]


async def add_unit(
    db: Connection,
    kind: UnitKind,
    name_zh: str,
    name_en: str,
    begins: date,
    *,
    parent_id: UUID | None = None,
    division_code: str | None = None,
) -> Unit:
    """A new unit from that day on. Raises UnitOutOfPlace. Call it in a transaction."""
    await _one_by_one(db)
    unit_id = await db.fetchval("insert into unit default values returning id")
    unit = Unit(unit_id, parent_id, kind, name_zh, name_en, division_code, begins, None)
    await _add_period(db, unit)
    return unit


async def change_unit(db: Connection, unit: Unit) -> None:
    """Lets the unit stand as given from `unit.begins`; the period that held then ends the day before.

    Raises UnitPeriodOverlaps where a later period is already planned, UnitOutOfPlace. Call it in a transaction.
    """
    await _one_by_one(db)
    await db.execute(
        """
        update unit_period
           set span = daterange(lower(span), $2)
         where unit_id = $1
           and span @> $2::date
           and lower(span) < $2
        """,
        unit.id,
        unit.begins,
    )
    await _add_period(db, unit)


# People


async def add_person(db: Connection, kind: PersonKind, name_zh: str, name_en: str, unit_id: UUID) -> Person:
    person_id = await db.fetchval(
        "insert into person (kind, name_zh, name_en, unit_id) values ($1, $2, $3, $4) returning id",
        kind,
        name_zh,
        name_en,
        unit_id,
    )
    return Person(person_id, kind, name_zh, name_en, unit_id)


async def add_credential(
    db: Connection, person_id: UUID, credential_no: str, issuer: str, valid_from: date, valid_until: date
) -> Credential:
    """For officers only: the database refuses others. Both days inclusive. Raises CredentialNumberTaken."""
    try:
        credential_id = await db.fetchval(
            """
            insert into credential (person_id, credential_no, issuer, valid_from, valid_until)
            values ($1, $2, $3, $4, $5)
            returning id
            """,
            person_id,
            credential_no,
            issuer,
            valid_from,
            valid_until,
        )
    except UniqueViolationError as error:
        raise CredentialNumberTaken(field="credential_no") from error
    return Credential(credential_id, person_id, credential_no, issuer, valid_from, valid_until)


async def grant(db: Connection, person_id: UUID, role: Role, unit_id: UUID, begins: datetime) -> None:
    """Gives the role for the unit and all below it, from that instant on; a grant that already runs is left alone."""
    await db.execute(
        """
        insert into role_grant (person_id, role, unit_id, span)
        select $1, $2, $3, tstzrange($4, null)
         where not exists (
               select
                 from role_grant
                where person_id = $1
                  and role = $2
                  and unit_id = $3
                  and span @> $4::timestamptz
               )
        """,
        person_id,
        role,
        unit_id,
        begins,
    )


async def end_grant(db: Connection, person_id: UUID, role: Role, unit_id: UUID, ends: datetime) -> None:
    """Takes the role away from that instant on. Nothing happens where none runs then."""
    await db.execute(
        """
        update role_grant
           set span = tstzrange(lower(span), $4)
         where person_id = $1
           and role = $2
           and unit_id = $3
           and span @> $4::timestamptz
           and lower(span) < $4
        """,
        person_id,
        role,
        unit_id,
        ends,
    )


# Signing in


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


async def revoke_phone(db: Connection, phone_id: UUID, at: datetime) -> None:
    """From that instant no token bound to the phone holds, and its key enrols no more for that person."""
    await db.execute("update phone set revoked_at = least(revoked_at, $2) where id = $1", phone_id, at)


async def add_token(
    db: Connection, token_hash: bytes, person_id: UUID, phone_id: UUID | None, at: datetime, expires_at: datetime
) -> None:
    await db.execute(
        """
        insert into access_token (token_hash, person_id, phone_id, created_at, expires_at)
        values ($1, $2, $3, $4, $5)
        """,
        token_hash,
        person_id,
        phone_id,
        at,
        expires_at,
    )


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


async def _one_by_one(db: Connection) -> None:
    """Two units moved below each other at the same time would make a ring, so the tree has one change at a time."""
    await db.execute("lock table unit_period in share row exclusive mode")


async def _add_period(db: Connection, unit: Unit) -> None:
    if unit.parent_id is not None:
        above = await ancestors(db, unit.parent_id, unit.begins)
        if not above or any(unit.id in (other.id, other.parent_id) for other in above):
            raise UnitOutOfPlace(field="parent_id")
    try:
        await db.execute(
            """
            insert into unit_period (unit_id, span, parent_id, kind, name_zh, name_en, division_code)
            values ($1, daterange($2, $3), $4, $5, $6, $7, $8)
            """,
            unit.id,
            unit.begins,
            unit.ends,
            unit.parent_id,
            unit.kind,
            unit.name_zh,
            unit.name_en,
            unit.division_code,
        )
    except ExclusionViolationError as error:
        raise UnitPeriodOverlaps(field="begins") from error


def _unit(
    unit_id: UUID,
    parent_id: UUID | None,
    kind: str,
    name_zh: str,
    name_en: str,
    division_code: str | None,
    begins: date,
    ends: date | None,
) -> Unit:
    return Unit(unit_id, parent_id, UnitKind(kind), name_zh, name_en, division_code, begins, ends)
