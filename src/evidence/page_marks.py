"""Where a page of a list ended: an instant and an id, as one text that goes into the next request."""

from datetime import datetime
from uuid import UUID

from foundation.http import checked_instant
from foundation.problem import Malformed, Spoken


def page_mark(field: str, text: str | None) -> tuple[datetime, UUID] | None:
    """The place in a list that an earlier answer gave as `next`. Raises Malformed."""
    if text is None:
        return None
    instant, _, id_ = text.partition("~")
    try:
        mark = datetime.fromisoformat(instant), UUID(id_)
    except ValueError as error:
        raise Malformed(field=field, what=Spoken("malformed.page")) from error
    return checked_instant(field, mark[0]), mark[1]
