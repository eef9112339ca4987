"""Facts about devices: read as they are known now or were known at an instant, and added; never edited."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError

from device_registry.model import (
    COLLECTIONS,
    Announcement,
    Correction,
    Fact,
    Facts,
    InServiceCheck,
    Review,
    ServiceEvent,
    SignCheck,
    SiteVersion,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import DocumentNotKept
from foundation.database import Connection, copy

TABLES: dict[type[Fact], str] = {
    SiteVersion: "site_version",
    VerificationCertificate: "verification_certificate",
    VerificationFailureNotice: "verification_failure_notice",
    VoidEvent: "void_event",
    ServiceEvent: "service_event",
    WrittenConclusion: "written_conclusion",
    Review: "review",
    Announcement: "announcement",
    SignCheck: "sign_check",
    InServiceCheck: "in_service_check",
}
"""One table a kind of fact; its columns bear the names of the Struct's fields. In the order in which they are written:
others speak of site versions."""

DOCUMENTS = {
    table: name for kind, table in TABLES.items() for name in kind.__struct_fields__ if name.endswith("_sha256")
}
"""Tables whose facts may come with a document, and the column that names it."""

_PLACE = ("longitude", "latitude", "datum")
_COLUMNS: dict[type[Fact], tuple[str, ...]] = {
    kind: tuple(column for name in kind.__struct_fields__ for column in (_PLACE if name == "place" else (name,)))
    for kind in TABLES
}

FACTS = ",\n".join(
    f"""
       array(select row ({", ".join(_COLUMNS[kind])})
               from {table}
              where device_id = device.id
                and known_from <= $2
                and not exists (select from correction where superseded_id = {table}.id and known_from <= $2)
              order by id)"""  # noqa: S608 - constants
    for kind, table in TABLES.items()
)


async def facts_of(db: Connection, device_id: UUID, *, known_at: datetime | None = None) -> Facts:
    """Everything known about a device, now or at that instant."""
    return (await facts_of_all(db, [device_id], known_at=known_at)).get(device_id) or Facts()


async def facts_of_all(
    db: Connection, device_ids: Collection[UUID], *, known_at: datetime | None = None
) -> dict[UUID, Facts]:
    """Everything known about devices, in one round trip. `known_at`: as this register knew it then, corrections too."""
    rows = await db.fetch(
        f"""
        select device.id, device_kind.channels, device.verification_needed, device.siting_needed,
               {FACTS}
          from device
          join device_kind on device_kind.code = device.kind
         where device.id = any($1)
        """,  # noqa: S608 - constants
        list(device_ids),
        known_at or FOR_EVER,
    )
    return {
        device_id: Facts(
            channels=tuple(channels),
            verification_needed=verification_needed,
            siting_needed=siting_needed,
            **{
                COLLECTIONS[kind]: tuple(_READERS[kind](dict(zip(_COLUMNS[kind], row, strict=True))) for row in rows)
                for kind, rows in zip(TABLES, found, strict=True)
            },
        )
        for device_id, channels, verification_needed, siting_needed, *found in rows
    }


async def add_facts(
    db: Connection, facts: Sequence[tuple[UUID, Fact]], recorded_by: UUID | None, known_from: datetime
) -> None:
    """Writes facts about devices (by id), all or none. Raises DocumentNotKept."""
    by_type: dict[type[Fact], list[tuple[Any, ...]]] = {}
    for device_id, fact in facts:
        by_type.setdefault(type(fact), []).append((device_id, *_values(fact), known_from, recorded_by))
    for kind, rows in sorted(by_type.items(), key=lambda item: list(TABLES).index(item[0])):
        columns = ("device_id", *_COLUMNS[kind], "known_from", "recorded_by")
        try:
            await copy(db, TABLES[kind], columns, rows)
        except ForeignKeyViolationError as error:
            if error.constraint_name != f"{TABLES[kind]}_document_kept":
                raise
            raise DocumentNotKept(field=DOCUMENTS[TABLES[kind]]) from error


async def add_correction(
    db: Connection, device_id: UUID, correction: Correction, recorded_by: UUID, known_from: datetime
) -> None:
    """From now on the superseded fact no longer counts. The replacement is a fact like any other, added beside."""
    await db.execute(
        """
        insert into correction (superseded_id, device_id, replacement_id, reason, known_from, recorded_by)
        values ($1, $2, $3, $4, $5, $6)
        """,
        correction.superseded_id,
        device_id,
        None if correction.replacement is None else correction.replacement.id,
        correction.reason,
        known_from,
        recorded_by,
    )


class Entry(NamedTuple):
    """One fact in a device's history, as it was recorded. `superseded_at`: since when a correction has ruled it out."""

    kind: str
    """The table's name."""
    id: UUID
    known_from: datetime
    recorded_by: UUID | None
    recorder_zh: str | None
    recorder_en: str | None
    superseded_at: datetime | None
    replacement_id: UUID | None
    correction_reason: str | None
    values: dict[str, Any]


async def proposer_of(db: Connection, site_version_id: UUID) -> UUID:
    proposer: UUID = await db.fetchval("select recorded_by from site_version where id = $1", site_version_id)
    return proposer


async def proposed_at(db: Connection, site_version_id: UUID) -> datetime:
    proposed: datetime = await db.fetchval("select known_from from site_version where id = $1", site_version_id)
    return proposed


async def recorders_of(db: Connection, service_events: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Who recorded each of the service events; None: nobody is known for it."""
    rows = await db.fetch("select id, recorded_by from service_event where id = any($1)", list(service_events))
    return {row["id"]: row["recorded_by"] for row in rows}


_HISTORY = " union all ".join(
    f"""
               select '{table}' as kind, id, known_from, recorded_by, to_jsonb({table}) as values
                 from {table}
                where device_id = $1"""  # noqa: S608 - constants
    for table in TABLES.values()
)


async def history_of(db: Connection, device_id: UUID) -> list[Entry]:
    """Everything ever recorded about the device, corrected facts too, in the order in which it became known."""
    rows = await db.fetch(
        f"""
        select entry.kind, entry.id, entry.known_from, entry.recorded_by, person.name_zh, person.name_en,
               correction.known_from, correction.replacement_id, correction.reason, entry.values
          from ({_HISTORY}) as entry
          left join correction on correction.superseded_id = entry.id
          left join person on person.id = entry.recorded_by
         order by entry.known_from, entry.id
        """,  # noqa: S608 - constants
        device_id,
    )
    return [Entry(*row) for row in rows]


class Learnt(NamedTuple):
    """Something the register learnt of a device. `kind` is the table of the fact."""

    id: UUID
    device_id: UUID
    kind: str
    known_from: datetime
    recorded_by: UUID | None


_LEARNT = "\n union all\n".join(
    f"""
        select id, device_id, '{table}' as kind, known_from, recorded_by
          from {table}
         where device_id = any ($1) and known_from > $2"""  # noqa: S608 - constants
    for table in TABLES.values()
)


async def learnt_of(db: Connection, device_ids: Collection[UUID], since: datetime) -> list[Learnt]:
    """What became known of these devices after that instant, in the order in which it did."""
    rows = await db.fetch(f"{_LEARNT} order by known_from, id", list(device_ids), since)
    return [Learnt(*row) for row in rows]


FOR_EVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
"""After everything that was ever recorded."""


def _values(fact: Fact) -> list[Any]:
    """In the order of the columns."""
    values: list[Any] = []
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if name == "place":
            values += [None, None, None] if value is None else msgspec.structs.astuple(value)
        else:
            values.append(list(value) if isinstance(value, tuple) else value)
    return values


def _reader(kind: type[Fact]) -> Callable[[dict[str, Any]], Any]:
    def read(row: dict[str, Any]) -> Any:
        if "datum" in row:
            longitude, latitude, datum = (row.pop(name) for name in _PLACE)
            row["place"] = None if datum is None else {"longitude": longitude, "latitude": latitude, "datum": datum}
        return msgspec.convert(row, kind, builtin_types=(datetime, UUID, bytes))

    return read


_READERS = {kind: _reader(kind) for kind in TABLES}
