"""A lost phone is revoked by somebody in charge of its unit: what it told and captured since counts no more."""

from datetime import datetime, timedelta

import pytest

from agency.model import Role
from evidence import queries as evidence
from evidence.custodian import Custodian
from evidence.model import State
from foundation.civil import BEIJING
from inspection import queries
from inspection.pushing import push
from plumbline.jobs import do_due
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.console.conftest import Desk, desk, somebody, text_of
from tests.evidence.test_admission import hand_in
from tests.inspection.builders import a_task, told
from tests.support import FixedClock

__all__ = ["desk"]
CONFORMS = {"type": "FINDING", "item": "F-01", "result": "CONFORMS", "note": "灶台已清洗"}


@pytest.fixture
async def officer(custodian: Custodian) -> OfficerWithPhone:
    return await an_officer(custodian.database, await a_unit(custodian.database))


async def test_what_was_told_and_captured_since_the_loss_counts_no_more_and_earlier_evidence_stays(
    custodian: Custodian, officer: OfficerWithPhone, desk: Desk, clock: FixedClock
) -> None:
    task = await a_task(custodian.database, clock, officer)
    before, _ = await hand_in(custodian, officer, clock.now())
    lost_at = clock.now() + timedelta(hours=1)
    clock.advance(timedelta(hours=2))
    await push(custodian, [told(officer, task.id, CONFORMS)], officer.courier)
    since, judged = await hand_in(custodian, officer, clock.now())
    assert judged.verdict.outcome == "ADMITTED"
    await somebody(custodian.database, officer.unit_id, "head", Role.ENTITY_HEAD)
    await desk.sign_in("head")
    assert "执法终端" in text_of(await desk.read("/desk/phones"))
    form = {"lost_at": beijing(lost_at), "reason": "执法途中遗失"}
    path = f"/desk/phones/{officer.phone_id}"
    late = await desk.send(path, form | {"lost_at": beijing(clock.now() + timedelta(days=1))})
    assert late.status_code == 400
    assert (await desk.send(path, form)).status_code == 303
    await do_due(custodian)
    async with custodian.database.connection() as db:
        states = await evidence.states_of(db, [before, since])
        statements = (await queries.all_told(db, [task.id]))[task.id]
        told_of = await db.fetchval(
            "select details ->> 'reason' from custody_entry where event = 'agency:phone:revoked'"
        )
    assert states == {before: State.ADMITTED, since: State.HELD}
    assert (len(statements.counted), len(statements.after_revocation)) == (0, 1)
    assert told_of == "执法途中遗失"
    assert "已撤销" in text_of(await desk.read("/desk/phones"))


async def test_nobody_of_another_unit_revokes_it(custodian: Custodian, officer: OfficerWithPhone, desk: Desk) -> None:
    await somebody(custodian.database, await a_unit(custodian.database), "stranger", Role.ENTITY_HEAD)
    await desk.sign_in("stranger")
    form = {"lost_at": beijing(custodian.clock.now()), "reason": "x"}
    assert (await desk.send(f"/desk/phones/{officer.phone_id}", form)).status_code == 404


def beijing(instant: datetime) -> str:
    """As a browser sends it."""
    return instant.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S")
