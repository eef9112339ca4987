"""Which bytes of a file a request wants (RFC 9110, 14): one range, so that a download goes on where it broke off."""

import re
from http import HTTPStatus
from typing import NamedTuple

from foundation.problem import Problem

_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


class Span(NamedTuple):
    """Both ends included."""

    first: int
    last: int


class RangeNotThere(Problem):
    """The range asked for begins behind the end of the file."""

    slug, status = "range-not-there", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


def span_wanted(header: str, if_range: str, etag: str, size: int) -> Span | None:
    """None: the whole file, also where several ranges are wanted or the file has become another.

    `size` is above 0. Raises RangeNotThere.
    """
    found = _RANGE.match(header)
    if found is None or found.groups() == ("", "") or (if_range and if_range != etag):
        return None
    first, last = found.groups()
    if not first:  # so many of the last bytes
        span = Span(max(size - int(last), 0), size - 1)
    else:
        span = Span(int(first), min(int(last or size), size - 1))
        if last and int(last) < span.first:
            return None  # no range at all, to be ignored (14.1.1)
    if span.first >= size:
        raise RangeNotThere(headers={"Content-Range": f"bytes */{size}"})
    return span
