"""Who asks, and where that reaches."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from agency.model import (
    Actor,
    PersonKind,
    Role,
    RoleGrant,
)
from agency.queries.units import subtree
from foundation.civil import day_of
from foundation.database import Connection


async def actor_behind(db: Connection, token_hash: bytes, now: datetime) -> Actor | None:
    """The person behind a token with the roles of this moment; None where token, account or phone no longer holds.

    A token that only hands in outlives the revocation of its phone, and carries no role.
    """
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
                        and access_token.challenge is null
                      order by role, unit_id) as grants,
               access_token.challenge is not null
          from access_token
          join person on person.id = access_token.person_id
          join account on account.person_id = person.id
          left join phone on phone.id = access_token.phone_id
         where access_token.token_hash = any ($1)
           and access_token.expires_at > $2
           and coalesce(access_token.revoked_at, 'infinity') > $2
           and coalesce(account.closed_at, 'infinity') > $2
           and (coalesce(phone.revoked_at, 'infinity') > $2 or access_token.challenge is not null)
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
            hand_in,
        )
        for token_hash, person_id, kind, unit_id, phone_id, grants, hand_in in rows
    }


async def actor_called(db: Connection, sign_in_name: str, now: datetime) -> Actor | None:
    """Whoever may sign in by that name, as if they sat at a desk: for commands of an operator, who needs no token."""
    row = await db.fetchrow(
        """
        select person.id, person.kind, person.unit_id,
               array(select row (role, unit_id)
                       from role_grant
                      where role_grant.person_id = person.id
                        and role_grant.span @> $2::timestamptz
                      order by role, unit_id)
          from account
          join person on person.id = account.person_id
         where account.sign_in_name = $1
           and coalesce(account.closed_at, 'infinity') > $2
        """,
        sign_in_name,
        now,
    )
    if row is None:
        return None
    person_id, kind, unit_id, grants = row
    return Actor(person_id, PersonKind(kind), unit_id, None, tuple(RoleGrant(Role(role), at) for role, at in grants))


async def reach_by_role(db: Connection, person_id: UUID, now: datetime) -> list[tuple[Role, UUID]]:
    """Each role the person has at that instant, with each unit it reaches that day."""
    rows = await db.fetch(
        """
        with recursive reached (role, unit_id) as (
            select role, unit_period.unit_id
              from role_grant
              join unit_period on unit_period.unit_id = role_grant.unit_id
             where person_id = $1
               and role_grant.span @> $2::timestamptz
               and unit_period.span @> $3::date
             union
            select role, unit_period.unit_id
              from reached
              join unit_period on unit_period.parent_id = reached.unit_id
             where unit_period.span @> $3::date
        )
        select role, unit_id from reached
        """,
        person_id,
        now,
        day_of(now),
    )
    return [(Role(role), unit_id) for role, unit_id in rows]


async def reach(db: Connection, actor: Actor, roles: tuple[Role, ...], day: date) -> frozenset[UUID]:
    """The units that the actor's grants of these roles reach, as the tree stood on that Beijing civil day."""
    return await subtree(db, [grant.unit_id for grant in actor.roles if grant.role in roles], day)


async def heads_of(db: Connection, unit_id: UUID, now: datetime) -> frozenset[UUID]:
    """Who is the head of this very unit at that instant."""
    rows = await db.fetch(
        """
        select person_id
          from role_grant
         where unit_id = $1
           and role = 'ENTITY_HEAD'
           and span @> $2::timestamptz
        """,
        unit_id,
        now,
    )
    return frozenset(row["person_id"] for row in rows)
