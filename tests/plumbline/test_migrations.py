"""The schema comes from plain files, once each, in order, and is never quietly another one."""

import asyncio

import asyncpg
import pytest

from plumbline.migrations import SchemaMismatch, known, migrate, pending


async def test_a_migrated_database_lacks_nothing_and_migrating_again_does_nothing(owner_url: str) -> None:
    assert await pending(owner_url) == []
    assert await migrate(owner_url) == []


async def test_starters_at_the_same_time_apply_each_migration_once(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("drop schema public cascade; create schema public")
    finally:
        await connection.close()
    applied = await asyncio.gather(*(migrate(owner_url) for _ in range(3)))
    assert sorted(applied, key=len) == [[], [], [migration.version for migration in known()]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("insert into schema_migrations (version, sha256) values ('9999', 'x')", "9999"),
        ("update schema_migrations set sha256 = 'x' where version = '0002'", "0002"),
    ],
)
async def test_a_newer_or_an_edited_schema_is_refused_by_name(owner_url: str, change: str, says: str) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(change)
    finally:
        await connection.close()
    with pytest.raises(SchemaMismatch, match=says):
        await migrate(owner_url)


async def test_every_foreign_key_has_an_index_to_find_its_rows_by(owner_url: str) -> None:
    """A delete or an update of what is referred to must not read whole tables."""
    connection = await asyncpg.connect(owner_url)
    try:
        missing = await connection.fetch(
            """
            select conrelid::regclass::text || '.' || conname as key
              from pg_constraint
             where contype = 'f'
               and connamespace = 'public'::regnamespace
               and not exists (
                   select from pg_index
                    where indrelid = conrelid and indkey[0] = any (conkey)
               )
             order by 1
            """
        )
    finally:
        await connection.close()
    never_deleted = {"recorded_by", "registered_by", "kind"}
    assert [row["key"] for row in missing if not any(name in row["key"] for name in never_deleted)] == []
