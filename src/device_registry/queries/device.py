"""Devices and the catalogue of their kinds."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError, Record, UniqueViolationError

from device_registry.model import (
    Confidence,
    Datum,
    Device,
    DeviceKind,
    Mounting,
    Place,
    Requirement,
)
from device_registry.problems import DeviceKindUnknown, DeviceNotFound, DeviceTagTaken, UnitUnknown
from foundation.database import Connection, copy

DEVICE = """
       device.id, device.tag, device.kind, device_kind.name_zh, device_kind.name_en, device_kind.channels,
       device_kind.max_interval_months, device.serial_no, device.model, device.maker, device.unit_id, device.mounting,
       device.address, device.longitude, device.latitude, device.datum, device.requirement, device.verification_needed,
       device.siting_needed, device.replaces, device.synthetic, device.registered_at
"""


DEVICE_COLUMNS = 22


async def device_by_tag(db: Connection, tag: str) -> Device | None:
    """Index: device_tag_taken."""
    row = await db.fetchrow(
        f"""
        select {DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.tag = $1
        """,  # noqa: S608 - a constant
        tag,
    )
    return None if row is None else device_of(row)


async def device_by_id(db: Connection, device_id: UUID) -> Device | None:
    """Index: device_pkey."""
    return (await devices_by_id(db, [device_id])).get(device_id)


async def devices_by_id(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, Device]:
    """Index: device_pkey."""
    rows = await db.fetch(
        f"""
        select {DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.id = any ($1)
        """,  # noqa: S608 - a constant
        list(device_ids),
    )
    return {row[0]: device_of(row) for row in rows}


async def locked_devices(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, Device]:
    """The devices, locked until the transaction ends: facts about one device are recorded one after the other.

    Always in the order of their ids, so that two imports never wait for each other. Admissions may go on.
    """
    rows = await db.fetch(
        f"""
        select {DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.id = any($1)
         order by device.id
           for no key update of device
        """,  # noqa: S608 - a constant
        list(device_ids),
    )
    return {row[0]: device_of(row) for row in rows}


async def device_ids_after(db: Connection, after: UUID, most: int) -> list[UUID]:
    """The next devices in the order of their ids. Index: device_pkey."""
    rows = await db.fetch("select id from device where id > $1 order by id limit $2", after, most)
    return [row["id"] for row in rows]


_PAGE = f"""
        select {DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.unit_id = any($1)
           and ($2::text is null or device.kind = $2)
           and ($3::text is null or device.tag > $3)
           and $5::text = ''
         order by device.tag
         limit $4
"""  # noqa: S608 - a constant
_FOUND = f"""
        select {DEVICE}
          from device_overview
          join device on device.id = device_overview.device_id
          join device_kind on device_kind.code = device.kind
         where bigrams(device_overview.search) @> bigrams(lower($5))
           and (strpos(lower(device.tag), lower($5)) > 0 or strpos(lower(device.serial_no), lower($5)) > 0)
           and device.unit_id = any($1)
           and ($2::text is null or device.kind = $2)
           and ($3::text is null or device.tag > $3)
         order by device.tag
         limit $4
"""  # noqa: S608 - a constant
"""Index: device_overview_search."""


class Labelled(NamedTuple):
    """What the label of a device says."""

    tag: str
    kind_zh: str
    unit_id: UUID


async def labelled(db: Connection, device_ids: Sequence[UUID], units: Collection[UUID]) -> list[Labelled]:
    """Those of the devices that these units hold, in the order given."""
    rows = await db.fetch(
        """
        select device.tag, device_kind.name_zh, device.unit_id
          from unnest($1::uuid[]) with ordinality as wanted (id, place)
          join device on device.id = wanted.id
          join device_kind on device_kind.code = device.kind
         where device.unit_id = any ($2)
         order by place
        """,
        device_ids,
        list(units),
    )
    return [Labelled(*row) for row in rows]


async def devices(
    db: Connection,
    units: Collection[UUID],
    *,
    text: str | None = None,
    kind: str | None = None,
    after: str | None = None,
    most: int,
) -> list[Device]:
    """Devices of the units in order of their tags, those after the tag `after`; `text` is part of a tag or a serial."""
    rows = await db.fetch(_PAGE if text is None else _FOUND, list(units), kind, after, most, text or "")
    return [device_of(row) for row in rows]


async def device_kinds(db: Connection) -> list[DeviceKind]:
    """The catalogue in order of its codes."""
    rows = await db.fetch(
        """
        select code, name_zh, name_en, requirement, channels, regulation, max_interval_months, interval_confidence,
               source, source_confidence, note, effective_from
          from device_kind
         order by code
        """
    )
    return [_kind(row) for row in rows]


async def add_devices(
    db: Connection, devices: Sequence[Device], registered_by: UUID | None, registered_at: datetime
) -> None:
    """All or none. Raises DeviceTagTaken, DeviceKindUnknown, UnitUnknown."""
    try:
        await copy(
            db,
            "device",
            (
                "id", "tag", "kind", "serial_no", "model", "maker", "unit_id", "mounting", "address", "longitude",
                "latitude", "datum", "requirement", "replaces", "synthetic", "registered_at", "registered_by",
            ),
            (
                (
                    device.id,
                    device.tag,
                    device.kind,
                    device.serial_no,
                    device.model,
                    device.maker,
                    device.unit_id,
                    device.mounting,
                    device.address,
                    *(msgspec.structs.astuple(device.place) if device.place else (None, None, None)),
                    device.requirement,
                    device.replaces,
                    device.synthetic,
                    registered_at,
                    registered_by,
                )
                for device in devices
            ),
        )  # fmt: skip
        await db.execute(
            """
            insert into device_holding (device_id, unit_id, span, known_from, recorded_by)
            select device_id, unit_id, daterange(null, null), $3, $4
              from unnest($1::uuid[], $2::uuid[]) as registered (device_id, unit_id)
            """,
            [device.id for device in devices],
            [device.unit_id for device in devices],
            registered_at,
            registered_by,
        )
    except UniqueViolationError as error:
        raise DeviceTagTaken(field="tag") from error
    except ForeignKeyViolationError as error:
        if error.constraint_name == "device_kind_fkey":
            raise DeviceKindUnknown(field="kind") from error
        if error.constraint_name == "device_replaces_fkey":
            raise DeviceNotFound(field="replaces") from error
        raise UnitUnknown(field="unit_id") from error


async def tags_taken(db: Connection, tags: Collection[str]) -> set[str]:
    """Those of the tags that a device carries. Index: device_tag_taken."""
    return {row[0] for row in await db.fetch("select tag from device where tag = any($1)", list(tags))}


async def devices_by_tags(db: Connection, tags: Collection[str]) -> dict[str, Device]:
    """The devices with those tags. Index: device_tag_taken."""
    rows = await db.fetch(
        f"""
        select {DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.tag = any($1)
        """,  # noqa: S608 - a constant
        list(tags),
    )
    return {row[1]: device_of(row) for row in rows}


def device_of(row: Record) -> Device:
    (
        id_, tag, kind, kind_zh, kind_en, channels, months, serial_no, model, maker, unit_id, mounting, address,
        longitude, latitude, datum, requirement, verification_needed, siting_needed, replaces, synthetic, registered_at,
    ) = row[:DEVICE_COLUMNS]  # fmt: skip
    return Device(
        id=id_,
        tag=tag,
        kind=kind,
        kind_zh=kind_zh,
        kind_en=kind_en,
        channels=tuple(channels),
        max_interval_months=months,
        serial_no=serial_no,
        model=model,
        maker=maker,
        unit_id=unit_id,
        mounting=Mounting(mounting),
        address=address,
        place=None if datum is None else Place(longitude, latitude, Datum(datum)),
        requirement=Requirement(requirement),
        verification_needed=verification_needed,
        siting_needed=siting_needed,
        replaces=replaces,
        synthetic=synthetic,
        registered_at=registered_at,
    )


def _kind(row: Record) -> DeviceKind:
    (
        code, name_zh, name_en, requirement, channels, regulation, months, interval_confidence, source,
        source_confidence, note, effective_from,
    ) = row  # fmt: skip
    return DeviceKind(
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        requirement=Requirement(requirement),
        channels=tuple(channels),
        regulation=regulation,
        max_interval_months=months,
        interval_confidence=None if interval_confidence is None else Confidence(interval_confidence),
        source=source,
        source_confidence=Confidence(source_confidence),
        note=note,
        effective_from=effective_from,
    )
