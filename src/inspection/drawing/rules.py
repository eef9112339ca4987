"""How it is drawn: by keys that anybody can reckon again. docs/double-random.md tells it to strangers.

Its keys are those of `foundation/lots.py` over the digest of the pools.
"""

from collections.abc import Collection
from functools import partial
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from foundation.lots import Lots, canonical
from inspection.drawing.model import Candidate, Pools, Team

SMALLEST_TEAM = 2
"""行政处罚法 Art. 42: at least two officers."""


class Drawn(NamedTuple):
    """`left_out`: enterprises that too few officers may inspect. `short`: strata with too few others."""

    teams: tuple[Team, ...]
    left_out: tuple[str, ...]
    short: tuple[str, ...]


def of_enterprise(lots: Lots, candidate: Candidate) -> str:
    """The smallest of as many tickets as its weight: the chance of being first is in proportion to it."""
    return min(lots.key(f"enterprise {candidate.uscc} {ticket}") for ticket in range(1, candidate.weight + 1))


def of_officer(lots: Lots, officer: UUID, uscc: str) -> str:
    return lots.key(f"officer {uscc} {officer}")


def draw(pools: Pools, seed: bytes, beacon: str, excluded: Collection[UUID]) -> Drawn:
    """The order of the pools decides nothing. `excluded`: officers who may not be drawn that day."""
    lots = Lots(seed, sha256(canonical(pools)).digest(), beacon)
    able = sorted(set(pools.officers) - set(excluded))
    barred: dict[str, set[UUID]] = {}
    for conflict in pools.conflicts:
        barred.setdefault(conflict.uscc, set()).add(conflict.officer)

    def free(uscc: str) -> list[UUID]:
        return [officer for officer in able if officer not in barred.get(uscc, ())]

    left_out = tuple(sorted(one.uscc for one in pools.enterprises if len(free(one.uscc)) < pools.team_size))
    out = set(left_out)
    teams, short = list[Team](), list[str]()
    for stratum, number in sorted(pools.numbers.items()):
        candidates = [one for one in pools.enterprises if one.stratum == stratum and one.uscc not in out]
        if len(candidates) < number:
            short.append(stratum)
        for one in sorted(candidates, key=partial(of_enterprise, lots))[:number]:
            ranked = sorted(free(one.uscc), key=lambda officer, uscc=one.uscc: of_officer(lots, officer, uscc))  # type: ignore[misc]
            teams.append(Team(uscc=one.uscc, name=one.name, officers=tuple(ranked[: pools.team_size])))
    return Drawn(tuple(teams), left_out, tuple(short))
