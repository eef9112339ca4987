"""In a restored city the desk shows the picture, and a bundle that is exported there holds for a stranger."""

from pathlib import Path

from msgspec.structs import replace
from tests.builders import a_photo, a_unit, an_officer
from tests.client import speaking_to
from tests.console.conftest import Desk, somebody
from tests.evidence.court_bundle.test_court_bundle import unpacked, verify
from tests.evidence.test_admission import hand_in
from tests.plumbline.backup.conftest import Place, backed_up
from tests.plumbline.backup.test_backup import put_back

from agency.model import Actor, PersonKind, Role, RoleGrant
from evidence.court_bundle.exporting import export
from evidence.transparency_log.signing import LogSigner
from foundation.clock import SystemClock
from plumbline.backup.acknowledging import acknowledge
from plumbline.opening import opened
from plumbline.settings import Settings


async def test_the_desk_shows_the_picture_and_a_bundle_holds(city: Place, elsewhere: Settings, tmp_path: Path) -> None:
    database, now = city.custodian.database, SystemClock().now()
    unit_id = await a_unit(database)
    officer = await an_officer(database, unit_id)
    supervisor = await somebody(database, unit_id, "supervisor", Role.SUPERVISOR)
    evidence_id, _ = await hand_in(city.custodian, officer, now, a_photo(12))
    await city.log()
    backup = await backed_up(city, tmp_path / "backups")
    settings = replace(
        elsewhere,
        signing_key=str(city.settings.signing_key_file),
        log_signing_key=str(city.settings.log_signing_key_file),
    )
    await put_back(settings, backup)
    signer = LogSigner.load_or_create(settings.log_signing_key_file)
    await acknowledge(settings.owner_url, signer, supervisor, "演练", now, lost_note=None, forked=False)
    async with opened(settings, SystemClock()) as custodian:
        await Place(settings, custodian).log()
        async with speaking_to(settings, SystemClock()) as client:
            desk = Desk(client)
            await desk.sign_in("supervisor")
            assert (await desk.read(f"/desk/evidence/{evidence_id}")).status_code == 200
            picture = await desk.read(f"/desk/evidence/{evidence_id}/preview")
            assert (picture.headers["content-type"], picture.content[:2]) == ("image/jpeg", b"\xff\xd8")
        actor = Actor(supervisor, PersonKind.STAFF, unit_id, None, (RoleGrant(Role.SUPERVISOR, unit_id),))
        made = await export(custodian, actor, [evidence_id], "法院调取")
        status, told = verify(await unpacked(custodian, made, tmp_path))
    assert status == 0, told
