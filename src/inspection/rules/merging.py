"""What a set of operations says, whatever order they came in: a register with several values for each member."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

from inspection.model import Operation


class Value(Struct, frozen=True):
    """One current value of a member, with the operation that tells it."""

    value: Any
    operation: UUID
    author: UUID
    at: datetime
    """The latest instant at which it can have been told."""


Fields = dict[str, dict[str, list[Value]]]
"""By key, then member: the current values. More than one that differ are a conflict."""


def merged(operations: Iterable[Operation]) -> Fields:
    """The current values of each (key, member).

    They are those of the operations that tell this member and that no other known operation replaces which tells it,
    too. Of equal values the operation with the least id is named. An operation without members tells only that it was.
    """
    known = {operation.id: operation for operation in operations}
    told = {id_: _members(operation) for id_, operation in known.items()}
    replaced: dict[UUID, set[str]] = defaultdict(set)
    for id_, operation in known.items():
        for earlier in operation.replaces:
            if earlier in known and earlier != id_ and known[earlier].key == operation.key:
                replaced[earlier] |= told[id_].keys()
    fields: Fields = {}
    for id_ in sorted(known):
        operation = known[id_]
        for member, value in told[id_].items():
            if member in replaced[id_]:
                continue
            standing = fields.setdefault(operation.key, {}).setdefault(member, [])
            if all(value != other.value for other in standing):
                standing.append(Value(value, id_, operation.author, operation.latest))
    return fields


def conflicts(fields: Fields) -> list[tuple[str, str]]:
    """Each (key, member) that has more than one current value, in order."""
    return sorted((key, member) for key, members in fields.items() for member in members if len(members[member]) > 1)


def value(fields: Fields, key: str, member: str, default: Any = None) -> Any:
    """The one current value, the default where there is none or where it is in conflict."""
    values = fields.get(key, {}).get(member, [])
    return values[0].value if len(values) == 1 else default


def _members(operation: Operation) -> dict[str, Any]:
    what = operation.what
    told = {name: getattr(what, name) for name in what.__struct_fields__}
    return {name: msgspec.to_builtins(value) for name, value in told.items() if value is not UNSET} or {"done": True}
