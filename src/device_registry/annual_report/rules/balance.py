"""The sums of a report, always counted from its rows, and whether they hold: flows against the spans in service."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from device_registry.annual_report.model.movement import Flow, Life, Movement, Period, sign
from device_registry.annual_report.model.snapshot import (
    Decision,
    Row,
    Summary,
    Verification,
    VerificationCounts,
)
from device_registry.annual_report.rules.movements import ONE_DAY, Walk, Where

MUST = (
    Verification.VALID,
    Verification.OVERDUE,
    Verification.FAILED,
    Verification.VOIDED,
    Verification.NEVER,
)
FLOWS = {
    "new": Flow.NEW,
    "replaced": Flow.REPLACEMENT,
    "relocated": Flow.RELOCATED,
    "resumed": Flow.RESUMED,
    "moved_in": Flow.MOVED_IN,
    "suspended": Flow.SUSPENDED,
    "retired": Flow.RETIRED,
    "relocated_away": Flow.RELOCATED_AWAY,
    "moved_out": Flow.MOVED_OUT,
}


class BreakCause(StrEnum):
    SUM = "SUM"
    """What moved the stock does not lead from its opening to its closing."""
    CONTRADICTION = "CONTRADICTION"
    """What was done with the device and the spans in service disagree on whether it served."""


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """A device for which the balance does not hold. `expected` is opening plus flows, `found` the closing."""

    device_id: UUID
    tag: str
    cause: BreakCause
    expected: int
    found: int


class Stock(msgspec.Struct, frozen=True):
    """Whether the unit had the device in service at both ends, from the spans in service and holdings alone."""

    opening: bool
    closing: bool


def stock(life: Life, unit_id: UUID, period: Period) -> Stock:
    return Stock(
        life.holder(period.first - ONE_DAY) == unit_id and served_just_before(life, period.opens),
        life.holder(period.last) == unit_id and served_just_before(life, period.closes),
    )


def served_just_before(life: Life, instant: datetime) -> bool:
    return any(span.begins < instant and (span.ends is None or instant <= span.ends) for span in life.served)


def break_of(
    device_id: UUID, tag: str, life: Life, walked: Walk, period: Period, unit_stock: Stock, movements: list[Movement]
) -> Break | None:
    expected = unit_stock.opening + sum(sign(movement.flow) for movement in movements)
    cause = None
    if expected != unit_stock.closing:
        cause = BreakCause.SUM
    elif any(
        (walked.at_last_before(instant) is Where.IN) != served_just_before(life, instant)
        for instant in (period.opens, period.closes)
    ):
        cause = BreakCause.CONTRADICTION
    if cause is None:
        return None
    return Break(device_id=device_id, tag=tag, cause=cause, expected=expected, found=int(unit_stock.closing))


def summary(rows: Iterable[Row]) -> Summary:
    """Counted anew from the rows, whoever made them."""
    flows: Counter[Flow] = Counter()
    counts: Counter[str] = Counter()
    serving: Counter[Verification] = Counter()
    stopped: Counter[Verification] = Counter()
    for row in rows:
        flows.update(movement.flow for movement in row.movements)
        counts["opening"] += row.at_opening
        counts["closing"] += row.at_closing
        counts["included"] += row.decision is Decision.INCLUDED
        counts["late_additions"] += row.late_addition
        counts["listed_apart"] += row.decision is Decision.LISTED_APART
        counts["stopped"] += row.stopped_at_closing
        counts["retired_from_stop"] += row.retired_from_stop
        if row.verification is not None:
            (serving if row.at_closing else stopped)[row.verification] += 1
    return Summary(
        **{name: counts[name] for name in COUNTED},
        **{name: flows[flow] for name, flow in FLOWS.items()},
        verification=_verification(serving),
        stopped_verification=_verification(stopped),
    )


COUNTED = ("opening", "closing", "included", "late_additions", "listed_apart", "stopped", "retired_from_stop")
TOTALS = (*COUNTED, *FLOWS)


def balances(found: Summary) -> bool:
    flows = sum(sign(flow) * int(getattr(found, name)) for name, flow in FLOWS.items())
    return found.opening + flows == found.closing


def added(summaries: Iterable[Summary]) -> Summary:
    """The sum, field by field."""
    totals: Counter[str] = Counter()
    serving: Counter[str] = Counter()
    stopped: Counter[str] = Counter()
    for found in summaries:
        totals.update({name: getattr(found, name) for name in TOTALS})
        serving.update(msgspec.structs.asdict(found.verification))
        stopped.update(msgspec.structs.asdict(found.stopped_verification))
    return Summary(
        **{name: totals[name] for name in TOTALS},
        verification=VerificationCounts(**serving),
        stopped_verification=VerificationCounts(**stopped),
    )


def without(found: Summary, taken: Summary) -> Summary:
    """`found` less `taken`, field by field: for devices that two reports claim."""
    return Summary(
        **{name: getattr(found, name) - getattr(taken, name) for name in TOTALS},
        verification=_less(found.verification, taken.verification),
        stopped_verification=_less(found.stopped_verification, taken.stopped_verification),
    )


def _less(found: VerificationCounts, taken: VerificationCounts) -> VerificationCounts:
    left = {name: getattr(found, name) - getattr(taken, name) for name in VerificationCounts.__struct_fields__}
    return VerificationCounts(**left)


def _verification(found: Counter[Verification]) -> VerificationCounts:
    return VerificationCounts(
        must=sum(found[one] for one in MUST),
        valid=found[Verification.VALID],
        overdue=found[Verification.OVERDUE],
        failed=found[Verification.FAILED],
        voided=found[Verification.VOIDED],
        never=found[Verification.NEVER],
        not_required=found[Verification.NOT_REQUIRED],
        no_regulation=found[Verification.NO_REGULATION],
    )
