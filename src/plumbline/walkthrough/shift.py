"""The shift: who captures what with which device, what must come of it, and what came."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, NamedTuple

from foundation.words import Language, say
from plumbline.demonstration import DEVICES
from plumbline.walkthrough.api import Refused
from plumbline.walkthrough.incidents import INCIDENTS, USUAL, Incident, Seen, Shot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from plumbline.walkthrough.phone import Phone
    from plumbline.walkthrough.pictures import Picture
    from plumbline.walkthrough.receipts import ReceiptKeys
    from plumbline.walkthrough.supervisor import Custody, Supervisor

OFFICER, OFFICER_EXPIRED, AUXILIARY, SUPERVISOR = "officer-a", "officer-expired", "auxiliary", "supervisor"
"""Sign-in names in the demonstration city."""
REFUSED = "REFUSED"
"""Where a state of evidence would stand: the server took nothing in."""


class Situation(NamedTuple):
    """Who captures with what, and every reason why that may not count; none: it counts."""

    officer: str
    device_tag: str | None
    words: dict[Language, str]
    reasons: frozenset[str]


def _situation(officer: str, device_tag: str | None, key: str, *reasons: str) -> Situation:
    words: dict[Language, str] = {
        "zh-CN": say("zh-CN", f"walkthrough.situation.{key}"),
        "en": say("en", f"walkthrough.situation.{key}"),
    }
    return Situation(officer, device_tag, words, frozenset(reasons))


SITUATIONS = (
    *(
        Situation(OFFICER, device.tag, {"zh-CN": device.shows_zh, "en": device.shows_en}, frozenset(device.reasons))
        for device in DEVICES
    ),
    _situation(OFFICER, "SLM-404", "unknown-device", "DEVICE_UNKNOWN"),
    _situation(OFFICER, None, "phone-alone"),
    _situation(OFFICER_EXPIRED, None, "credential-expired", "CREDENTIAL_EXPIRED"),
    _situation(AUXILIARY, DEVICES[0].tag, "auxiliary", "NOT_AN_OFFICER"),
)


class Act(NamedTuple):
    """One picture in one situation, travelling in one way. The supervisor reads all incidents and one held piece."""

    picture: Picture
    situation: Situation
    incident: Incident
    read_by_supervisor: bool

    @property
    def reasons(self) -> frozenset[str]:
        """All that must be found, decided here by the table above and the file's name, never by asking the server."""
        if not self.incident.taken:
            return frozenset()
        return self.situation.reasons | (frozenset() if self.picture.accepted else {"CONTENT_NOT_ACCEPTED"})

    @property
    def outcome(self) -> str:
        if not self.incident.taken:
            return REFUSED
        return "HELD" if self.reasons else "ADMITTED"


class Played(NamedTuple):
    """An act and what came of it. No `differences`: everything was as it must be."""

    act: Act
    outcome: str
    seen: Seen | None
    """None: the server broke the act off."""
    custody: Custody | None
    differences: tuple[str, ...]
    receipts_checked: int = 0


def planned(pictures: Sequence[Picture]) -> list[Act]:
    """Every picture and every situation at least once, in rotation; then what can go wrong, the largest first."""
    number = max(len(pictures), len(SITUATIONS))
    usual = list(zip(islice(cycle(pictures), number), cycle(SITUATIONS), strict=False))
    held = next(position for position, (_, situation) in enumerate(usual) if situation.reasons)
    fit = sorted((one for one in pictures if one.accepted), key=lambda one: -one.size) or sorted(pictures)
    unlucky = zip(cycle(fit), INCIDENTS, strict=False)
    return [
        *(Act(picture, situation, USUAL, at == held) for at, (picture, situation) in enumerate(usual)),
        *(Act(picture, SITUATIONS[0], incident, incident.taken) for picture, incident in unlucky),
    ]


def play(act: Act, phones: Mapping[str, Phone], supervisor: Supervisor, keys: ReceiptKeys) -> Played:
    """Plays it, and compares what came with what must come. Raises CannotPlayError."""
    shot = Shot(phones[act.situation.officer], act.picture, act.picture.read(), act.situation.device_tag)
    try:
        seen = act.incident.play(shot)
        custody = supervisor.custody_of(seen.captured.evidence_id) if act.read_by_supervisor else None
    except Refused as refused:
        return Played(act, REFUSED, None, None, (f"{refused}: {refused.detail or refused.title}",))
    outcome = seen.verdict.outcome if seen.verdict else REFUSED
    differences = [*seen.faults, *_compared(act, seen, outcome)]
    if custody is not None:
        differences += _custody_faults(act, custody, outcome)
    for receipt in seen.receipts:
        differences += keys.faults_of(receipt.jws, receipt.says)
    return Played(act, outcome, seen, custody, tuple(differences), len(seen.receipts))


def _compared(act: Act, seen: Seen, outcome: str) -> Iterator[str]:
    reasons = frozenset(reason.code for reason in seen.verdict.reasons) if seen.verdict else frozenset()
    refusals = tuple(refused.problem for refused in seen.refusals)
    for what, came, expected in (
        ("verdict", outcome, act.outcome),
        ("reasons", sorted(reasons), sorted(act.reasons)),
        ("refusals", refusals, act.incident.refusals),
    ):
        if came != expected:
            yield f"{what}: {_listed(came)}, expected {_listed(expected)}"


def _custody_faults(act: Act, custody: Custody, outcome: str) -> Iterator[str]:
    expected = act.incident.custody(outcome)
    if custody.events != expected:
        yield f"custody: {_listed(custody.events)}, expected {_listed(expected)}"
    if act.incident.same_bytes and not custody.tells_of_same_bytes:
        yield "custody: does not tell that the same bytes are here already"


def _listed(said: str | Sequence[str]) -> str:
    return said if isinstance(said, str) else ", ".join(said) or "none"
