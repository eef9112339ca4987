"""Who may know of a clue, and which steps are theirs."""

from collections.abc import Iterable
from uuid import UUID

from msgspec import Struct

from agency.model import Actor, Role
from agency.queries import heads_of, person, reach, reach_by_role
from evidence.clues import queries, rules
from evidence.clues.model import Concerned, Kept, Step
from evidence.clues.problems import ClueNotFound
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection

DECIDERS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER)
"""Register, accept, assign, transfer, put off, close."""
HANDLERS = (*DECIDERS, Role.ENTITY_HEAD)
"""A clue may be assigned to them: look into it, say what came of it, reply."""
DECIDED = frozenset(
    {Step.ACCEPTED, Step.NOT_ACCEPTED, Step.ASSIGNED, Step.TRANSFERRED, Step.EXTENDED, Step.CLOSED, Step.REPLIED}
)


class Access(Struct, frozen=True):
    """`own`: units whose clues the person decides on. `assigned`: units that a clue may be assigned to for them."""

    person_id: UUID
    own: frozenset[UUID]
    assigned: frozenset[UUID]
    heads: frozenset[UUID]
    """Of the unit of the person."""
    headed: frozenset[UUID]

    def knows(self, kept: Kept, about: Concerned) -> bool:
        assigned = rules.assignment(kept.steps)
        within = kept.clue.unit_id in self.own or (assigned is not None and assigned.unit_id in self.assigned)
        return within and self.conflict(about) is None

    def conflict(self, about: Concerned) -> rules.Conflict | None:
        return rules.conflict(self.person_id, self.heads, self.headed, about)

    def may(self, kept: Kept, step: Step) -> bool:
        """Whether the step is this person's to take; whether it is its turn is another question."""
        assigned = rules.assignment(kept.steps)
        decides = step in DECIDED and kept.clue.unit_id in self.own
        works = (
            (step in rules.WORK or step is Step.REPLIED)
            and assigned is not None
            and assigned.unit_id in self.assigned
            and assigned.person_id in (None, self.person_id)
        )
        return decides or works

    def possible(self, kept: Kept) -> list[Step]:
        """What this person may do next, in the order of the steps."""
        following = rules.next_steps(kept.clue.channel, kept.steps)
        handled = rules.has_handled(self.person_id, kept.steps)
        return [
            step
            for step in Step
            if step in following and self.may(kept, step) and not (step is Step.CLOSED and handled)
        ]


async def access_of(db: Connection, actor: Actor, clock: Clock) -> Access:
    now = clock.now()
    today = day_of(now)
    return Access(
        actor.person_id,
        await reach(db, actor, DECIDERS, today),
        await reach(db, actor, HANDLERS, today),
        await heads_of(db, actor.unit_id, now),
        await reach(db, actor, (Role.ENTITY_HEAD,), today),
    )


async def access_of_person(db: Connection, person_id: UUID, clock: Clock) -> Access:
    """The same of somebody who is not signed in. Raises NotFound."""
    now = clock.now()
    somebody = await person(db, person_id)
    by_role = await reach_by_role(db, person_id, now)

    def units(roles: Iterable[Role]) -> frozenset[UUID]:
        return frozenset(unit_id for role, unit_id in by_role if role in roles)

    heads = await heads_of(db, somebody.unit_id, now)
    return Access(person_id, units(DECIDERS), units(HANDLERS), heads, units((Role.ENTITY_HEAD,)))


async def known(db: Connection, access: Access, clue_id: UUID) -> tuple[Kept, Concerned]:
    """Raises ClueNotFound, also for whom it is about."""
    kept = await queries.clue_by_id(db, clue_id)
    if kept is None:
        raise ClueNotFound
    about = (await queries.concerned(db, [clue_id]))[clue_id]
    if not access.knows(kept, about):
        raise ClueNotFound
    return kept, about


async def known_of(db: Connection, access: Access, clues: list[Kept]) -> list[Kept]:
    """Without those that are about the person or that they may not know of."""
    about = await queries.concerned(db, [kept.clue.id for kept in clues])
    return [kept for kept in clues if access.knows(kept, about[kept.clue.id])]
