"""Sets of instants as sorted lists of disjoint half-open spans."""

from collections.abc import Iterable
from datetime import UTC, datetime

from device_registry.model import Span

FOR_EVER = datetime.max.replace(tzinfo=UTC)
"""Stands for an open end while spans are compared; no span given to these functions ends there otherwise."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same instants in as few spans as possible."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.begins):
        if found and span.begins <= _end(found[-1]):
            found[-1] = _span(found[-1].begins, max(_end(found[-1]), _end(span)))
        else:
            found.append(span)
    return found


def overlap(these: Iterable[Span], those: Iterable[Span]) -> list[Span]:
    """The instants in both."""
    those = merged(those)
    return [
        _span(begins, ends)
        for this in merged(these)
        for that in those
        if (begins := max(this.begins, that.begins)) < (ends := min(_end(this), _end(that)))
    ]


def minus(these: Iterable[Span], those: Iterable[Span]) -> list[Span]:
    """The instants of these that are not in those."""
    left = merged(these)
    for that in those:
        left = [
            _span(begins, ends)
            for this in left
            for begins, ends in (
                (this.begins, min(_end(this), that.begins)),
                (max(this.begins, _end(that)), _end(this)),
            )
            if begins < ends
        ]
    return left


def _end(span: Span) -> datetime:
    return FOR_EVER if span.ends is None else span.ends


def _span(begins: datetime, ends: datetime) -> Span:
    return Span(begins, None if ends == FOR_EVER else ends)
