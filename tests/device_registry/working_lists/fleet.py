"""A fleet for trials of size: devices with overviews and nothing behind them, made set by set."""

from uuid import UUID

import asyncpg

UNITS = 200


async def a_fleet(owner_url: str, size: int) -> list[UUID]:
    """Registers that many devices in UNITS units and returns the units."""
    db = await asyncpg.connect(owner_url)
    try:
        rows = await db.fetch("insert into unit (id) select uuidv7() from generate_series(1, $1) returning id", UNITS)
        units = [row["id"] for row in rows]
        await db.execute(
            """
            with made as (
                insert into device (id, tag, kind, serial_no, model, maker, unit_id, mounting, requirement,
                                    registered_at)
                select uuidv7(), 'F' || lpad(n::text, 6, '0'), 'SOUND_LEVEL', n::text, 'M', 'M',
                       ($2::uuid[])[1 + n % $3], case when n % 3 = 0 then 'HANDHELD' else 'FIXED' end,
                       case when n % 10 = 0 then 'NOT_REQUIRED' else 'MANDATORY' end, now()
                  from generate_series(1, $1) as n
                returning id, tag, kind, unit_id, requirement, siting_needed, serial_no::int as n
            )
            insert into device_overview (device_id, tag, kind, unit_id, requirement, siting_needed, state, awaiting,
                                         verified_until, last_result, last_certificate_no, in_service_from,
                                         in_service_until, first_in_service_at, announced_on, sign_checked_on,
                                         address, search, plan_step, plan_day, plan_body, plan_until)
            select id, tag, kind, unit_id, requirement, siting_needed,
                   (array['IN_SERVICE', 'IN_SERVICE', 'IN_SERVICE', 'IN_SERVICE', 'SUSPENDED', 'RETIRED'])[1 + n % 6],
                   case when n % 97 = 0 then array['RELEASE'] else array[]::text[] end,
                   due, case n % 10 when 7 then 'FAIL' when 8 then 'VOIDED' when 9 then 'NONE' else 'PASS' end,
                   'JL-' || n, due - interval '1 year', due, due - interval '3 years', '2024-01-01',
                   date '2025-01-01' + n % 700, '武汉市解放大道 ' || n || ' 号', repeat('search words of a device ', 5),
                   case when n % 50 = 0 then 'SENT' when n % 7 = 0 then 'PLANNED' end, due::date, '检定机构', due
              from (select *, timestamptz '2026-06-15 04:00+00' + ((n * 7919) % 500 - 60) * interval '1 day' as due
                      from made) as aged
            """,
            size,
            units,
            UNITS,
        )
        await db.execute("analyze device_overview")
    finally:
        await db.close()
    return units
