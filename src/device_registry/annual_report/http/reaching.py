"""Who may do what with which report. A unit's people reach their unit's; a government's receiver those made to it."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from agency.model import Actor, Role
from agency.queries import reach
from device_registry.annual_report.model.workflow import Report, Version
from device_registry.annual_report.problems import ReportNotFound
from device_registry.annual_report.queries.reports import report_by_id
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
    if report is None:
        raise ReportNotFound
    made_to = {version.receiver_id for version in report.versions if version.filing is not None}
    if made_to & receives_for(actor):
        return report
    if report.unit_id not in await reach(db, actor, READERS, day_of(clock.now())):
        raise ReportNotFound
    return report


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
