"""What differs between two bodies of a report, as data."""

from collections.abc import Iterator
from typing import Any

import msgspec

from device_registry.annual_report.model.snapshot import Body, Row
from device_registry.annual_report.model.workflow import Differences, FieldChange, RowChange

WRITTEN = ("note", "telephone", "credit_code", "figures", "attachments")


def differences(before: Body, after: Body) -> Differences:
    """Rows by device; those in `after` alone are added, those in `before` alone removed."""
    old = {row.device_id: row for row in before.rows}
    new = {row.device_id: row for row in after.rows}
    return Differences(
        added=tuple(row for row in after.rows if row.device_id not in old),
        removed=tuple(row for row in before.rows if row.device_id not in new),
        changed=tuple(
            RowChange(device_id=row.device_id, tag=row.tag, fields=changes)
            for row in after.rows
            if row.device_id in old and (changes := tuple(_changes(old[row.device_id], row)))
        ),
        summary=tuple(_fields("", _plain(before.summary), _plain(after.summary))),
        written=tuple(
            change
            for name in WRITTEN
            for change in _fields(name, _plain(getattr(before, name)), _plain(getattr(after, name)))
        ),
    )


def _changes(before: Row, after: Row) -> Iterator[FieldChange]:
    return iter(()) if before == after else _fields("", _plain(before), _plain(after))


def _fields(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _fields(f"{path}.{name}".lstrip("."), before.get(name), after.get(name))
    else:
        yield FieldChange(field=path, before=before, after=after)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
