"""Days that no calendar here holds, told of a step whose turn it is: a problem at the field, nothing changes."""

from typing import Any

import pytest

from device_registry.model import Aspect
from tests.device_registry.test_http import client, heard, is_problem, registry_app
from tests.device_registry.test_life_cycle import Town, city, town

__all__ = ["city", "client", "heard", "registry_app", "town"]

DAYS = ("0001-01-01", "1899-12-31", "9999-12-31")
INSTANTS = ("0001-01-01T00:00:00+14:00", "1899-12-31T12:00:00+08:00", "9999-12-31T23:59:59-12:00")


@pytest.mark.parametrize("instant", INSTANTS)
async def test_a_device_is_not_suspended_from_beyond_the_calendar(town: Town, instant: str) -> None:
    await town.until("in service")
    is_problem(await town.does("manager", "suspend", occurred_at=instant), 422, "date-not-plausible", "occurred_at")
    assert await town.state() == "IN_SERVICE"


@pytest.mark.parametrize("day", DAYS)
async def test_reviews_notices_and_deadlines_lie_within_the_calendar(town: Town, day: str) -> None:
    bent: dict[str, Any] = {"reviewed_on": day}
    site = await town.until("proposed")
    is_problem(await town.reviews("legal", site, Aspect.LEGAL, **bent), 422, "date-not-plausible", "reviewed_on")
    await town.approved(site)
    is_problem(await town.announces("publicity", site, announced_on=day), 422, "date-not-plausible", "announced_on")


@pytest.mark.parametrize("day", DAYS)
async def test_a_rectification_has_a_deadline_within_the_calendar(town: Town, day: str) -> None:
    await town.until("suspended")
    is_problem(await town.does("manager", "rectify", deadline=day), 422, "date-not-plausible", "deadline")
    assert await town.state() == "SUSPENDED"
