"""Who may do what with which report. A unit's people reach their unit's; a government's receiver those made to it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from agency.model import Actor, Role
from agency.queries import reach
from device_registry.annual_report.model.workflow import Report, Version
from device_registry.annual_report.problems import ReportNotFound
from device_registry.annual_report.queries.reports import report_by_id, reports_of
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection
from foundation.problem import NotAllowed, Spoken

UNIT = (Role.DEVICE_MANAGER, Role.ENTITY_HEAD)
READERS = (*UNIT, Role.REPORT_RECEIVER, Role.SUPERVISOR)
OVERSEERS = (Role.REPORT_RECEIVER, Role.SUPERVISOR)

Reason = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]


def receives_for(actor: Actor) -> frozenset[UUID]:
    """The governments for which the actor receives: those the role was given for, not what lies below them."""
    return frozenset(grant.unit_id for grant in actor.roles if grant.role is Role.REPORT_RECEIVER)


async def known_report(db: Connection, actor: Actor, report_id: UUID, clock: Clock) -> Report:
    """For reading. Raises ReportNotFound, also for a report beyond the actor's reach."""
    report = await report_by_id(db, report_id)
    seen = [] if report is None else await _seen(db, actor, [report], clock)
    if not seen:
        raise ReportNotFound
    return seen[0]


async def known_reports(db: Connection, actor: Actor, year: int | None, clock: Clock) -> list[Report]:
    """All that the actor may read, of units within reach."""
    units = await reach(db, actor, READERS, day_of(clock.now()))
    return await _seen(db, actor, await reports_of(db, units, year=year, received=False), clock)


async def inbox(db: Connection, actor: Actor, year: int | None, clock: Clock) -> list[Report]:
    """Reports made to governments that the actor receives for."""
    return await _seen(db, actor, await reports_of(db, receives_for(actor), year=year, received=True), clock)


async def _seen(db: Connection, actor: Actor, reports: Sequence[Report], clock: Clock) -> list[Report]:
    """A unit's people see all of its report; whoever oversees or receives it, the versions that were filed."""
    today = day_of(clock.now())
    own = await reach(db, actor, UNIT, today)
    overseen = await reach(db, actor, OVERSEERS, today)
    governments = receives_for(actor)
    seen = []
    for report in reports:
        filed = tuple(version for version in report.versions if version.filing is not None)
        if report.unit_id in own:
            seen.append(report)
        elif filed and (report.unit_id in overseen or governments & {version.receiver_id for version in filed}):
            seen.append(msgspec.structs.replace(report, versions=filed))
    return seen


async def report_to_act_on(
    db: Connection, actor: Actor, report_id: UUID, roles: tuple[Role, ...], clock: Clock
) -> Report:
    """One of a unit's own, to its people with these roles. Raises ReportNotFound, NotAllowed."""
    report = await known_report(db, actor, report_id, clock)
    if report.unit_id not in await reach(db, actor, roles, day_of(clock.now())):
        raise NotAllowed(members={"needed": [Spoken(f"role.{role}") for role in roles]})
    return report


def must_receive(actor: Actor, version: Version) -> None:
    """Raises NotAllowed unless the version was made to a government that the actor receives for."""
    if version.receiver_id not in receives_for(actor):
        raise NotAllowed(members={"needed": [Spoken(f"role.{Role.REPORT_RECEIVER}")]})
