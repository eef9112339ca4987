"""The supervisor at a desk, who reads what happened to a piece of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from plumbline.walkthrough.api import Api

LOOKING = frozenset({"evidence:record:viewed", "evidence:content:read"})
SAME_BYTES = "evidence:bytes:same-as-another"


class Custody(NamedTuple):
    """What happened, oldest first: event and its words, without looks."""

    events: tuple[str, ...]
    words: tuple[str, ...]
    tells_of_same_bytes: bool


class Supervisor:
    """Signed in at the desk. Looking becomes a custody entry itself."""

    def __init__(self, api: Api, sign_in_name: str, passwords: dict[str, str]) -> None:
        self._api = api
        api.sign_in("/desk/v1/sign-in", sign_in_name, passwords)

    def sign_out(self) -> None:
        self._api.call("DELETE", "/desk/v1/sign-in")

    def custody_of(self, evidence_id: str) -> Custody:
        """Raises Refused."""
        entries = self._api.call("GET", f"/desk/v1/evidence/{evidence_id}").json()["custody"]
        told = [entry for entry in entries if entry["event"] not in LOOKING | {SAME_BYTES}]
        return Custody(
            tuple(entry["event"] for entry in told),
            tuple(entry["words"] for entry in told),
            any(entry["event"] == SAME_BYTES for entry in entries),
        )
