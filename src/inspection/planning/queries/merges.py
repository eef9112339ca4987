"""Proposals that visits of several units be one, and what came of them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from asyncpg import Record, UniqueViolationError

from foundation.database import Connection, sees_every_unit
from inspection.model import Enterprise
from inspection.planning.model import Merge
from inspection.planning.problems import MergeAnswered

_MERGE = """
select merge.id, lead_id, lead.unit_id, other_id, other.unit_id, other.uscc, other.enterprise_name,
       other.enterprise_address, proposed_by, proposed_at, agreed, ended_at
  from visit_merge as merge
  join inspection as lead on lead.id = lead_id
  join inspection as other on other.id = other_id
  left join visit_merge_answer as answer on answer.merge_id = merge.id
  left join visit_merge_end as ended on ended.merge_id = merge.id
"""


async def add_merge(db: Connection, id_: UUID, lead_id: UUID, other_id: UUID, by: UUID, now: datetime) -> None:
    await db.execute(
        "insert into visit_merge (id, lead_id, other_id, proposed_by, proposed_at) values ($1, $2, $3, $4, $5)",
        id_,
        lead_id,
        other_id,
        by,
        now,
    )


@sees_every_unit
async def merge_by_id(db: Connection, merge_id: UUID) -> Merge | None:
    row = await db.fetchrow(
        f"""
        {_MERGE}
         where merge.id = $1
        """,
        merge_id,
    )
    return _merge(row) if row else None


@sees_every_unit
async def merges_of(db: Connection, units: Collection[UUID], most: int = 200) -> list[Merge]:
    """Those that concern these units, open ones first, then newest first."""
    rows = await db.fetch(
        f"""
        {_MERGE}
         where lead.unit_id = any ($1)
            or other.unit_id = any ($1)
         order by agreed is not null, proposed_at desc, merge.id
         limit $2
        """,
        list(units),
        most,
    )
    return [_merge(row) for row in rows]


@sees_every_unit
async def merges_about(db: Connection, inspection_id: UUID) -> list[Merge]:
    """Those that this visit leads or is asked to join, newest first."""
    rows = await db.fetch(
        f"""
        {_MERGE}
         where $1 in (lead_id, other_id)
         order by proposed_at desc, merge.id
        """,
        inspection_id,
    )
    return [_merge(row) for row in rows]


@sees_every_unit
async def unanswered(db: Connection, units: Collection[UUID]) -> int:
    """How many proposals wait for an answer of these units."""
    number: int = await db.fetchval(
        """
        select count(*)
          from visit_merge as merge
          join inspection as other on other.id = other_id
         where other.unit_id = any ($1)
           and not exists (select from visit_merge_answer where merge_id = merge.id)
        """,
        list(units),
    )
    return number


async def is_proposed(db: Connection, one: UUID, other: UUID) -> bool:
    """Whether somebody has proposed these two, either way round, and nobody has answered."""
    return bool(
        await db.fetchval(
            """
            select exists (select from visit_merge
                            where (lead_id, other_id) in (($1, $2), ($2, $1))
                              and not exists (select from visit_merge_answer where merge_id = visit_merge.id))
            """,
            one,
            other,
        )
    )


async def add_answer(db: Connection, merge_id: UUID, agreed: bool, reason: str, by: UUID, now: datetime) -> None:
    """Raises MergeAnswered."""
    try:
        await db.execute(
            """
            insert into visit_merge_answer (merge_id, agreed, reason, answered_by, answered_at)
            values ($1, $2, $3, $4, $5)
            """,
            merge_id,
            agreed,
            reason,
            by,
            now,
        )
    except UniqueViolationError as error:
        raise MergeAnswered from error


async def add_end(db: Connection, merge_id: UUID, reason: str, by: UUID, now: datetime) -> None:
    """Raises MergeAnswered."""
    try:
        await db.execute(
            "insert into visit_merge_end (merge_id, reason, ended_by, ended_at) values ($1, $2, $3, $4)",
            merge_id,
            reason,
            by,
            now,
        )
    except UniqueViolationError as error:
        raise MergeAnswered from error


async def one_visit_with(db: Connection, lead_id: UUID, other_id: UUID) -> list[UUID]:
    """Both, and whatever is one visit with either."""
    rows = await db.fetch(
        """
        select id from inspection where id in ($1, $2)
         union
        select third.id
          from inspection
          join inspection as third on third.joint_id = inspection.joint_id
         where inspection.id in ($1, $2)
        """,
        lead_id,
        other_id,
    )
    return [row["id"] for row in rows]


async def join_visits(db: Connection, lead_id: UUID, other_id: UUID, joint_id: UUID) -> list[UUID]:
    """Both, and whatever was one visit with either, are one visit: all of them."""
    rows = await db.fetch(
        """
        with joint as (
            select array_agg(joint_id) filter (where joint_id is not null) as ids
              from inspection where id in ($1, $2)
        )
        update inspection
           set joint_id = $3
          from joint
         where inspection.id in ($1, $2)
            or inspection.joint_id = any (joint.ids)
        returning inspection.id
        """,
        lead_id,
        other_id,
        joint_id,
    )
    return [row["id"] for row in rows]


async def part_visits(db: Connection, lead_id: UUID, other_id: UUID) -> list[UUID]:
    """The other leaves, and the lead where it would be left alone: those that changed."""
    rows = await db.fetch(
        """
        update inspection
           set joint_id = null
         where id = $2
            or (id = $1 and not exists (select from inspection as third
                                         where third.joint_id = inspection.joint_id and third.id not in ($1, $2)))
        returning id
        """,
        lead_id,
        other_id,
    )
    return [row["id"] for row in rows]


def _merge(row: Record) -> Merge:
    return Merge(
        id=row[0],
        lead_id=row[1],
        lead_unit=row[2],
        other_id=row[3],
        other_unit=row[4],
        enterprise=Enterprise(*row[5:8]),
        proposed_by=row[8],
        proposed_at=row[9],
        agreed=row[10],
        ended_at=row[11],
    )
