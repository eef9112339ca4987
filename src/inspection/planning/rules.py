"""What planning decides without looking anything up."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from msgspec import Struct

from agency.model import Credential, CredentialReason, Person, PersonKind
from agency.rules import credential_standing
from foundation.civil import beginning_of
from inspection.model import Source, State
from inspection.planning.model import Row, Visit
from inspection.rules.guard import FEWEST_OFFICERS

MERGE_WINDOW = timedelta(days=30)
"""Two visits whose due days lie no further apart are proposed to be one. Ours: the sources say only "merge"."""

COUNTS = {
    Source.PLAN: True,
    Source.DOUBLE_RANDOM: True,
    Source.SPECIAL_CAMPAIGN: False,
    Source.COMPLAINT: False,
    Source.TRANSFER: False,
    Source.URGENT: False,
}
"""Whether a visit counts toward the yearly cap where nothing else is told: 国办发〔2024〕54号; the questions
answered on it leave out what a clue led to and campaigns from above."""

SINGLE_TASKS = (Source.COMPLAINT, Source.TRANSFER, Source.SPECIAL_CAMPAIGN, Source.PLAN)
"""What a single task may come from: a drawing makes its own, and what is urgent begins on the spot."""


class Team(Struct, frozen=True):
    """Who counts as one of the officers on that day, and why others who are officers do not."""

    counted: tuple[UUID, ...]
    barred: Mapping[UUID, CredentialReason]

    @property
    def may_go(self) -> bool:
        return len(self.counted) >= FEWEST_OFFICERS and not self.barred


def team(people: Iterable[Person], held: Mapping[UUID, Sequence[Credential]], day: date) -> Team:
    """Auxiliaries may come along; anybody else who may not inspect that day bars the visit."""
    noon = beginning_of(day) + timedelta(hours=12)
    counted, barred = [], {}
    for person in people:
        if person.kind is PersonKind.AUXILIARY:
            continue
        standing = credential_standing(held.get(person.id, ()), person.kind, noon, noon)
        if standing.reasons:
            barred[person.id] = standing.reasons[0]
        else:
            counted.append(person.id)
    return Team(tuple(counted), barred)


def counted(visits: Iterable[Visit]) -> int:
    """How many count toward the cap; what is one visit of several units counts once."""
    return len({visit.joint_id or visit.inspection_id for visit in visits if visit.counts})


def mergeable(one: Row, other: Row) -> bool:
    """Two units, one enterprise, nothing begun, due days close to each other."""
    return (
        one.unit_id != other.unit_id
        and one.enterprise.uscc == other.enterprise.uscc != ""
        and one.state is other.state is State.PLANNED
        and (one.joint_id is None or one.joint_id != other.joint_id)
        and (one.due_on is None or other.due_on is None or abs(one.due_on - other.due_on) <= MERGE_WINDOW)
    )
