"""Steps of planned verifications, and where each device stands with its plan."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from device_registry.working_lists.model import PlanEntry, PlanHistory, PlanStep
from foundation.database import Connection


async def where_they_stand(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, tuple[str, PlanStep | None]]:
    """The state of each device and the last step of its plan."""
    rows = await db.fetch(
        "select device_id, state, plan_step from device_overview where device_id = any ($1)", list(device_ids)
    )
    return {device_id: (state, PlanStep(step) if step else None) for device_id, state, step in rows}


async def add_steps(
    db: Connection, device_ids: Collection[UUID], entry: PlanEntry, now: datetime, recorded_by: UUID
) -> None:
    """The step, and what the overviews say of it. The devices must be locked."""
    await db.execute(
        """
        with taken as (
            insert into verification_plan (device_id, step, day, body, remark, known_from, recorded_by)
            select device_id, $2, $3, $4, $5, $6, $7
              from unnest($1::uuid[]) as given (device_id)
            returning device_id, step, day, body
        )
        update device_overview
           set plan_step = step, plan_day = day, plan_body = body, plan_until = verified_until
          from taken
         where taken.device_id = device_overview.device_id
        """,
        list(device_ids),
        entry.step,
        entry.day,
        entry.body,
        entry.remark,
        now,
        recorded_by,
    )


async def plan_of(db: Connection, device_id: UUID) -> list[PlanHistory]:
    """Every step that was taken, newest first."""
    rows = await db.fetch(
        """
        select id, step, day, body, remark, known_from, recorded_by
          from verification_plan
         where device_id = $1
         order by id desc
        """,
        device_id,
    )
    return [
        PlanHistory(
            id=row["id"],
            step=PlanStep(row["step"]),
            day=row["day"],
            body=row["body"],
            remark=row["remark"],
            known_from=row["known_from"],
            recorded_by=row["recorded_by"],
        )
        for row in rows
    ]
