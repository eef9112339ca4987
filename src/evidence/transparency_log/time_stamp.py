"""Time stamps of an authority (RFC 3161) over published checkpoints: when the log was what it was, on another's word.

The token is kept as it came. `openssl ts` checks it, which every stranger has, too; nothing of CMS is parsed here.
"""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import aiohttp
import anyio

from evidence.custodian import Custodian
from evidence.transparency_log import queries
from evidence.transparency_log.published import time_token_key
from evidence.transparency_log.rules.note import Note

MOST_BYTES = 64 * 1024
"""Of an answer; with a chain of certificates it is a few kB."""
PATIENCE_SECONDS = 30
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
"""AlgorithmIdentifier of SHA-256, in DER."""
_TIME = re.compile(r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.(\d+))? (\d{4}) GMT$", re.MULTILINE)


class Authority(NamedTuple):
    """Its address, and the file of certificates (PEM) that vouch for it."""

    url: str
    trust: str


class TokenRefused(Exception):
    """What the authority answered is no time stamp of that text by somebody who is trusted; the message says why."""


class NoOpenssl(TokenRefused):
    """Nothing is said about the token: there is no openssl on this machine."""


async def stamp(custodian: Custodian, authority: Authority) -> int | None:
    """Has the newest published checkpoint stamped and keeps the token, also locked in the store; returns its size.

    None where that was done before, or nothing is published. Raises TokenRefused, aiohttp.ClientError, TimeoutError.
    """
    async with custodian.database.connection() as db:
        size = await queries.published_size(db)
        signed = await queries.checkpoint_at(db, size)
        if signed is None or await queries.time_token(db, size) is not None:
            return None
        origin = await queries.origin_of(db)
    text = Note.parse(signed.note).text.encode()
    query = query_over(text)
    token = await _asked(authority.url, query)
    at = await checked(query, token, authority.trust)
    async with custodian.database.connection() as db:
        await queries.add_time_token(db, size, authority.url, token, at)
    await custodian.store.put_once(time_token_key(origin, size), token, custodian.clock.now() + custodian.retention)
    return size


def query_over(text: bytes) -> bytes:
    """TimeStampReq in DER: version 1, SHA-256 of the text, a nonce of eight bytes, and the certificates, please."""
    imprint = b"\x30\x31" + _SHA256 + b"\x04\x20" + hashlib.sha256(text).digest()
    nonce = bytes([secrets.randbelow(0x7F) + 1]) + secrets.token_bytes(7)
    body = b"\x02\x01\x01" + imprint + b"\x02\x08" + nonce + b"\x01\x01\xff"
    return b"\x30" + bytes([len(body)]) + body


async def checked(query: bytes, token: bytes, trust: str) -> datetime:
    """When the authority says it was, once all of the token holds at that very time. Raises TokenRefused."""
    with TemporaryDirectory(prefix="plumbline-time-") as folder:
        asked, answered = (Path(folder) / name for name in ("query.tsq", "answer.tsr"))
        await anyio.Path(asked).write_bytes(query)
        await anyio.Path(answered).write_bytes(token)
        at = _time_in(await _openssl("-reply", "-in", str(answered), "-text"))
        then = str(int(at.timestamp()))
        arguments = ("-queryfile", str(asked), "-in", str(answered), "-CAfile", trust, "-attime", then)
        await _openssl("-verify", *arguments)
    return at


async def checked_again(text: bytes, token: bytes, trust: str) -> datetime:
    """When the authority stamped the text, once all of a kept token holds at that very time.

    Raises TokenRefused, NoOpenssl.
    """
    with TemporaryDirectory(prefix="plumbline-time-") as folder:
        stamped, answered = (Path(folder) / name for name in ("stamped.txt", "answer.tsr"))
        await anyio.Path(stamped).write_bytes(text)
        await anyio.Path(answered).write_bytes(token)
        at = _time_in(await _openssl("-reply", "-in", str(answered), "-text"))
        then = str(int(at.timestamp()))
        arguments = ("-data", str(stamped), "-in", str(answered), "-CAfile", trust, "-attime", then)
        await _openssl("-verify", *arguments)
    return at


def _time_in(text: str) -> datetime:
    found = _TIME.search(text)
    if found is None:
        raise TokenRefused("there is no time in the answer")
    day, fraction, year = found.groups()
    whole = datetime.strptime(f"{day} {year}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    return whole.replace(microsecond=int((fraction or "0").ljust(6, "0")[:6]))


async def _asked(url: str, query: bytes) -> bytes:
    patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    token = b""
    async with (
        aiohttp.ClientSession(timeout=patience, raise_for_status=True) as session,
        session.post(url, data=query, headers=headers) as answer,
    ):
        async for chunk in answer.content.iter_chunked(MOST_BYTES):
            token += chunk
            if len(token) > MOST_BYTES:
                raise TokenRefused("the answer is too long")
    return token


async def _openssl(*arguments: str) -> str:
    """Raises TokenRefused, NoOpenssl."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("openssl", "ts", *arguments), stdout=-1, stderr=-1, env=os.environ | {"LC_ALL": "C"}
        )
    except OSError as error:
        raise NoOpenssl(f"openssl: {error.strerror}") from error
    said, complained = await process.communicate()
    if process.returncode:
        raise TokenRefused(_last_line(complained or said))
    return said.decode(errors="replace")


def _last_line(output: bytes) -> str:
    lines: Sequence[str] = output.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "openssl says no")
