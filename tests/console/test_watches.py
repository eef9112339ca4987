"""The button that watches, the list, and the notice with its link."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from agency.model import Role
from evidence.custodian import Custodian
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from inspection.watching.telling import tell_watchers
from tests.builders import a_unit
from tests.console.conftest import Desk, somebody, text_of
from tests.console.test_clues import a_clue
from tests.support import FixedClock


@pytest.fixture(autouse=True)
async def unit(custodian: Custodian, desk: Desk) -> UUID:
    unit_id = await a_unit(custodian.database)
    await somebody(custodian.database, unit_id, "supervisor", Role.SUPERVISOR)
    await somebody(custodian.database, unit_id, "reviewer", Role.LEGAL_REVIEWER)
    return unit_id


async def test_a_clue_is_watched_from_its_page_and_its_next_step_comes_with_a_link(
    desk: Desk, custodian: Custodian, clock: FixedClock, unit: UUID, tmp_path: Path
) -> None:
    signer = LogSigner.load_or_create(tmp_path / "log.key")
    await introduce(custodian.database, clock, signer)
    await desk.sign_in("reviewer")
    path = (await desk.send("/desk/clues/new", a_clue(unit))).headers["location"]
    await desk.sign_in("supervisor")
    about = {"kind": "CLUE", "subject_id": path.rsplit("/", 1)[1], "back": path}
    begun = await desk.send("/desk/watches", about)
    assert (begun.status_code, begun.headers["location"]) == (303, path)
    assert "取消关注" in text_of(await desk.read(path))
    listed = await desk.read("/desk/watches")
    assert f'href="{path}"' in listed.text
    clock.advance(timedelta(minutes=1))
    await desk.sign_in("reviewer")
    await desk.send(path, {"after": "0", "step": "ACCEPTED"})
    await integrate(custodian.database, clock, signer)
    await tell_watchers(custodian.database, clock)
    await desk.sign_in("supervisor")
    inbox = await desk.read("/desk/notices")
    assert f'href="{path}"' in inbox.text
    assert "线索办理" in text_of(inbox)
    (end,) = re.findall(r"/desk/watches/[0-9a-f-]+/end", listed.text)
    assert (await desk.send(end)).status_code == 303
    assert "您还没有关注任何内容" in text_of(await desk.read("/desk/watches"))
    nothing = await desk.send("/desk/watches", {"kind": "CLUE", "subject_id": str(unit)})
    assert nothing.status_code == 404
