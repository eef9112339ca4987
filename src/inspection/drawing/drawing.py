"""A drawing from its pools to its publication: made, frozen, drawn, published, each once and by name."""

from collections.abc import Collection, Sequence
from hashlib import sha256
from uuid import UUID, uuid4

import anyio.to_thread
import msgspec

from agency.identifiers import credit_code
from agency.model import Actor
from agency.queries import credentials_of, people_by_id
from agency.rules import credential_standing
from evidence.custody import Event, tell
from foundation.clock import Clock
from foundation.database import Database
from foundation.lots import canonical, new_seed
from foundation.problem import Spoken
from inspection.drawing import queries
from inspection.drawing.model import Candidate, Conflict, Drawing, Excluded, Pools, Result, Step
from inspection.drawing.problems import DrawingBeacon, DrawingInfeasible, DrawingOutOfStep, DrawingPoolRefused
from inspection.drawing.rules import SMALLEST_TEAM, draw
from inspection.model import Enterprise


class NewPools(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants drawn; `reasons`: why each conflict is one."""

    title: str
    basis: str
    numbers: dict[str, int]
    team_size: int
    beacon_source: str | None
    enterprises: Sequence[Candidate]
    officers: Sequence[UUID]
    conflicts: Sequence[Conflict]
    reasons: Sequence[str]


async def make(
    database: Database, clock: Clock, actor: Actor, unit_id: UUID, new: NewPools, reached: Collection[UUID]
) -> Drawing:
    """`reached`: units whose officers may be in the pool. Raises DrawingPoolRefused."""
    pools = _pools(uuid4(), new)
    body, now = canonical(pools), clock.now()
    drawing = Drawing(
        id=pools.drawing,
        unit_id=unit_id,
        title=new.title,
        basis=new.basis,
        beacon_source=new.beacon_source,
        pools_sha256=sha256(body).digest(),
        made_at=now,
        made_by=actor.person_id,
    )
    reasons = [
        {"officer": str(conflict.officer), "uscc": conflict.uscc, "reason": reason}
        for conflict, reason in zip(new.conflicts, new.reasons, strict=True)
    ]
    async with database.transaction() as db:
        people = await people_by_id(db, new.officers)
        if any(officer not in people or people[officer].unit_id not in reached for officer in new.officers):
            raise _refused("officers", "officer-unknown")
        await queries.add_drawing(db, drawing, body, reasons)
    return drawing


async def freeze(database: Database, clock: Clock, actor: Actor, drawing: Drawing) -> bytes:
    """Commits to a seed that nobody knows, and tells its SHA-256. Raises DrawingOutOfStep."""
    seed, now = new_seed(), clock.now()
    commitment = sha256(seed).digest()
    async with database.transaction() as db:
        await queries.add_commitment(db, drawing, seed, commitment, now, actor.person_id)
        told = {
            "drawing_id": drawing.id,
            "commitment": commitment.hex(),
            "pools_sha256": drawing.pools_sha256.hex(),
        }
        await tell(db, Event.DRAWING_FROZEN, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return commitment


async def draw_lots(database: Database, clock: Clock, actor: Actor, drawing: Drawing, beacon: str | None) -> Result:
    """Draws, once and for all, with the credentials as they are on this day.

    Raises DrawingOutOfStep, DrawingBeacon, DrawingInfeasible; nothing is drawn then.
    """
    if (beacon is None) is not (drawing.beacon_source is None):
        raise DrawingBeacon(field="beacon")
    now = clock.now()
    async with database.connection() as db:
        committed = await queries.committed(db, drawing.id)
        if committed is None or drawing.step is not Step.FROZEN:
            raise DrawingOutOfStep(step=drawing.step)
        pools = committed.pools
        people = await people_by_id(db, pools.officers)
        held = await credentials_of(db, pools.officers)
    standings = {
        officer: credential_standing(held.get(officer, ()), people[officer].kind, now, now)
        for officer in pools.officers
    }
    excluded = tuple(
        Excluded(officer=officer, reason=standing.reasons[0])
        for officer, standing in standings.items()
        if standing.reasons
    )
    barred = {one.officer for one in excluded}
    drawn = await anyio.to_thread.run_sync(draw, pools, committed.seed, beacon or "", barred)
    if drawn.short:
        raise DrawingInfeasible(members={"strata": list(drawn.short), "left_out": list(drawn.left_out)})
    result = Result(
        drawing=drawing.id,
        pools_sha256=drawing.pools_sha256.hex(),
        commitment=committed.commitment.hex(),
        seed=committed.seed.hex(),
        beacon=beacon or "",
        excluded=excluded,
        left_out=drawn.left_out,
        teams=drawn.teams,
    )
    body = canonical(result)
    digest = sha256(body).digest()
    async with database.transaction() as db:
        await queries.add_result(db, drawing, body, digest, committed.seed, now, actor.person_id)
        told = {"drawing_id": drawing.id, "result_sha256": digest.hex()}
        await tell(db, Event.DRAWING_DRAWN, now, evidence_id=None, actor_id=actor.person_id, details=told)
    return result


async def publish(database: Database, clock: Clock, actor: Actor, drawing: Drawing) -> None:
    """Raises DrawingOutOfStep."""
    async with database.transaction() as db:
        await queries.add_publication(db, drawing, clock.now(), actor.person_id)


def tasks_of(pools: Pools, result: Result) -> list[tuple[Enterprise, tuple[UUID, ...]]]:
    """The inspections that follow from a drawing: which enterprise, and which officers go there."""
    about = {one.uscc: one for one in pools.enterprises}
    return [
        (Enterprise(uscc=team.uscc, name=team.name, address=about[team.uscc].address), team.officers)
        for team in result.teams
    ]


def _pools(drawing_id: UUID, new: NewPools) -> Pools:
    """In order, and without contradiction. Raises DrawingPoolRefused."""
    codes = [credit_code(one.uscc) for one in new.enterprises]
    if None in codes:
        number = codes.index(None)
        raise _refused("enterprises", "uscc", uscc=new.enterprises[number].uscc)
    if len(set(codes)) < len(codes):
        raise _refused("enterprises", "twice")
    if len(set(new.officers)) < max(len(new.officers), new.team_size, SMALLEST_TEAM):
        raise _refused("officers", "officers")
    officers, known = set(new.officers), set(codes)
    if any(one.officer not in officers or one.uscc not in known for one in new.conflicts):
        raise _refused("conflicts", "conflict-unknown")
    for stratum, number in new.numbers.items():
        if number > sum(one.stratum == stratum for one in new.enterprises):
            raise _refused("numbers", "too-many", number=number, stratum=stratum or "—")
    return Pools(
        drawing=drawing_id,
        title=new.title,
        numbers=new.numbers,
        team_size=new.team_size,
        beacon_source=new.beacon_source,
        enterprises=tuple(
            sorted(
                (
                    msgspec.structs.replace(one, uscc=code)
                    for one, code in zip(new.enterprises, codes, strict=True)
                    if code
                ),
                key=lambda one: one.uscc,
            )
        ),
        officers=tuple(sorted(new.officers)),
        conflicts=tuple(sorted(set(new.conflicts))),
    )


def _refused(field: str, key: str, **values: object) -> DrawingPoolRefused:
    return DrawingPoolRefused(field=field, what=Spoken(f"drawing.refused.{key}", **values))
