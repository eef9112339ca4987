"""A time-stamping authority of our own stamps checkpoints; what it did not stamp, or nobody trusts, is not kept."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from evidence.custodian import Custodian
from evidence.transparency_log import queries
from evidence.transparency_log.findings import Fault
from evidence.transparency_log.published import publish, time_token_key
from evidence.transparency_log.rules.note import Note
from evidence.transparency_log.sequencing import integrate
from evidence.transparency_log.signing import LogSigner
from evidence.transparency_log.time_stamp import Authority, TokenRefused, checked, query_over, stamp
from evidence.transparency_log.time_tokens import examine_tokens
from tests.evidence.transparency_log.conftest import Told

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

Serve = Callable[[Callable[[bytes], bytes]], Coroutine[Any, Any, str]]
CONFIGURATION = """
[tsa]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def an_authority(folder: Path) -> Path:
    """A folder with a root (root.pem) and a certificate under it that may stamp time."""
    folder.mkdir()
    (folder / "tsa.cnf").write_text(CONFIGURATION)
    (folder / "tsa.ext").write_text("extendedKeyUsage=critical,timeStamping\n")
    (folder / "serial").write_text("01\n")
    new = ("req", "-newkey", "rsa:2048", "-nodes", "-subj")
    openssl(folder, *new, "/CN=root", "-x509", "-days", "9", "-keyout", "root.key", "-out", "root.pem")
    openssl(folder, *new, "/CN=tsa", "-keyout", "tsa.key", "-out", "tsa.csr")
    signed = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "9", "-extfile", "tsa.ext")
    openssl(folder, "x509", "-req", "-in", "tsa.csr", *signed, "-out", "tsa.pem")
    return folder


def answer(folder: Path, query: bytes) -> bytes:
    (folder / "q.tsq").write_bytes(query)
    openssl(folder, "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "q.tsq", "-out", "a.tsr")
    return (folder / "a.tsr").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return an_authority(tmp_path_factory.mktemp("authority") / "tsa")


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves answers over HTTP; call it for the address."""
    servers: list[TestServer] = []

    async def served(answering: Callable[[bytes], bytes]) -> str:
        async def handle(request: web.Request) -> web.Response:
            assert request.content_type == "application/timestamp-query"
            return web.Response(body=answering(await request.read()), content_type="application/timestamp-reply")

        app = web.Application()
        app.router.add_post("/", handle)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/"))

    yield served
    for server in servers:
        await server.close()


async def test_a_published_checkpoint_is_stamped_once_and_the_token_kept_and_locked(
    custodian: Custodian, log_signer: LogSigner, told: Told, folder: Path, serve: Serve
) -> None:
    authority = Authority(await serve(lambda query: answer(folder, query)), str(folder / "root.pem"))
    assert await stamp(custodian, authority) is None, "nothing is published"
    await told(3)
    await integrate(custodian.database, custodian.clock, log_signer)
    await publish(custodian)
    assert await stamp(custodian, authority) == 3
    assert await stamp(custodian, authority) is None
    async with custodian.database.connection() as db:
        found, signed = await queries.latest_stamped(db), await queries.checkpoint_at(db, 3)
        origin = await queries.origin_of(db)
        at = await db.fetchval("select at from log_time_token")
    assert found is not None
    assert signed is not None
    assert found[0] == 3
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    assert await custodian.store.whole(time_token_key(origin, 3)) == found[1]
    (folder / "checkpoint").write_text(Note.parse(signed.note).text)
    (folder / "kept.tsr").write_bytes(found[1])
    openssl(folder, "ts", "-verify", "-data", "checkpoint", "-in", "kept.tsr", "-CAfile", "root.pem")


async def test_a_time_stamp_is_of_that_text_and_of_that_question(folder: Path) -> None:
    query, again, other = query_over(b"checkpoint"), query_over(b"checkpoint"), query_over(b"another")
    token = answer(folder, query)
    assert abs(datetime.now(UTC) - await checked(query, token, str(folder / "root.pem"))) < timedelta(minutes=1)
    for asked in (again, other):
        with pytest.raises(TokenRefused):
            await checked(asked, token, str(folder / "root.pem"))


async def test_whom_nobody_vouches_for_stamps_nothing(folder: Path, tmp_path: Path) -> None:
    stranger = an_authority(tmp_path / "stranger")
    query = query_over(b"checkpoint")
    with pytest.raises(TokenRefused):
        await checked(query, answer(stranger, query), str(folder / "root.pem"))


async def test_a_flipped_bit_in_a_token_is_found(folder: Path) -> None:
    query = query_over(b"checkpoint")
    token = answer(folder, query)
    for at in range(40, len(token), 97):
        flipped = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        with pytest.raises(TokenRefused):
            await checked(query, flipped, str(folder / "root.pem"))


async def test_what_is_no_time_stamp_is_not_kept(
    custodian: Custodian, log_signer: LogSigner, told: Told, folder: Path, serve: Serve
) -> None:
    await told(3)
    await integrate(custodian.database, custodian.clock, log_signer)
    await publish(custodian)
    for answered in (b"", b"<html>", b"0" * 100_000):
        url = await serve(partial(_whatever, answered))
        with pytest.raises(TokenRefused):
            await stamp(custodian, Authority(url, str(folder / "root.pem")))
    async with custodian.database.connection() as db:
        assert await queries.latest_stamped(db) is None


def _whatever(answered: bytes, _: bytes) -> bytes:
    return answered


async def test_fsck_verifies_every_kept_token_and_says_where_it_could_not(
    custodian: Custodian, log_signer: LogSigner, told: Told, folder: Path, serve: Serve, owner_url: str
) -> None:
    trust = str(folder / "root.pem")
    authority = Authority(await serve(lambda query: answer(folder, query)), trust)
    for _ in range(2):
        await told(3)
        await integrate(custodian.database, custodian.clock, log_signer)
        await publish(custodian)
        await stamp(custodian, authority)
    assert await examine_tokens(custodian.database, trust) == (2, 0, [])
    assert await examine_tokens(custodian.database, "") == (0, 2, [])
    owner = await asyncpg.connect(owner_url)
    await owner.execute("alter table log_time_token disable trigger user")
    await owner.execute("update log_time_token set token = (select token from log_time_token where size = 3)")
    await owner.close()
    held, _, [found] = await examine_tokens(custodian.database, trust)
    assert (held, found.fault) == (1, Fault.TIME_TOKEN_FALSE)
    assert found.about.startswith("6 ")
