"""Was the device in service at an instant? The latest event governs, retirement is final, a tie is closed."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from device_registry.model import Facts, Reason, ServiceChange, ServiceEvent, Span

OPENS = {ServiceChange.PUT_IN_SERVICE, ServiceChange.RESUMED}
STRICTNESS = (ServiceChange.PUT_IN_SERVICE, ServiceChange.RESUMED, ServiceChange.SUSPENDED, ServiceChange.RETIRED)
"""Of events at the same instant the later in this list wins."""


def service_periods(facts: Facts) -> list[Span]:
    """The spans in service, sorted and disjoint; the last may be open."""
    history = History(facts.service_events)
    edges = [*history.instants, None]
    periods: list[Span] = []
    for begins, ends in pairwise(edges):
        assert begins is not None
        if history.why_not_at(begins) is not None:
            continue
        if periods and periods[-1].ends == begins:
            periods[-1] = Span(periods[-1].begins, ends)
        else:
            periods.append(Span(begins, ends))
    return periods


class History:
    """The events of one device in order of time, those that can no longer matter left out."""

    def __init__(self, events: Sequence[ServiceEvent]) -> None:
        governing: dict[datetime, ServiceEvent] = {}
        for event in sorted(events, key=lambda event: (event.occurred_at, STRICTNESS.index(event.change))):
            governing[event.occurred_at] = event
            if event.change is ServiceChange.RETIRED:
                break
        self.instants = list(governing)
        self._events = list(governing.values())

    def why_not_at(self, instant: datetime) -> tuple[Reason, ServiceEvent | None] | None:
        """None: in service at that instant."""
        last = bisect_right(self.instants, instant) - 1
        if last < 0:
            return Reason.DEVICE_NOT_IN_SERVICE, None
        event = self._events[last]
        if event.change in OPENS:
            return None
        retired = event.change is ServiceChange.RETIRED
        return Reason.DEVICE_RETIRED if retired else Reason.DEVICE_SUSPENDED, event
