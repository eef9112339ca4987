"""Days as an iCalendar file (RFC 5545). No serial numbers and no people in it: it leaves the house."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from icalendar import Calendar, Event

from device_registry.calendar_feed.queries import Dates
from foundation.civil import day_of
from foundation.words import Language, say


class Entry(NamedTuple):
    """`uid` stays the same for a device, so that a day that moves moves in the calendar, too."""

    uid: str
    day: date
    words: str


def calendar(devices: Iterable[Dates], made_at: datetime, language: Language) -> bytes:
    """`made_at` stamps every entry: the same days make the same bytes."""
    found = Calendar()
    found.add("prodid", "-//Plumbline//Devices//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", say(language, "calendar.name"))
    for device in devices:
        for entry in _entries(device, language):
            event = Event()
            event.add("uid", entry.uid)
            event.add("dtstamp", made_at)
            event.add("dtstart", entry.day)
            event.add("summary", entry.words)
            event.add("transp", "TRANSPARENT")
            found.add_component(event)
    content: bytes = found.to_ical()
    return content


def _entries(device: Dates, language: Language) -> Iterator[Entry]:
    last_valid = day_of(device.verified_until - timedelta(microseconds=1)) if device.verified_until else None
    kind = device.kind_zh if language == "zh-CN" else device.kind_en
    for subject, day in (("due", last_valid), ("plan", device.planned_for), ("deadline", device.deadline)):
        if day is not None:
            words = say(language, f"calendar.{subject}", tag=device.tag, kind=kind)
            yield Entry(f"{subject}-{device.device_id}@plumbline", day, words)
