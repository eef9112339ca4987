"""What is due is told, a statement a subject, as often as anybody asks and never twice."""

from datetime import date, datetime, timedelta
from uuid import UUID

from agency.model import Role
from device_registry.annual_report.reminding import reminders
from device_registry.notices.model import NewNotice
from device_registry.notices.queries import notify
from device_registry.queries import PolicyName, policy_by_unit
from foundation.civil import beginning_of, day_after, day_of
from foundation.database import Connection

STAGES = (7, 30, 60, 90)
"""Days before the last valid day. A device that is known late is told of at the nearest stage alone."""
LOOKED_BACK = timedelta(days=30)
"""A device that lapsed longer ago than the worker can have been away stands in a working list and is no news."""
RECTIFICATION_NEAR = timedelta(days=7)
OVERDUE_REPORTS_UNTIL = (1, 31)
"""Last day on which last year's report is still asked for: month, day."""


async def remind(db: Connection, now: datetime) -> int:
    """Everything that is due at that instant; how many notices were new."""
    today = day_of(now)
    given = await _verifications(db, now)
    given += await _rectifications(db, today, now)
    given += await _reviews(db, now)
    return given + await _annual_reports(db, today, now)


async def _verifications(db: Connection, now: datetime) -> int:
    tomorrow = beginning_of(day_after(day_of(now)))
    ends = [now, *(tomorrow + timedelta(days=days) for days in STAGES)]
    rows = await db.fetch(
        """
        insert into notice (subject, details, role, unit_id, device_id, once, created_at)
        select case when verified_until <= $1 then 'VERIFICATION_OVERDUE' else 'VERIFICATION_DUE' end,
               jsonb_build_object('tag', tag, 'until', verified_until), $5, unit_id, device_id,
               concat_ws(':', 'VERIFICATION', stage.name, device_id, extract(epoch from verified_until)::bigint), $1
          from unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) as stage (name, after, until)
          join device_overview on verified_until > stage.after and verified_until <= stage.until
         where requirement = 'MANDATORY'
           and state not in ('RETIRED', 'REJECTED', 'WITHDRAWN')
           and last_result = 'PASS'
         order by verified_until desc
            on conflict on constraint notice_given_once do nothing
        returning id
        """,
        now,
        ["DAY_AFTER", *map(str, STAGES)],
        [now - LOOKED_BACK, *ends[:-1]],
        ends,
        Role.DEVICE_MANAGER,
    )
    return len(rows)


async def _rectifications(db: Connection, today: date, now: datetime) -> int:
    rows = await db.fetch(
        """
        insert into notice (subject, details, role, unit_id, device_id, once, created_at)
        select subject, jsonb_build_object('tag', tag, 'deadline', deadline), $4, unit_id, device_id,
               concat_ws(':', subject, device_id, deadline), $3
          from (select *, case when deadline < $1 then 'RECTIFICATION_PAST' else 'RECTIFICATION_NEAR' end as subject
                  from device_overview
                 where state = 'RECTIFYING'
                   and cardinality(awaiting) > 0
                   and awaiting @> array['RECTIFICATION']
                   and deadline <= $2) as late
            on conflict on constraint notice_given_once do nothing
        returning id
        """,
        today,
        today + RECTIFICATION_NEAR,
        now,
        Role.DEVICE_MANAGER,
    )
    return len(rows)


async def _reviews(db: Connection, now: datetime) -> int:
    limits = await policy_by_unit(db, PolicyName.REVIEW_DAYS, day_of(now))
    rows = await db.fetch(
        """
        insert into notice (subject, details, role, unit_id, device_id, once, created_at)
        select 'REVIEW_LATE', jsonb_build_object('tag', tag, 'days', days), step || 'ER', unit_id, device_id,
               concat_ws(':', step || '_LATE', device_id, extract(epoch from proposed_at)), $1
          from device_overview
          join unnest($2::uuid[], $3::int[]) as policy (reached, days) on reached = unit_id
         cross join unnest(awaiting) as step
         where cardinality(awaiting) > 0
           and step in ('LEGAL_REVIEW', 'TECHNICAL_REVIEW')
           and proposed_at < $1::timestamptz - make_interval(days => days)
            on conflict on constraint notice_given_once do nothing
        returning id
        """,
        now,
        list[UUID](limits),
        list(limits.values()),
    )
    return len(rows)


async def _annual_reports(db: Connection, today: date, now: datetime) -> int:
    years = [today.year]
    if (today.month, today.day) <= OVERDUE_REPORTS_UNTIL:
        years.append(today.year - 1)
    due = [found for year in years for found in await reminders(db, year, today)]
    told = [
        NewNotice(
            subject=f"ANNUAL_REPORT_{reminder.role}",
            details={"year": reminder.year, "due_on": str(reminder.due_on)},
            role=reminder.role,
            unit_id=reminder.unit_id,
            once=f"ANNUAL_REPORT:{reminder.unit_id}:{reminder.year}:{reminder.stage}:{reminder.role}",
        )
        for reminder in due
    ]
    return await notify(db, told, now)
