"""Facts about devices: read, and added; never edited."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError

from device_registry.model import (
    Fact,
    Facts,
    Nature,
    Occasion,
    Requirement,
    ServiceChange,
    ServiceEvent,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidCause,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.problems import FactAlreadyRecorded
from foundation.database import Connection


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


_TABLES: dict[type[Fact], str] = {
    VerificationCertificate: "verification_certificate",
    VerificationFailureNotice: "verification_failure_notice",
    VoidEvent: "void_event",
    ServiceEvent: "service_event",
    WrittenConclusion: "written_conclusion",
}


_COLUMNS: dict[type[Fact], tuple[str, ...]] = {kind: kind.__struct_fields__ for kind in _TABLES}
"""The columns of a fact's table bear the names of its Struct's fields."""


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
