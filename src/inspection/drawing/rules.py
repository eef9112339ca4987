"""How it is drawn: by keys that anybody can reckon again. docs/double-random.md tells it to strangers.

Key of a candidate: HMAC-SHA256 with the seed as key over `pools digest LF beacon LF what`, in hexadecimal. The
smallest keys are drawn. No generator of random numbers of any language is in it.
"""

import hmac
from collections.abc import Collection
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from inspection.drawing.model import Candidate, Pools, Team, canonical

SMALLEST_TEAM = 2
"""行政处罚法 Art. 42: at least two officers."""


class Drawn(NamedTuple):
    """`left_out`: enterprises that too few officers may inspect. `short`: strata with too few others."""

    teams: tuple[Team, ...]
    left_out: tuple[str, ...]
    short: tuple[str, ...]


class Lots:
    """Keys under one seed, one beacon and one digest of the pools."""

    def __init__(self, seed: bytes, pools_sha256: bytes, beacon: str) -> None:
        self._seed, self._before = seed, f"{pools_sha256.hex()}\n{beacon}\n"

    def key(self, what: str) -> str:
        return hmac.new(self._seed, (self._before + what).encode(), sha256).hexdigest()

    def of_enterprise(self, candidate: Candidate) -> str:
        """The smallest of as many tickets as its weight: the chance of being first is in proportion to it."""
        return min(self.key(f"enterprise {candidate.uscc} {ticket}") for ticket in range(1, candidate.weight + 1))

    def of_officer(self, officer: UUID, uscc: str) -> str:
        return self.key(f"officer {uscc} {officer}")


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
        for one in sorted(candidates, key=lots.of_enterprise)[:number]:
            ranked = sorted(free(one.uscc), key=lambda officer, uscc=one.uscc: lots.of_officer(officer, uscc))  # type: ignore[misc]
            teams.append(Team(uscc=one.uscc, name=one.name, officers=tuple(ranked[: pools.team_size])))
    return Drawn(tuple(teams), left_out, tuple(short))
