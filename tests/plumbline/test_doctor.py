"""The doctor sees what is wrong with servers of an operator's own, each fault on a real server that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
from msgspec.structs import replace

from plumbline.doctor import findings

if TYPE_CHECKING:
    from plumbline.doctor import Finding
    from plumbline.settings import Settings


async def faults(settings: Settings) -> dict[str, Finding]:
    return {one.subject: one async for one in findings(lambda: settings) if one.wrong}


async def test_only_the_speed_of_the_test_servers_is_at_fault(services: Settings) -> None:
    """They run with fsync off, which the doctor rightly abhors."""
    found = await faults(services)
    assert list(found) == ["durability"]
    assert "power lost is evidence lost" in found["durability"].wrong


async def test_an_owner_as_the_applications_role_is_a_fault(services: Settings) -> None:
    found = await faults(replace(services, database_url=services.migration_database_url))
    assert "owns the database" in found["database role"].wrong


async def test_a_superuser_as_the_applications_role_is_a_fault(services: Settings) -> None:
    found = await faults(replace(services, database_url=services.database_url.replace("plumbline@", "postgres@")))
    assert "is a superuser" in found["database role"].wrong


async def test_a_database_without_migrations_is_a_fault(services: Settings) -> None:
    owner = await asyncpg.connect(services.migration_database_url, database="postgres")
    await owner.execute("create database empty_one template template0")
    try:
        url = services.migration_database_url.replace("/plumbline?", "/empty_one?")
        found = await faults(replace(services, migration_database_url=url))
        assert "not applied" in found["migrations"].wrong
        assert "plumbline migrate" in found["migrations"].mend
    finally:
        await owner.execute("drop database empty_one with (force)")
        await owner.close()


async def test_an_unknown_database_is_a_fault(services: Settings) -> None:
    found = await faults(replace(services, database_url=services.database_url.replace("/plumbline?", "/nowhere?")))
    assert "Create the database" in found["database"].mend


async def test_a_wrong_secret_key_is_a_fault(services: Settings) -> None:
    found = await faults(replace(services, s3_secret_key="wrong"))
    assert "PLUMBLINE_S3_SECRET_KEY" in found["bucket"].mend


async def test_a_bucket_that_is_not_there_is_a_fault(services: Settings) -> None:
    found = await faults(replace(services, s3_bucket="elsewhere"))
    assert "elsewhere" in found["bucket"].wrong
