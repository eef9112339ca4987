"""What the registry reads and writes, one statement a function."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import ForeignKeyViolationError, Range, Record, UniqueViolationError

from device_registry.model import (
    Confidence,
    Datum,
    Device,
    DeviceKind,
    Fact,
    Facts,
    InForce,
    Interval,
    Mounting,
    Nature,
    Occasion,
    Place,
    Requirement,
    ServiceChange,
    ServiceEvent,
    Span,
    Standing,
    VerificationCertificate,
    VerificationFailureNotice,
    VerifiedPeriod,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import DeviceKindUnknown, DeviceTagTaken, FactAlreadyRecorded, UnitUnknown
from device_registry.rules import RULE_VERSION, in_standing, standing
from foundation.civil import day_of
from foundation.database import Connection

_DEVICE = """
       device.id, device.tag, device.kind, device_kind.name_zh, device_kind.name_en, device_kind.channels,
       device_kind.max_interval_months, device.serial_no, device.model, device.maker, device.unit_id, device.mounting,
       device.address, device.longitude, device.latitude, device.datum, device.requirement, device.verification_needed,
       device.registered_at
"""
_DEVICE_COLUMNS = 19


async def device_by_tag(db: Connection, tag: str) -> Device | None:
    """Index: device_tag_taken."""
    row = await db.fetchrow(
        f"""
        select {_DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.tag = $1
        """,  # noqa: S608 - a constant
        tag,
    )
    return None if row is None else _device(row)


async def device_by_id(db: Connection, device_id: UUID) -> Device | None:
    """Index: device_pkey."""
    row = await db.fetchrow(
        f"""
        select {_DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.id = $1
        """,  # noqa: S608 - a constant
        device_id,
    )
    return None if row is None else _device(row)


async def locked_devices(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, Device]:
    """The devices, locked until the transaction ends: facts about one device are recorded one after the other.

    Always in the order of their ids, so that two imports never wait for each other. Admissions may go on.
    """
    rows = await db.fetch(
        f"""
        select {_DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.id = any($1)
         order by device.id
           for no key update of device
        """,  # noqa: S608 - a constant
        list(device_ids),
    )
    return {row[0]: _device(row) for row in rows}


async def hold_standing(db: Connection, tag: str) -> None:
    """Facts about the device wait until the transaction ends, so that they are heard after it and not beside it."""
    await db.execute("select from device where tag = $1 for share", tag)


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
    rows = await db.fetch(
        f"""
        select {_DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.unit_id = any($1)
           and ($2::text is null
                or strpos(lower(device.tag), lower($2)) > 0
                or strpos(lower(device.serial_no), lower($2)) > 0)
           and ($3::text is null or device.kind = $3)
           and ($4::text is null or device.tag > $4)
         order by device.tag
         limit $5
        """,  # noqa: S608 - a constant
        list(units),
        text,
        kind,
        after,
        most,
    )
    return [_device(row) for row in rows]


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
        await db.executemany(
            """
            insert into device (id, tag, kind, serial_no, model, maker, unit_id, mounting, address, longitude, latitude,
                                datum, requirement, registered_at, registered_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            [
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
                    registered_at,
                    registered_by,
                )
                for device in devices
            ],
        )
    except UniqueViolationError as error:
        raise DeviceTagTaken(field="tag") from error
    except ForeignKeyViolationError as error:
        if error.constraint_name == "device_kind_fkey":
            raise DeviceKindUnknown(field="kind") from error
        raise UnitUnknown(field="unit_id") from error


async def tags_taken(db: Connection, tags: Collection[str]) -> set[str]:
    """Those of the tags that a device carries. Index: device_tag_taken."""
    return {row[0] for row in await db.fetch("select tag from device where tag = any($1)", list(tags))}


async def devices_by_tags(db: Connection, tags: Collection[str]) -> dict[str, Device]:
    """The devices with those tags. Index: device_tag_taken."""
    rows = await db.fetch(
        f"""
        select {_DEVICE}
          from device
          join device_kind on device_kind.code = device.kind
         where device.tag = any($1)
        """,  # noqa: S608 - a constant
        list(tags),
    )
    return {row[1]: _device(row) for row in rows}


async def facts_of(db: Connection, device_id: UUID) -> Facts:
    """Everything known about a device."""
    return (await facts_of_all(db, [device_id])).get(device_id) or Facts()


async def facts_of_all(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Everything known about devices, in one round trip."""
    rows = await db.fetch(
        """
        select device.id, device_kind.channels,
               array(select row (id, channel, nature, occasion, certificate_no, issuing_body, regulation, verified_on,
                                 valid_until, issued_sequence, document_sha256)
                       from verification_certificate where device_id = device.id order by id),
               array(select row (id, channel, notice_no, issuing_body, regulation, failed_on, failed_items,
                                 issued_sequence, document_sha256)
                       from verification_failure_notice where device_id = device.id order by id),
               array(select row (id, cause, occurred_at, remark)
                       from void_event where device_id = device.id order by id),
               array(select row (id, change, occurred_at, reason)
                       from service_event where device_id = device.id order by id),
               array(select row (id, requirement, document_no, conclusion, concluded_on)
                       from written_conclusion where device_id = device.id order by id)
          from device
          join device_kind on device_kind.code = device.kind
         where device.id = any($1)
        """,
        list(device_ids),
    )
    return {
        device_id: Facts(
            channels=tuple(channels),
            certificates=tuple(map(_certificate, certificates)),
            failure_notices=tuple(map(_failure_notice, notices)),
            void_events=tuple(
                VoidEvent(id=id_, cause=VoidCause(cause), occurred_at=occurred_at, remark=remark)
                for id_, cause, occurred_at, remark in void_events
            ),
            service_events=tuple(
                ServiceEvent(id=id_, change=ServiceChange(change), occurred_at=occurred_at, reason=reason)
                for id_, change, occurred_at, reason in service_events
            ),
            written_conclusions=tuple(
                WrittenConclusion(
                    id=id_,
                    requirement=Requirement(requirement),
                    document_no=document_no,
                    conclusion=conclusion,
                    concluded_on=concluded_on,
                )
                for id_, requirement, document_no, conclusion, concluded_on in conclusions
            ),
        )
        for device_id, channels, certificates, notices, void_events, service_events, conclusions in rows
    }


async def add_facts(
    db: Connection, facts: Sequence[tuple[UUID, Fact]], recorded_by: UUID | None, known_from: datetime
) -> None:
    """Writes facts about devices (by id), all or none. Raises FactAlreadyRecorded."""
    by_type: dict[type[Fact], list[tuple[Any, ...]]] = {}
    for device_id, fact in facts:
        values = (getattr(fact, name) for name in _COLUMNS[type(fact)])
        by_type.setdefault(type(fact), []).append((device_id, *values, known_from, recorded_by))
    try:
        for kind, rows in by_type.items():
            columns = ("device_id", *_COLUMNS[kind], "known_from", "recorded_by")
            places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
            await db.executemany(
                f"insert into {_TABLES[kind]} ({', '.join(columns)}) values ({places})",  # noqa: S608 - constants
                rows,
            )
    except UniqueViolationError as error:
        raise FactAlreadyRecorded from error


async def verified_periods_of(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, list[VerifiedPeriod]]:
    """As they are kept, oldest first, for every device asked for. Index: verified_period_pkey."""
    rows = await db.fetch(
        """
        select device_id, lower(span), upper(span), certificates
          from verified_period
         where device_id = any($1)
         order by device_id, span
        """,
        list(device_ids),
    )
    found: dict[UUID, list[VerifiedPeriod]] = {device_id: [] for device_id in device_ids}
    for device_id, begins, ends, certificates in rows:
        found[device_id].append(VerifiedPeriod(begins, ends, tuple(certificates)))
    return found


async def service_periods_of(db: Connection, device_ids: Collection[UUID]) -> dict[UUID, list[Span]]:
    """As they are kept, oldest first, for every device asked for. Index: service_period_pkey."""
    rows = await db.fetch(
        """
        select device_id, lower(span), upper(span)
          from service_period
         where device_id = any($1)
         order by device_id, span
        """,
        list(device_ids),
    )
    found: dict[UUID, list[Span]] = {device_id: [] for device_id in device_ids}
    for device_id, begins, ends in rows:
        found[device_id].append(Span(begins, ends))
    return found


async def let_periods_change(db: Connection) -> None:
    """The temporal foreign keys of admissions wait for the end of the transaction: two periods may replace one."""
    await db.execute("set constraints all deferred")


async def replace_verified_periods(
    db: Connection, kept: dict[UUID, list[VerifiedPeriod]], derived: dict[UUID, list[VerifiedPeriod]]
) -> None:
    """Turns the kept periods of devices into the derived ones, touching only what differs."""
    gone = [(device_id, period) for device_id in kept for period in kept[device_id] if period not in derived[device_id]]
    new = [(device_id, period) for device_id in kept for period in derived[device_id] if period not in kept[device_id]]
    await db.execute(
        """
        delete from verified_period
         using unnest($1::uuid[], $2::timestamptz[]) as gone (device_id, begins)
         where verified_period.device_id = gone.device_id
           and lower(verified_period.span) = gone.begins
        """,
        [device_id for device_id, _ in gone],
        [period.begins for _, period in gone],
    )
    await db.executemany(
        """
        insert into verified_period (device_id, span, certificates)
        values ($1, tstzrange($2, $3, '[)'), $4)
        """,
        [(device_id, period.begins, period.ends, list(period.certificates)) for device_id, period in new],
    )


async def replace_service_periods(
    db: Connection, kept: dict[UUID, list[Span]], derived: dict[UUID, list[Span]]
) -> None:
    """Turns the kept periods of devices into the derived ones, touching only what differs."""
    gone = [(device_id, span) for device_id in kept for span in kept[device_id] if span not in derived[device_id]]
    new = [(device_id, span) for device_id in kept for span in derived[device_id] if span not in kept[device_id]]
    await db.execute(
        """
        delete from service_period
         using unnest($1::uuid[], $2::timestamptz[]) as gone (device_id, begins)
         where service_period.device_id = gone.device_id
           and lower(service_period.span) = gone.begins
        """,
        [device_id for device_id, _ in gone],
        [span.begins for _, span in gone],
    )
    await db.executemany(
        """
        insert into service_period (device_id, span)
        values ($1, tstzrange($2, $3, '[)'))
        """,
        [(device_id, span.begins, span.ends) for device_id, span in new],
    )


async def standing_of(db: Connection, tag: str, captured: Interval) -> Standing | None:
    """The standing of the device with that tag; None: no such device."""
    return (await standings_of(db, [(tag, captured)])).get((tag, captured))


async def standings_of(db: Connection, asked: Sequence[tuple[str, Interval]]) -> dict[tuple[str, Interval], Standing]:
    """The standing of each device over its interval; tags that no device has are left out.

    One round trip for all where one kept period of either sort contains the whole interval. Only where none does (not
    in standing, or across two adjoining periods) are the facts loaded, and they decide.
    """
    rows = await db.fetch(
        f"""
        select {_DEVICE},
               array(select row (certificate.id, certificate.channel, certificate.certificate_no,
                                 certificate.verified_on, certificate.valid_until)
                       from verified_period
                       join verification_certificate as certificate
                         on certificate.id = any(verified_period.certificates)
                      where verified_period.device_id = device.id and verified_period.span @> asked.captured),
               exists (select from service_period
                        where service_period.device_id = device.id and service_period.span @> asked.captured),
               case when not device.verification_needed then (
                    select id
                      from written_conclusion
                     where device_id = device.id and requirement = device.requirement and concluded_on <= asked.day
                     order by concluded_on desc, id desc
                     limit 1) end,
               asked.number
          from unnest($1::text[], $2::tstzrange[], $3::date[]) with ordinality as asked (tag, captured, day, number)
          join device on device.tag = asked.tag
          join device_kind on device_kind.code = device.kind
        """,  # noqa: S608 - a constant
        [tag for tag, _ in asked],
        [Range(captured.earliest, captured.latest, upper_inc=True) for _, captured in asked],
        [day_of(captured.earliest) for _, captured in asked],
    )
    standings = {}
    unclear: list[tuple[tuple[str, Interval], Device]] = []
    for row in rows:
        device = _device(row)
        certificates, served, conclusion_id, number = row[_DEVICE_COLUMNS:]
        key = asked[number - 1]
        if served and device.verification_needed and certificates:
            by_channel = {found.channel: found for found in (InForce(*certificate) for certificate in certificates)}
            in_order = [by_channel[channel] for channel in device.channels or ("",)]
            standings[key] = in_standing(device, key[1], in_order, None)
        elif served and conclusion_id:
            standings[key] = in_standing(device, key[1], (), conclusion_id)
        else:
            unclear.append((key, device))
    if unclear:
        facts = await facts_of_all(db, {device.id for _, device in unclear})
        standings |= {key: standing(device, facts[device.id], key[1]) for key, device in unclear}
    return standings


async def snapshot(db: Connection, standing: Standing, captured: Interval) -> dict[str, Any]:
    """What a judgement rested on, as JSON that needs nothing else to be understood: for a verdict's inputs."""
    row = await db.fetchrow(
        """
        select coalesce((
               select jsonb_agg(jsonb_build_object(
                          'id', id, 'channel', channel, 'certificate_no', certificate_no, 'issuing_body', issuing_body,
                          'regulation', regulation, 'occasion', occasion, 'verified_on', verified_on,
                          'valid_until', valid_until, 'document_sha256', encode(document_sha256, 'hex'),
                          'known_from', known_from) order by verified_on, channel, id)
                 from verification_certificate
                where id = any ($2)), '[]') as certificates,
               (select jsonb_build_object(
                          'id', id, 'requirement', requirement, 'document_no', document_no, 'conclusion', conclusion,
                          'concluded_on', concluded_on, 'known_from', known_from)
                  from written_conclusion
                 where id = $3) as conclusion,
               coalesce((
               select jsonb_agg(jsonb_build_object(
                          'begins', lower(span), 'ends', upper(span), 'certificates', certificates) order by span)
                 from verified_period
                where device_id = $1 and span && $4), '[]') as verified_periods,
               coalesce((
               select jsonb_agg(jsonb_build_object('begins', lower(span), 'ends', upper(span)) order by span)
                 from service_period
                where device_id = $1 and span && $4), '[]') as service_periods
        """,
        standing.device.id,
        [certificate.id for certificate in standing.certificates],
        standing.conclusion_id,
        Range(captured.earliest, captured.latest, upper_inc=True),
    )
    assert row is not None
    rule_inputs = dict(row) | {
        "device": standing.device,
        "captured": captured,
        "outcome": standing.outcome,
        "reasons": standing.reasons,
        "verified_that_day": standing.verified_that_day,
        "cautions": standing.cautions,
        "rule_version": RULE_VERSION,
    }
    frozen: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rule_inputs))
    return frozen


_TABLES: dict[type[Fact], str] = {
    VerificationCertificate: "verification_certificate",
    VerificationFailureNotice: "verification_failure_notice",
    VoidEvent: "void_event",
    ServiceEvent: "service_event",
    WrittenConclusion: "written_conclusion",
}
_COLUMNS: dict[type[Fact], tuple[str, ...]] = {kind: kind.__struct_fields__ for kind in _TABLES}
"""The columns of a fact's table bear the names of its Struct's fields."""


def _device(row: Record) -> Device:
    (
        id_, tag, kind, kind_zh, kind_en, channels, months, serial_no, model, maker, unit_id, mounting, address,
        longitude, latitude, datum, requirement, verification_needed, registered_at,
    ) = row[:_DEVICE_COLUMNS]  # fmt: skip
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


def _certificate(row: tuple[Any, ...]) -> VerificationCertificate:
    (
        id_, channel, nature, occasion, certificate_no, issuing_body, regulation, verified_on, valid_until,
        issued_sequence, document_sha256,
    ) = row  # fmt: skip
    return VerificationCertificate(
        id=id_,
        channel=channel,
        nature=Nature(nature),
        occasion=Occasion(occasion),
        certificate_no=certificate_no,
        issuing_body=issuing_body,
        regulation=regulation,
        verified_on=verified_on,
        valid_until=valid_until,
        issued_sequence=issued_sequence,
        document_sha256=document_sha256,
    )


def _failure_notice(row: tuple[Any, ...]) -> VerificationFailureNotice:
    (
        id_, channel, notice_no, issuing_body, regulation, failed_on, failed_items, issued_sequence, document_sha256,
    ) = row  # fmt: skip
    return VerificationFailureNotice(
        id=id_,
        channel=channel,
        notice_no=notice_no,
        issuing_body=issuing_body,
        regulation=regulation,
        failed_on=failed_on,
        failed_items=failed_items,
        issued_sequence=issued_sequence,
        document_sha256=document_sha256,
    )
