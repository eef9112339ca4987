"""Drawings: written once a step, never changed. Which step was taken before is decided by keys."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError, Record, UniqueViolationError

from foundation.database import Connection
from inspection.drawing.model import Drawing, Pools, Result
from inspection.drawing.problems import DrawingOutOfStep
from inspection.model import State

_DRAWING = """
        select drawing.id, unit_id, title, basis, beacon_source, drawing.pools_sha256, made_at, made_by, commitment,
               frozen_at, drawn_at, published_at
          from drawing
          left join drawing_commitment on drawing_commitment.drawing_id = drawing.id
          left join drawing_result on drawing_result.drawing_id = drawing.id
          left join drawing_publication on drawing_publication.drawing_id = drawing.id
"""


class Committed(NamedTuple):
    pools: Pools
    seed: bytes
    commitment: bytes


async def add_drawing(db: Connection, drawing: Drawing, pools: bytes, reasons: list[dict[str, str]]) -> None:
    await db.execute(
        """
        insert into drawing (id, unit_id, title, basis, beacon_source, pools, pools_sha256, reasons, made_at, made_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        drawing.id,
        drawing.unit_id,
        drawing.title,
        drawing.basis,
        drawing.beacon_source,
        pools,
        drawing.pools_sha256,
        reasons,
        drawing.made_at,
        drawing.made_by,
    )


async def add_commitment(
    db: Connection, drawing: Drawing, seed: bytes, commitment: bytes, at: datetime, by: UUID
) -> None:
    """Raises DrawingOutOfStep: it is frozen already."""
    try:
        await db.execute(
            """
            insert into drawing_commitment (drawing_id, pools_sha256, commitment, seed, frozen_at, frozen_by)
            values ($1, $2, $3, $4, $5, $6)
            """,
            drawing.id,
            drawing.pools_sha256,
            commitment,
            seed,
            at,
            by,
        )
    except UniqueViolationError as error:
        raise DrawingOutOfStep(step=drawing.step) from error


async def committed(db: Connection, drawing_id: UUID) -> Committed | None:
    """With the seed: for drawing, and for nothing else."""
    row = await db.fetchrow(
        """
        select pools, seed, commitment
          from drawing
          join drawing_commitment on drawing_commitment.drawing_id = drawing.id
         where drawing.id = $1
        """,
        drawing_id,
    )
    return None if row is None else Committed(msgspec.json.decode(row[0], type=Pools), row[1], row[2])


async def add_result(
    db: Connection, drawing: Drawing, result: bytes, digest: bytes, seed: bytes, at: datetime, by: UUID
) -> None:
    """Raises DrawingOutOfStep: somebody has drawn."""
    try:
        await db.execute(
            """
            insert into drawing_result (drawing_id, seed, result, result_sha256, drawn_at, drawn_by)
            values ($1, $2, $3, $4, $5, $6)
            """,
            drawing.id,
            seed,
            result,
            digest,
            at,
            by,
        )
    except UniqueViolationError as error:
        raise DrawingOutOfStep(step=drawing.step) from error


async def add_publication(db: Connection, drawing: Drawing, at: datetime, by: UUID) -> None:
    """Raises DrawingOutOfStep: nothing is drawn, or it is published already."""
    try:
        await db.execute(
            "insert into drawing_publication (drawing_id, published_at, published_by) values ($1, $2, $3)",
            drawing.id,
            at,
            by,
        )
    except (ForeignKeyViolationError, UniqueViolationError) as error:
        raise DrawingOutOfStep(step=drawing.step) from error


async def drawings(db: Connection, units: Collection[UUID], most: int = 200) -> list[Drawing]:
    """Newest first."""
    rows = await db.fetch(
        f"""
        {_DRAWING}
         where unit_id = any ($1)
         order by made_at desc, drawing.id
         limit $2
        """,
        list(units),
        most,
    )
    return [_drawing(row) for row in rows]


async def drawing_by_id(db: Connection, drawing_id: UUID) -> Drawing | None:
    row = await db.fetchrow(f"{_DRAWING} where drawing.id = $1", drawing_id)
    return None if row is None else _drawing(row)


async def published(db: Connection, most: int = 200) -> list[Drawing]:
    """Those that are frozen, drawn or published: a commitment is public from its first moment on. Newest first."""
    rows = await db.fetch(
        f"""
        {_DRAWING}
         where frozen_at is not null
         order by frozen_at desc, drawing.id
         limit $1
        """,
        most,
    )
    return [_drawing(row) for row in rows]


async def pools_of(db: Connection, drawing_id: UUID) -> bytes:
    pools: bytes = await db.fetchval("select pools from drawing where id = $1", drawing_id)
    return pools


async def reasons_of(db: Connection, drawing_id: UUID) -> list[dict[str, str]]:
    """Of the conflicts, in the order of the pools."""
    reasons: list[dict[str, str]] = await db.fetchval("select reasons from drawing where id = $1", drawing_id)
    return reasons


async def result_of(db: Connection, drawing_id: UUID) -> Result | None:
    body = await db.fetchval("select result from drawing_result where drawing_id = $1", drawing_id)
    return None if body is None else msgspec.json.decode(body, type=Result)


async def tasks_made(db: Connection, drawing_id: UUID) -> dict[str, tuple[UUID, State]]:
    """The task that follows from each enterprise that has one, and where it stands."""
    rows = await db.fetch(
        """
        select made.uscc, made.inspection_id, state
          from inspection_of_drawing as made
          join inspection_current on inspection_current.inspection_id = made.inspection_id
         where drawing_id = $1
        """,
        drawing_id,
    )
    return {uscc: (inspection_id, State(state)) for uscc, inspection_id, state in rows}


async def keep_tasks(db: Connection, drawing_id: UUID, made: Mapping[UUID, str]) -> None:
    """Which inspection was made for which enterprise's number."""
    await db.execute(
        """
        insert into inspection_of_drawing (inspection_id, drawing_id, uscc)
        select inspection_id, $1, uscc from unnest($2::uuid[], $3::text[]) as made (inspection_id, uscc)
        """,
        drawing_id,
        list(made),
        list(made.values()),
    )


def _drawing(row: Record) -> Drawing:
    return Drawing(**dict(row))
