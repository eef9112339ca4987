"""Plans and their targets."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from asyncpg import CheckViolationError, Record

from foundation.database import Connection
from inspection.model import Enterprise, Source, State
from inspection.planning.model import Plan
from inspection.planning.problems import PlanDays


async def add_plan(db: Connection, plan: Plan, made_by: UUID, now: datetime) -> None:
    """Raises PlanDays."""
    try:
        await db.execute(
            """
            with plan as (
                insert into inspection_plan (id, unit_id, title, source, begins, ends, items, checklist, published_on,
                                             counts, counts_why, made_by, made_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                returning id
            )
            insert into inspection_plan_target (plan_id, uscc, name, address)
            select plan.id, target.uscc, target.name, target.address
              from plan, unnest($14::text[], $15::text[], $16::text[]) as target (uscc, name, address)
            """,
            plan.id,
            plan.unit_id,
            plan.title,
            plan.source,
            plan.begins,
            plan.ends,
            plan.items,
            plan.checklist,
            plan.published_on,
            plan.counts,
            plan.counts_why,
            made_by,
            now,
            [target.uscc for target in plan.targets],
            [target.name for target in plan.targets],
            [target.address for target in plan.targets],
        )
    except CheckViolationError as error:
        if error.constraint_name == "inspection_plan_in_order":
            raise PlanDays(field="ends") from error
        if error.constraint_name == "inspection_plan_published_first":
            raise PlanDays(field="published_on") from error
        raise


async def plan_by_id(db: Connection, plan_id: UUID) -> Plan | None:
    row = await db.fetchrow(
        """
        select id, unit_id, title, source, begins, ends, items, checklist, published_on, counts, counts_why,
               array(select row (uscc, name, address) from inspection_plan_target
                      where plan_id = inspection_plan.id order by uscc)
          from inspection_plan
         where id = $1
        """,
        plan_id,
    )
    return _plan(row) if row else None


async def plans(db: Connection, units: Collection[UUID], most: int = 200) -> list[Plan]:
    """Of these units, newest first."""
    rows = await db.fetch(
        """
        select id, unit_id, title, source, begins, ends, items, checklist, published_on, counts, counts_why,
               array(select row (uscc, name, address) from inspection_plan_target
                      where plan_id = inspection_plan.id order by uscc)
          from inspection_plan
         where unit_id = any ($1)
         order by made_at desc, id
         limit $2
        """,
        list(units),
        most,
    )
    return [_plan(row) for row in rows]


async def targets_left(db: Connection, plan_id: UUID) -> list[Enterprise]:
    """Those for which no task has been made."""
    rows = await db.fetch(
        """
        select uscc, name, address
          from inspection_plan_target as target
         where plan_id = $1
           and not exists (select from inspection_of_plan as made
                            where made.plan_id = target.plan_id and made.uscc = target.uscc)
         order by uscc
        """,
        plan_id,
    )
    return [Enterprise(*row) for row in rows]


async def made_of(db: Connection, plan_id: UUID) -> dict[str, tuple[UUID, State]]:
    """The task that was made for each target that has one, and where it stands."""
    rows = await db.fetch(
        """
        select made.uscc, made.inspection_id, state
          from inspection_of_plan as made
          join inspection_current on inspection_current.inspection_id = made.inspection_id
         where plan_id = $1
        """,
        plan_id,
    )
    return {uscc: (inspection_id, State(state)) for uscc, inspection_id, state in rows}


async def keep_of_plan(db: Connection, plan_id: UUID, made: Mapping[UUID, str]) -> None:
    """Which inspection was made for which target's number."""
    await db.execute(
        """
        insert into inspection_of_plan (inspection_id, plan_id, uscc)
        select inspection_id, $1, uscc from unnest($2::uuid[], $3::text[]) as made (inspection_id, uscc)
        """,
        plan_id,
        list(made),
        list(made.values()),
    )


def _plan(row: Record) -> Plan:
    return Plan(
        id=row[0],
        unit_id=row[1],
        title=row[2],
        source=Source(row[3]),
        begins=row[4],
        ends=row[5],
        items=row[6],
        checklist=row[7],
        published_on=row[8],
        counts=row[9],
        counts_why=row[10],
        targets=[Enterprise(*target) for target in row[11]],
    )
