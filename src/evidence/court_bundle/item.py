"""A piece of evidence as the page for a judge shows it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from evidence.court_bundle.model import Piece
from evidence.explanation import explain
from evidence.model import Evidence, Reason
from evidence.transparency_log.proving import Proven
from foundation.words import say


class Item(Struct, frozen=True, kw_only=True):
    """One piece of evidence, in words. Custody: instant, what happened, index in the log."""

    evidence_id: UUID
    sha256: str
    size: int
    officer: str
    device_tag: str | None
    earliest: datetime
    latest: datetime
    outcome: str
    reasons: list[str]
    read_back: tuple[datetime, str] | None
    """When the original was last read back, and what was found."""
    certificates: list[tuple[str, str, str, str]]
    custody: list[tuple[str, str, str]]


def item_of(known: Evidence, piece: Piece, judged: Sequence[Any], proven: Sequence[Proven]) -> Item:
    """`judged`: outcome, reasons, inputs and version of each verdict, oldest first."""
    outcome, reasons, inputs, _ = judged[-1] if judged else (None, [], {}, "")
    device = inputs.get("device") or {}
    entries = [one.leaf.split("\n") for one in proven]
    return Item(
        evidence_id=known.id,
        sha256=known.sha256.hex(),
        size=known.size,
        officer=piece.officer,
        device_tag=known.device_tag,
        earliest=known.earliest,
        latest=known.latest,
        outcome=say("zh-CN", f"state.{outcome}") if outcome else "",
        reasons=[explain(msgspec.convert(reason, Reason), "zh-CN") for reason in reasons],
        read_back=(piece.read_at, say("zh-CN", f"fixity.{piece.read_outcome}")) if piece.read_at else None,
        certificates=[
            (str(one["certificate_no"]), str(one["issuing_body"]), str(one["verified_on"]), str(one["valid_until"]))
            for one in device.get("certificates", ())
        ],
        custody=[
            (lines[2], say("zh-CN", f"custody.{lines[3]}"), str(one.index))
            for one, lines in zip(proven, entries, strict=True)
        ],
    )
