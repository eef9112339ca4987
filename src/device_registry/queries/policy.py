"""What governments ask for, who may verify, and which unit holds a device."""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from asyncpg import ExclusionViolationError, ForeignKeyViolationError

from agency.queries import ancestors, lines_above, tree
from device_registry.model import VerificationBody
from device_registry.problems import PolicyOverlaps, UnitUnknown
from foundation.database import Connection


class PolicyName(StrEnum):
    LEAD_DAYS = "LEAD_DAYS"
    """Between publication and use. 国发〔2024〕5号: published before use, so 0; Guangdong (粤府〔2025〕12号): 30."""
    SIGN_CHECK_DAYS = "SIGN_CHECK_DAYS"
    """How old the last check of the signs may be when a device goes into service."""
    REVIEW_DAYS = "REVIEW_DAYS"
    """How long a review may take before it is shown as late."""
    URGENT_APPROVAL_HOURS = "URGENT_APPROVAL_HOURS"
    """Within which the head approves an urgent inspection after it began: 国办发〔2024〕54号 leaves the time to whoever
    carries it out; 24 by analogy with 行政强制法 Art. 19."""
    CONTENT_REVIEW_DAYS = "CONTENT_REVIEW_DAYS"
    """How long the content of a device's record may wait for its review, in calendar days from its receipt."""
    CONTENT_REVIEWERS = "CONTENT_REVIEWERS"
    """How many must pass the content of a device's record: 1, or 2 for four eyes. A number of people, not of days."""
    ACCESS_REASON = "ACCESS_REASON"
    """Who must say for what they look at evidence: 0 nobody, 1 who reads an original, 2 who opens the record, too."""

    RETENTION_CAPTURE_DAYS = "RETENTION_CAPTURE_DAYS"
    """How long whatever was captured is kept, from the end of the capture. 公安机关现场执法视音频记录工作规定 Art. 13:
    six months at least for recordings; no norm for other captures."""
    RETENTION_INSPECTION_DAYS = "RETENTION_INSPECTION_DAYS"
    """How long what belongs to an on-site inspection is kept, from the end of the capture."""
    RETENTION_CASE_DAYS = "RETENTION_CASE_DAYS"
    """How long what a case rests on is kept after it was closed: 10 or 30 years by the archive's schedule."""
    DISPOSAL_WAITING_DAYS = "DISPOSAL_WAITING_DAYS"
    """Between the confirmation of a disposal list and the disposal."""


DEFAULTS = {
    PolicyName.LEAD_DAYS: 0,
    PolicyName.SIGN_CHECK_DAYS: 365,
    PolicyName.REVIEW_DAYS: 20,
    PolicyName.URGENT_APPROVAL_HOURS: 24,
    PolicyName.CONTENT_REVIEW_DAYS: 10,
    PolicyName.CONTENT_REVIEWERS: 1,
    PolicyName.ACCESS_REASON: 0,
    PolicyName.RETENTION_CAPTURE_DAYS: 184,
    PolicyName.RETENTION_INSPECTION_DAYS: 1827,
    PolicyName.RETENTION_CASE_DAYS: 10958,
    PolicyName.DISPOSAL_WAITING_DAYS: 30,
}
"""Where no government says anything. Design values, for want of a norm: the age of a sign check, the time of a review,
both of the content review, that nobody is asked for a reason, the five years of an
inspection and the waiting time of a disposal."""


class Policy(msgspec.Struct, frozen=True):
    """What a government sets from `begins` to `ends`: Beijing civil days, half-open; its name says the unit."""

    unit_id: UUID
    name: PolicyName
    value: int
    begins: date | None
    ends: date | None
    source: str


async def policy_for(db: Connection, unit_id: UUID, name: PolicyName, day: date) -> int:
    """What the nearest government at or above the unit asks for on that day, in the unit that the name says."""
    above = [unit.id for unit in await ancestors(db, unit_id, day)]
    rows = await db.fetch(
        """
        select unit_id, value
          from jurisdiction_policy
         where unit_id = any ($1)
           and name = $2
           and span @> $3::date
        """,
        above,
        name,
        day,
    )
    values: dict[UUID, int] = dict(tuple(row) for row in rows)
    return next((values[unit] for unit in above if unit in values), DEFAULTS[name])


async def policy_by_unit(db: Connection, name: PolicyName, day: date) -> dict[UUID, int]:
    """The same for every unit that stands on that day."""
    rows = await db.fetch(
        """
        select unit_id, value
          from jurisdiction_policy
         where name = $1
           and span @> $2::date
        """,
        name,
        day,
    )
    set_here: dict[UUID, int] = dict(tuple(row) for row in rows)
    found: dict[UUID, int] = {}
    for unit in await tree(db, day):
        above = found.get(unit.parent_id, DEFAULTS[name]) if unit.parent_id else DEFAULTS[name]
        found[unit.id] = set_here.get(unit.id, above)
    return found


async def policies_for(
    db: Connection, name: PolicyName, asked: Collection[tuple[UUID, date]]
) -> dict[tuple[UUID, date], int]:
    """The same for many units, each on its day."""
    above = await lines_above(db, set(asked))
    rows = await db.fetch(
        """
        select unit_id, value, lower(span), upper(span)
          from jurisdiction_policy
         where unit_id = any ($1)
           and name = $2
        """,
        list({unit for line in above.values() for unit in line}),
        name,
    )
    found: dict[tuple[UUID, date], int] = {}
    for key in set(asked):
        day = key[1]
        values = {
            unit: value
            for unit, value, begins, ends in rows
            if (begins is None or begins <= day) and (ends is None or day < ends)
        }
        found[key] = next((values[unit] for unit in above.get(key, ()) if unit in values), DEFAULTS[name])
    return found


async def policies(db: Connection, units: Collection[UUID]) -> list[Policy]:
    """All there are for these units, past and planned ones too, newest first."""
    rows = await db.fetch(
        """
        select unit_id, name, value, lower(span), upper(span), source
          from jurisdiction_policy
         where unit_id = any ($1)
         order by name, span desc
        """,
        list(units),
    )
    return [Policy(unit_id, PolicyName(name), *rest) for unit_id, name, *rest in rows]


async def set_policy(db: Connection, policy: Policy, known_from: datetime, recorded_by: UUID | None) -> None:
    """From `policy.begins` on; what held then ends the day before. Raises PolicyOverlaps: a later one is planned."""
    await db.execute(
        """
        update jurisdiction_policy
           set span = daterange(lower(span), $3)
         where unit_id = $1
           and name = $2
           and span @> $3::date
           and coalesce(lower(span), '-infinity') < $3
        """,
        policy.unit_id,
        policy.name,
        policy.begins,
    )
    try:
        await db.execute(
            """
            insert into jurisdiction_policy (unit_id, name, value, span, source, known_from, recorded_by)
            values ($1, $2, $3, daterange($4, $5), $6, $7, $8)
            """,
            *msgspec.structs.astuple(policy),
            known_from,
            recorded_by,
        )
    except ExclusionViolationError as error:
        raise PolicyOverlaps(field="begins") from error


async def bodies_named(db: Connection, names: Collection[str]) -> dict[str, list[VerificationBody]]:
    """What is known of the authorisations of these bodies; those of which nothing is known are left out."""
    found: dict[str, list[VerificationBody]] = {}
    if not names:
        return found
    rows = await db.fetch(
        """
        select id, name, authorisation_no, kinds, lower(span), upper(span)
          from verification_body
         where name = any ($1)
         order by name, span
        """,
        list(names),
    )
    for row in rows:
        body = _body(*row)
        found.setdefault(body.name, []).append(body)
    return found


async def bodies(db: Connection) -> list[VerificationBody]:
    """Every authorisation that is known, past ones too, by name."""
    rows = await db.fetch(
        """
        select id, name, authorisation_no, kinds, lower(span), upper(span)
          from verification_body
         order by name, span
        """
    )
    return [_body(*row) for row in rows]


async def add_body(db: Connection, body: VerificationBody, recorded_by: UUID | None) -> None:
    """Raises PolicyOverlaps: the same authorisation is known for some of these days."""
    try:
        await db.execute(
            """
            insert into verification_body (id, name, authorisation_no, kinds, span, recorded_by)
            values ($1, $2, $3, $4, daterange($5, $6), $7)
            """,
            body.id,
            body.name,
            body.authorisation_no,
            list(body.kinds),
            body.begins,
            body.ends,
            recorded_by,
        )
    except ExclusionViolationError as error:
        raise PolicyOverlaps(field="begins") from error


class Holding(msgspec.Struct, frozen=True):
    """The unit that held a device from `begins` to `ends`: Beijing civil days, half-open; None: open."""

    unit_id: UUID
    begins: date | None
    ends: date | None
    known_from: datetime


async def holdings_of(db: Connection, device_id: UUID) -> list[Holding]:
    """Oldest first; they adjoin and cover all days."""
    rows = await db.fetch(
        """
        select unit_id, lower(span), upper(span), known_from
          from device_holding
         where device_id = $1
         order by span
        """,
        device_id,
    )
    return [Holding(*row) for row in rows]


async def move_holding(
    db: Connection, device_id: UUID, unit_id: UUID, begins: date, known_from: datetime, recorded_by: UUID | None
) -> None:
    """From that day on the unit holds the device. Raises UnitUnknown. The device must be locked.

    Call it with a day after the beginning of the last holding: moves are recorded in their order.
    """
    await db.execute(
        "update device_holding set span = daterange(lower(span), $2) where device_id = $1 and span @> $2::date",
        device_id,
        begins,
    )
    try:
        await db.execute(
            """
            insert into device_holding (device_id, unit_id, span, known_from, recorded_by)
            values ($1, $2, daterange($3, null), $4, $5)
            """,
            device_id,
            unit_id,
            begins,
            known_from,
            recorded_by,
        )
    except ForeignKeyViolationError as error:
        raise UnitUnknown(field="unit_id") from error
    await db.execute("update device set unit_id = $2 where id = $1", device_id, unit_id)


def _body(
    id_: UUID, name: str, number: str, kinds: list[str], begins: date | None, ends: date | None
) -> VerificationBody:
    return VerificationBody(id=id_, name=name, authorisation_no=number, kinds=tuple(kinds), begins=begins, ends=ends)
