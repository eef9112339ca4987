"""Beijing civil days to instants and back, in one place: certificates speak in days, everything inside in instants."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
"""Civil time of the whole of China. It kept daylight-saving time from 1986 to 1991, so days are not always 24 hours."""

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9998, 12, 31)
"""Civil days that can be turned into instants here without leaving what Python can express."""


def beginning_of(day: date) -> datetime:
    """The instant (UTC) at which the civil day begins in Beijing. Raises ValueError outside FIRST_DAY..LAST_DAY."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day} is outside {FIRST_DAY}..{LAST_DAY}")
    return datetime.combine(day, time.min, BEIJING).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The instant (UTC) at which the civil day is over: an inclusive last day becomes a half-open end."""
    return beginning_of(day_after(day))


def day_of(instant: datetime) -> date:
    """The civil day in Beijing to which the instant belongs."""
    return instant.astimezone(BEIJING).date()


def day_after(day: date) -> date:
    """An inclusive last day becomes a half-open end. Raises OverflowError for the last day there is."""
    return day + timedelta(days=1)


def within_calendar(instant: datetime) -> bool:
    """Whether its day lies within FIRST_DAY..LAST_DAY in every time zone; only then the other functions take it."""
    return FIRST_DAY < instant.date() < LAST_DAY


def spoken(instant: datetime) -> str:
    """The instant as people in Beijing read it, to the second: 2026-05-03 14:05:09."""
    return instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
