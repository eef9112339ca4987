"""How a piece of evidence travels: as usual, or with something going wrong on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from joserfc.jwk import ECKey

from foundation.problem import Spoken
from plumbline.walkthrough.api import Refused
from plumbline.walkthrough.phone import Captured, Phone, Progress, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from plumbline.walkthrough.pictures import Picture

RECEIVED = ("evidence:commitment:received", "evidence:upload:begun", "evidence:bytes:received")


class Receipt(NamedTuple):
    """A receipt, and what it must say."""

    jws: str
    says: dict[str, str | int]


class Seen(NamedTuple):
    """What the phone saw of one capture. `faults` are what went otherwise than it must on any server."""

    captured: Captured
    verdict: Verdict | None
    """None: nothing was taken in."""
    receipts: tuple[Receipt, ...]
    refusals: tuple[Refused, ...] = ()
    note: Spoken | None = None
    faults: tuple[str, ...] = ()


class Shot(NamedTuple):
    """A phone about to capture a picture's bytes, with a device or alone."""

    phone: Phone
    picture: Picture
    body: bytes
    device_tag: str | None

    def capture(self, key: ECKey | None = None) -> Captured:
        picture = self.picture
        return self.phone.capture(
            self.body, picture.media_type, device_tag=self.device_tag, file_name=picture.name, key=key
        )


def as_usual(shot: Shot) -> Seen:
    captured = shot.capture()
    committed = shot.phone.commit(captured)
    return _handed_in(shot, captured, committed, shot.phone.upload(captured, shot.body))


def cut(shot: Shot) -> Seen:
    """The connection breaks in the middle of a request; the phone asks how far it came and goes on from there."""
    captured, phone, size = shot.capture(), shot.phone, len(shot.body)
    committed = phone.commit(captured)
    phone.begin(captured)
    whole_part = phone.send(captured, 0, shot.body[: size // 3]).offset
    phone.send_and_break_off(captured, whole_part, shot.body[whole_part:])
    at = phone.ask_offset(captured).offset
    seen = _handed_in(shot, captured, committed, phone.upload(captured, shot.body, at))
    fault = [] if whole_part <= at < size else [f"resumed at byte {at}, not between {whole_part} and {size}"]
    note = Spoken("walkthrough.note.resumed", at=f"{at:,}", size=f"{size:,}")
    return seen._replace(note=note, faults=(*seen.faults, *fault))


def tampered(shot: Shot) -> Seen:
    """One byte is changed after the commitment; then the original is sent."""
    captured, phone = shot.capture(), shot.phone
    committed = phone.commit(captured)
    refusals = _refusals(lambda: phone.upload(captured, _changed(shot.body)))
    seen = _handed_in(shot, captured, committed, phone.upload(captured, shot.body))
    return seen._replace(refusals=refusals, note=Spoken("walkthrough.note.original"))


def retried(shot: Shot) -> Seen:
    """No answer ever reaches the phone, so it does everything twice."""
    captured, phone = shot.capture(), shot.phone
    committed = phone.commit(captured)
    again = phone.commit(captured)
    first = phone.upload(captured, shot.body)
    seen = _handed_in(shot, captured, committed, first)
    late, second, handed_in = phone.commit(captured), phone.begin(captured), phone.hand_in(captured)
    faults = _unless_same("receipt 1", committed, again, late)
    faults += _unless_same("receipt 2", first.receipt, second.receipt, handed_in.receipt)
    return seen._replace(note=Spoken("walkthrough.note.once"), faults=(*seen.faults, *faults))


def too_early(shot: Shot) -> Seen:
    """Handed in before the bytes have come."""
    captured, phone = shot.capture(), shot.phone
    committed = phone.commit(captured)
    refusals = _refusals(lambda: phone.hand_in(captured))
    seen = _handed_in(shot, captured, committed, phone.upload(captured, shot.body))
    return seen._replace(refusals=refusals)


def forged(shot: Shot) -> Seen:
    """Signed by a key that is not the phone's."""
    captured = shot.capture(ECKey.generate_key("P-256"))
    refusals = _refusals(lambda: shot.phone.commit(captured))
    faults = ("the evidence is known all the same",) if shot.phone.knows(captured) else ()
    return Seen(captured, None, (), refusals, faults=faults)


def range_changed(shot: Shot) -> Seen:
    """The first half is sent again with another byte in it; then the upload goes on where it stood."""
    captured, phone, half = shot.capture(), shot.phone, shot.body[: len(shot.body) // 2]
    committed = phone.commit(captured)
    phone.begin(captured)
    offset = phone.send(captured, 0, half).offset
    refusals = _refusals(lambda: phone.send(captured, 0, _changed(half)))
    seen = _handed_in(shot, captured, committed, phone.upload(captured, shot.body, offset))
    return seen._replace(refusals=refusals, note=Spoken("walkthrough.note.stands"))


def twins(shot: Shot) -> Seen:
    """The same bytes under two evidence ids."""
    one, other = as_usual(shot), as_usual(shot)
    return other._replace(
        receipts=one.receipts + other.receipts,
        note=Spoken("walkthrough.note.twins"),
        faults=one.faults + other.faults,
    )


class Incident(NamedTuple):
    """Something that may happen to evidence on its way, and what must come of it."""

    name: str
    play: Callable[[Shot], Seen]
    refusals: tuple[str, ...] = ()
    """Types of the problems it meets."""
    noticed: tuple[str, ...] = ()
    """Custody events between the beginning of the upload and the reception."""
    taken: bool = True
    same_bytes: bool = False
    """Custody must tell that the bytes are here already. It may always: the shift is played again and again."""

    def custody(self, outcome: str) -> tuple[str, ...]:
        """All custody events of such evidence, in order."""
        *before, received = RECEIVED
        return (*before, *self.noticed, received, f"evidence:verdict:{outcome.lower()}")


USUAL = Incident("usual", as_usual)
INCIDENTS = (
    Incident("cut", cut),
    Incident(
        "tampered", tampered, ("digest-mismatch",),
        ("evidence:upload:digest-mismatched", "evidence:upload:begun"),
    ),
    Incident("retried", retried),
    Incident("too-early", too_early, ("not-yet-received",)),
    Incident("forged", forged, ("commitment-not-signed",), taken=False),
    Incident("range-changed", range_changed, ("range-differs",), ("evidence:upload:range-differed",)),
    Incident("twins", twins, same_bytes=True),
)  # fmt: skip


def _handed_in(shot: Shot, captured: Captured, committed: str, uploaded: Progress) -> Seen:
    verdict = shot.phone.hand_in(captured)
    faults = _unless_same("receipt 2", uploaded.receipt, verdict.receipt)
    says: dict[str, str | int] = {
        "evidence_id": captured.evidence_id,
        "sha256": captured.sha256,
        "size": captured.size,
    }
    receipts = (
        Receipt(committed, {"receipt": "COMMITTED", **says}),
        Receipt(verdict.receipt, {"receipt": "SAFE_TO_WIPE", **says, "outcome": verdict.outcome}),
    )
    return Seen(captured, verdict, receipts, faults=tuple(faults))


def _refusals(attempt: Callable[[], object]) -> tuple[Refused, ...]:
    try:
        attempt()
    except Refused as refused:
        return (refused,)
    return ()


def _unless_same(what: str, *said: str | None) -> list[str]:
    return [f"{what} differs between answers"] if _distinct(said) > 1 else []


def _distinct(said: Iterable[str | None]) -> int:
    return len(set(said))


def _changed(body: bytes) -> bytes:
    """One bit in the middle."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
