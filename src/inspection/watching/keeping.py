"""Somebody begins to watch, and ends it."""

from uuid import UUID, uuid4

from agency.model import Actor
from agency.queries import reach
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from inspection.watching import queries
from inspection.watching.model import WHO_WATCHES, Kind, Search, Watch
from inspection.watching.problems import NothingToWatch, TooManyWatches, WatchNotFound
from inspection.watching.subjects import may_know_clue, subjects

MOST = 500
"""Watches of one person."""


async def begin(
    database: Database, clock: Clock, actor: Actor, kind: Kind, subject_id: UUID | None, search: Search
) -> Watch:
    """Begun again, the first stands. Raises NothingToWatch, TooManyWatches."""
    async with database.transaction() as db:
        label = await _label(db, clock, actor, kind, subject_id, search)
        mine = await queries.watches_of(db, actor.person_id)
        watch = Watch(
            id=uuid4(),
            person_id=actor.person_id,
            kind=kind,
            subject_id=subject_id,
            search=search,
            label=label,
            begun_at=clock.now(),
        )
        for one in mine:
            if (one.kind, one.subject_id, one.search) == (kind, subject_id, search):
                return one
        if len(mine) >= MOST:
            raise TooManyWatches(most=MOST)
        await queries.add(db, watch)
    return watch


async def end(database: Database, clock: Clock, actor: Actor, watch_id: UUID) -> None:
    """Raises WatchNotFound."""
    async with database.transaction() as db:
        if watch_id not in {one.id for one in await queries.watches_of(db, actor.person_id)}:
            raise WatchNotFound
        await queries.end(db, [watch_id], "ASKED", clock.now())


async def _label(
    db: Connection, clock: Clock, actor: Actor, kind: Kind, subject_id: UUID | None, search: Search
) -> str:
    """Raises NothingToWatch."""
    units = await reach(db, actor, WHO_WATCHES[kind], day_of(clock.now()))
    if kind is Kind.SEARCH:
        if subject_id is not None or not search.asks or not units:
            raise NothingToWatch
        if search.unit_id is not None and search.unit_id not in units:
            raise NothingToWatch
        named = await _named(db, clock, search)
        return " · ".join(named)
    if subject_id is None or search.asks:
        raise NothingToWatch
    subject = (await subjects(db, clock, kind, [subject_id])).get(subject_id)
    if subject is None or units.isdisjoint(subject.units):
        raise NothingToWatch
    if kind is Kind.CLUE and not await may_know_clue(db, clock, actor.person_id, subject_id):
        raise NothingToWatch
    return subject.label


async def _named(db: Connection, clock: Clock, search: Search) -> list[str]:
    """Raises NothingToWatch for a unit or a person that is not there."""
    named = []
    for kind, subject_id in ((Kind.UNIT, search.unit_id), (Kind.OFFICER, search.officer_id)):
        if subject_id is not None:
            subject = (await subjects(db, clock, kind, [subject_id])).get(subject_id)
            if subject is None:
                raise NothingToWatch
            named.append(subject.label)
    return [*named, *(one for one in (search.device_tag, search.state) if one)]
