"""A time token in a bundle is compared with what was stamped and when, in bare Python; each fault has its number."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bagit
import pytest
import pytest_asyncio

from evidence.court_bundle import queries
from evidence.court_bundle.making import make
from evidence.court_bundle.model import Export
from evidence.custodian import Custodian
from evidence.transparency_log.published import publish
from evidence.transparency_log.sequencing import integrate
from evidence.transparency_log.signing import LogSigner
from evidence.transparency_log.time_stamp import Authority, stamp
from tests.evidence.court_bundle.test_court_bundle import log_signer, made, sealed_again, unpacked, verify
from tests.evidence.transparency_log.conftest import a_log_of_its_own
from tests.evidence.transparency_log.test_time_stamp import Serve, answer, folder, serve

__all__ = ["a_log_of_its_own", "folder", "log_signer", "made", "serve"]
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest_asyncio.fixture
async def stamped(custodian: Custodian, made: Export, log_signer: LogSigner, folder: Path, serve: Serve) -> Export:
    """Made while an authority answers; the log has grown since the order."""
    authority = Authority(await serve(lambda query: answer(folder, query)), str(folder / "root.pem"))
    await integrate(custodian.database, custodian.clock, log_signer)
    await make(authority, custodian, {"export_id": str(made.id)})
    return made


def run(command: str, folder: Path) -> int:
    return subprocess.run(command.split(), cwd=folder, capture_output=True, check=False).returncode


async def test_a_bundle_holds_the_token_and_the_printed_command_checks_its_signature(
    custodian: Custodian, stamped: Export, tmp_path: Path
) -> None:
    bag = await unpacked(custodian, stamped, tmp_path)
    status, said = verify(bag)
    assert (status, "时间戳 time stamp" in said) == (0, True), said
    bagit.Bag(str(bag)).validate()
    [command] = [line.split("checked by: ")[1] for line in said.splitlines() if "openssl ts" in line]
    assert run(command, bag) == 0
    told = json.loads((bag / "data/time/token.json").read_text())
    assert told["size"] > stamped.log_size, "it covers all of the bundle's log"
    assert abs(datetime.now(UTC) - datetime.fromisoformat(told["at"])) < timedelta(minutes=5)


async def test_an_older_token_stands_in_where_none_is_got_and_what_was_settled_stays(
    custodian: Custodian, made: Export, log_signer: LogSigner, folder: Path, serve: Serve, tmp_path: Path
) -> None:
    authority = Authority(await serve(lambda query: answer(folder, query)), str(folder / "root.pem"))
    await publish(custodian)
    assert await stamp(custodian, authority) == made.log_size
    await make(Authority("http://127.0.0.1:9/", authority.trust), custodian, {"export_id": str(made.id)})
    await integrate(custodian.database, custodian.clock, log_signer)
    await publish(custodian)
    await stamp(custodian, authority)
    async with custodian.database.connection() as db:
        found = await queries.stamp_of(db, made.id)
    assert found is not None
    assert found.size == made.log_size
    assert verify(await unpacked(custodian, made, tmp_path))[0] == 0


async def test_each_fault_of_a_token_has_its_number(custodian: Custodian, stamped: Export, tmp_path: Path) -> None:
    bag = await unpacked(custodian, stamped, tmp_path)
    token, text, told = (bag / "data/time" / name for name in ("token.tsr", "stamped.txt", "token.json"))
    for file in (token, text, told):
        whole = file.read_bytes()
        file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        said = verify(bag)[1]
        assert "✗ 28 TIME_STAMP_CHANGED" in said
        assert f"a time stamp was changed: {file.relative_to(bag)}" in said
        file.write_bytes(whole)
    for file, old, new, number in (
        (token, b"\x30", b"\x31", 70),
        (text, b"plumbline", b"plumbling", 71),
        (told, b'"consistency": [', b'"consistency": ["AAAA",', 72),
        (told, b'"at": "20', b'"at": "19', 73),
    ):
        whole = file.read_bytes()
        assert old in whole
        file.write_bytes(whole.replace(old, new, 1))
        sealed_again(bag)
        assert f"✗ {number} " in verify(bag)[1], number
        file.write_bytes(whole)
    sealed_again(bag)
    assert verify(bag)[0] == 0
