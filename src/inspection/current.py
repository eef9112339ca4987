"""What holds of an inspection, derived anew from all that was told whenever something of it changes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from foundation.database import Connection
from inspection import queries
from inspection.model import Inspection, Operation, State
from inspection.queries import Current
from inspection.rules import merging


async def derive(db: Connection, inspection_ids: Collection[UUID], now: datetime) -> None:
    """Keeps what is derived of each known inspection, and tells everybody who may see it. In a transaction.

    Whoever calls has them `one_by_one`, so that nothing told at the same time is left out.
    """
    inspections = await queries.inspections_by_id(db, inspection_ids)
    if not inspections:
        return
    told = await queries.operations_of(db, inspections.keys())
    current = [_derived(inspection, told[id_]) for id_, inspection in inspections.items()]
    await queries.keep_current(db, current, now)
    await queries.tell_officers(
        db,
        [
            (person_id, id_)
            for id_, inspection in inspections.items()
            for person_id in sorted({*inspection.officers, *(operation.author for operation in told[id_])})
        ],
    )


def state_of(fields: merging.Fields) -> State:
    """As far as operations tell: whether it may close is another question."""
    if "closed" in fields:
        return State.CLOSED
    return State.UNDER_WAY if fields else State.PLANNED


def _derived(inspection: Inspection, told: Sequence[Operation]) -> Current:
    fields = merging.merged(told)
    return Current(
        inspection.id,
        state_of(fields),
        len(merging.conflicts(fields)),
        len(told),
        msgspec.json.encode(_for_phones(inspection, told, state_of(fields))).decode(),
    )


def _for_phones(inspection: Inspection, told: Sequence[Operation], state: State) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(inspection),
        "state": state,
        "operations": [
            {
                "id": operation.id,
                "author": operation.author,
                "phone": operation.phone,
                "replaces": sorted(operation.replaces),
                "earliest": operation.earliest,
                "latest": operation.latest,
                "what": operation.what,
            }
            for operation in told
        ],
    }
