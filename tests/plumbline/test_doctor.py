"""The doctor sees what is wrong with servers of an operator's own, each fault on a real server that has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
from msgspec.structs import replace

from plumbline.doctor import _working_days, findings

if TYPE_CHECKING:
    from plumbline.doctor import Finding
    from plumbline.settings import Settings


async def faults(settings: Settings) -> dict[str, Finding]:
    return {one.subject: one async for one in findings(lambda: settings) if one.wrong}


async def test_only_the_speed_of_the_test_servers_is_at_fault(services: Settings) -> None:
    """They run with fsync off, which the doctor rightly abhors."""
    found = await faults(services)
    found.pop("working days", None)  # every year in December, until the next one is entered
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


async def test_a_year_whose_holidays_nobody_entered_is_a_fault_from_december_on(services: Settings) -> None:
    november, december = datetime(2026, 11, 30, 4, tzinfo=UTC), datetime(2026, 12, 1, 4, tzinfo=UTC)
    assert not (await _working_days(services, november)).wrong
    assert "2027" in (await _working_days(services, december)).wrong
