"""Enterprises, pools and drawings with sensible defaults."""

from typing import Any
from uuid import UUID

from agency.identifiers import CREDIT_CODE_ALPHABET
from inspection.drawing.model import Candidate, Conflict, Pools

DRAWING = UUID(int=1)


def a_credit_code(number: int) -> str:
    """A code whose last character checks the others (GB 32100-2015)."""
    body = f"91420100{number:09d}"
    total = sum(CREDIT_CODE_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return body + CREDIT_CODE_ALPHABET[(31 - total % 31) % 31]


def an_officer_id(number: int) -> UUID:
    return UUID(int=1000 + number)


def pools_of(
    enterprises: int, officers: int, number: int, *, conflicts: tuple[tuple[int, int], ...] = (), **changes: Any
) -> Pools:
    """`conflicts`: pairs of the numbers of an officer and an enterprise."""
    told: dict[str, Any] = {
        "drawing": DRAWING,
        "title": "抽查",
        "numbers": {"": number},
        "team_size": 2,
        "beacon_source": None,
        "enterprises": tuple(Candidate(uscc=a_credit_code(one), name=f"企业{one}") for one in range(enterprises)),
        "officers": tuple(an_officer_id(one) for one in range(officers)),
        "conflicts": tuple(Conflict(an_officer_id(one), a_credit_code(other)) for one, other in conflicts),
    }
    return Pools(**(told | changes))
