"""People, their credentials and their roles."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from agency import rules
from agency.model import (
    Credential,
    CredentialStanding,
    Person,
    PersonKind,
    Role,
)
from agency.problems import CredentialNumberTaken
from foundation.database import Connection
from foundation.problem import NotFound


async def person(db: Connection, person_id: UUID) -> Person:
    """Raises NotFound."""
    row = await db.fetchrow("select id, kind, name_zh, name_en, unit_id from person where id = $1", person_id)
    if row is None:
        raise NotFound
    return Person(row["id"], PersonKind(row["kind"]), row["name_zh"], row["name_en"], row["unit_id"])


async def people_by_id(db: Connection, person_ids: Collection[UUID]) -> dict[UUID, Person]:
    rows = await db.fetch(
        "select id, kind, name_zh, name_en, unit_id from person where id = any ($1)", list(person_ids)
    )
    return {row["id"]: Person(row[0], PersonKind(row[1]), *row[2:]) for row in rows}


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


async def credentials_of(db: Connection, person_ids: Collection[UUID]) -> dict[UUID, list[Credential]]:
    """Every credential of each of these people who has one."""
    rows = await db.fetch(
        """
        select id, person_id, credential_no, issuer, valid_from, valid_until
          from credential
         where person_id = any ($1)
        """,
        list(person_ids),
    )
    held: dict[UUID, list[Credential]] = {}
    for row in rows:
        held.setdefault(row["person_id"], []).append(Credential(*row))
    return held


async def people_in(db: Connection, unit_ids: Collection[UUID], kinds: Collection[PersonKind]) -> list[Person]:
    """Those of these units, by name."""
    rows = await db.fetch(
        """
        select id, kind, name_zh, name_en, unit_id
          from person
         where unit_id = any ($1)
           and kind = any ($2)
         order by name_zh, id
        """,
        list(unit_ids),
        list(kinds),
    )
    return [Person(row[0], PersonKind(row[1]), *row[2:]) for row in rows]


async def credential_standings(
    db: Connection, asked: Collection[tuple[UUID, datetime, datetime]]
) -> dict[tuple[UUID, datetime, datetime], CredentialStanding]:
    """The same for many people, each over an interval of their own; unknown people are left out."""
    rows = await db.fetch(
        """
        select person.kind, credential.id, person.id as person_id, credential_no, issuer, valid_from, valid_until
          from person
          left join credential on credential.person_id = person.id
         where person.id = any ($1)
         order by valid_from, valid_until
        """,
        list({person_id for person_id, _, _ in asked}),
    )
    kinds = {row["person_id"]: PersonKind(row["kind"]) for row in rows}
    held = [Credential(*row[1:]) for row in rows if row[1] is not None]
    return {
        (person_id, begins, ends): rules.credential_standing(
            [credential for credential in held if credential.person_id == person_id], kinds[person_id], begins, ends
        )
        for person_id, begins, ends in asked
        if person_id in kinds
    }


async def set_email(db: Connection, person_id: UUID, email: str | None) -> None:
    """Where the person gets mail; None: nowhere."""
    if email is None:
        await db.execute("delete from person_email where person_id = $1", person_id)
        return
    await db.execute(
        "insert into person_email (person_id, email) values ($1, $2) on conflict (person_id) do update set email = $2",
        person_id,
        email,
    )


async def emails(db: Connection) -> dict[UUID, str]:
    """The address of everybody who has one and still has an account."""
    rows = await db.fetch(
        """
        select person_id, email
          from person_email
          join account using (person_id)
         where account.closed_at is null
        """
    )
    return {person_id: email for person_id, email in rows}  # noqa: C416 - rows are no pairs to mypy


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
