"""When something was captured, from a time this server once signed and the phone's monotonic clock."""

from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from evidence.model import Readings
from evidence.problems import ClockReadingsRefused
from evidence.signing import Signer, Unsigned
from foundation.problem import Spoken

DRIFT_PPM = 100
"""How far a phone's monotonic clock may run fast or slow, parts per million. Design value, more than twice what the
quartz in phones is sold for over temperature and age (20 to 50 ppm). In 30 days it is 4.3 minutes."""

_FAST, _SLOW = Fraction(1_000_000 + DRIFT_PPM, 1_000_000), Fraction(1_000_000 - DRIFT_PPM, 1_000_000)


def derived(
    signer: Signer, readings: Readings, phone_id: UUID, first_heard: datetime, field: str = "clock"
) -> tuple[datetime, datetime]:
    """Earliest and latest instant of what the phone captured (UTC, both included), if the anchor is ours and its own.

    `first_heard` is when this server first learnt of the capture. Raises ClockReadingsRefused, naming `field`.
    """
    try:
        anchor = signer.time_anchored_by(readings.anchor)
    except Unsigned as why:
        raise ClockReadingsRefused(field=f"{field}.anchor", why=Spoken(str(why))) from why
    if anchor.phone_id != phone_id:
        raise ClockReadingsRefused(field=f"{field}.anchor", why=Spoken("clock-readings.phone"))
    if readings.heard_ms < readings.asked_ms:
        raise ClockReadingsRefused(field=f"{field}.heard_ms", why=Spoken("clock-readings.order"))
    if readings.captured_ms < readings.heard_ms:
        raise ClockReadingsRefused(field=f"{field}.captured_ms", why=Spoken("clock-readings.order"))
    return interval_of(anchor.at, readings, first_heard)


def interval_of(at: datetime, readings: Readings, first_heard: datetime) -> tuple[datetime, datetime]:
    """The server signed `at` after the phone asked and before it heard; from there its clock ran within DRIFT_PPM.

    Over a sleep or a restart that the clock did not count, a capture may be any time later, until it was heard of.
    Needs asked <= heard <= captured. The latest instant never lies after `first_heard`, unless the earliest does.
    """
    earliest = at + _span(readings.captured_ms - readings.heard_ms, _FAST, up=False)
    latest = first_heard
    if readings.counts_sleep and not readings.restarted:
        latest = min(at + _span(readings.captured_ms - readings.asked_ms, _SLOW, up=True), first_heard)
    return earliest, max(earliest, latest)


def _span(milliseconds: float, rate: Fraction, *, up: bool) -> timedelta:
    """True time that passes while a clock of that rate shows so much, to the microsecond that widens the interval."""
    microseconds = Fraction(milliseconds) * 1000 / rate
    return timedelta(microseconds=-(-microseconds // 1) if up else microseconds // 1)
