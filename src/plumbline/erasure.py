"""Takes a person out of the custody chain, as the owner of the tables: the leaves stay, and nobody can open them.

The application's own role cannot do this, and the erasing is itself an entry.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from evidence.custody import Event


class NotErased(Exception):
    """The message says why, and what to do."""


async def erase_from_custody(owner_url: str, person_id: UUID, mentioning: str, reason: str, now: datetime) -> int:
    """Erases who acted where it was this person, their phones, and details that contain their id or the given text.

    Returns the number of values erased. Raises NotErased.
    """
    db = await asyncpg.connect(owner_url, server_settings={"timezone": "UTC"})
    try:
        async with db.transaction():
            await db.execute("set local plumbline.erasing = 'on'")
            await db.execute(_FOUND, person_id, _pattern(str(person_id)), _pattern(mentioning) if mentioning else None)
            if await db.fetchval("select exists (select from found where hash is null)"):
                raise NotErased("Some entries are not in the log yet. They will be within a second: try again.")
            erased: int = await db.fetchval(_ERASED, now)
            for statement in _CHANGED:
                await db.execute(statement)
            await db.execute("drop table found")
            if not erased:
                raise NotErased("Nothing in the custody chain tells of that person.")
            digest = await db.fetchval(DIGEST, now)
            told = {"fields": erased, "digest": digest, "reason": reason}
            await db.execute(_TOLD, Event.PERSON_ERASED, now, msgspec.json.encode(told).decode())
        # What was updated stands in the tables' pages until they are swept.
        for table in ("custody_entry", "log_leaf"):
            await db.execute(f"vacuum (full) {table}")
        return erased
    finally:
        await db.close()


DIGEST = """
select encode(sha256(convert_to(
           string_agg(entry_id || ' ' || field || ' ' || encode(commitment, 'hex'), e'\\n' order by entry_id, field),
           'UTF8')), 'hex')
  from erased_field
 where erased_at = $1
"""
"""Of what was erased at an instant: the entry that tells of it holds this, and so the log does."""

_FOUND = """
create temporary table found as
select entry.id, entry.actor_id, entry.phone_id, entry.details::text as details,
       leaf.hash, leaf.actor_salt, leaf.phone_salt, leaf.details_salt,
       coalesce(entry.actor_id = $1, false) as by_actor,
       coalesce(phone.person_id = $1, false) as by_phone,
       coalesce(entry.details::text like any (array[$2::text, $3::text]), false) as in_details
  from custody_entry as entry
  left join phone on phone.id = entry.phone_id
  left join log_leaf as leaf on leaf.entry_id = entry.id
 where entry.actor_id = $1
    or phone.person_id = $1
    or entry.details::text like any (array[$2::text, $3::text])
"""
_ERASED = """
with erased as (
    insert into erased_field (entry_id, field, commitment, erased_at)
    select id, 'actor', sha256(actor_salt || convert_to(actor_id::text, 'UTF8')), $1::timestamptz
      from found where by_actor and actor_salt is not null
     union all
    select id, 'phone', sha256(phone_salt || convert_to(phone_id::text, 'UTF8')), $1::timestamptz
      from found where by_phone and phone_salt is not null
     union all
    select id, 'details', sha256(details_salt || convert_to(details, 'UTF8')), $1::timestamptz
      from found where in_details and details_salt is not null
    returning 1
)
select count(*) from erased
"""
_CHANGED = (
    """
    update custody_entry
       set actor_id = case when by_actor then null else custody_entry.actor_id end,
           phone_id = case when by_phone then null else custody_entry.phone_id end,
           details = case when in_details then '{}' else custody_entry.details end
      from found
     where found.id = custody_entry.id
    """,
    """
    update log_leaf
       set actor_salt = case when by_actor then null else log_leaf.actor_salt end,
           phone_salt = case when by_phone then null else log_leaf.phone_salt end,
           details_salt = case when in_details then null else log_leaf.details_salt end
      from found
     where found.id = log_leaf.entry_id
    """,
)
_TOLD = """
insert into custody_entry (evidence_id, event, actor_id, phone_id, at, details) values (null, $1, null, null, $2, $3)
"""


def _pattern(text: str) -> str:
    """Anywhere in a text, whatever signs it has that mean something to LIKE."""
    escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
