"""The object store: bytes under their own SHA-256, locked. Buckets through the minio SDK, bytes over one pooled client.

Measured: the SDK behind a thread and a pipe costs 7 CPU seconds a GB, a pooled asynchronous client with the SDK's own
SigV4 signer costs 2 (docs/decisions). Nothing else in the program speaks to the object store.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from mmap import mmap
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import aiohttp
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3
from msgspec import Struct
from yarl import URL

from foundation.problem import TryLater

UNSIGNED = "UNSIGNED-PAYLOAD"
LEAST_PART_BYTES = 5 << 20
"""S3 takes no smaller part, except as the last one (Amazon S3 multipart upload limits)."""
MOST_PARTS = 10_000
READ_BYTES = SLICE_BYTES = 1 << 18
FORBIDDEN = 403
DERIVED = "derived/"
"""What keys begin with of what can be made again from evidence: never locked, removed when it has served. No stray."""
CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
"""That the store may keep silent where nothing large was sent to it: longer only where it is told so."""
REACHABLE_SECONDS = 3
"""Whoever asks whether it answers wants to know it now."""


class StoredObject(Struct, frozen=True):
    """Bytes that the object store has confirmed and locked until `retained_until` (UTC)."""

    sha256: bytes
    size: int
    key: str
    version_id: str
    retained_until: datetime


class Part(NamedTuple):
    """A part the store has confirmed."""

    number: int
    etag: str


class Found(NamedTuple):
    """A version that stands under a key; `retained_until` (UTC) is None where it is not locked.

    `stored_at`: to a second, by the store's clock.
    """

    version_id: str
    size: int
    retained_until: datetime | None
    stored_at: datetime | None = None


class StoreRefused(Exception):
    """The store answered with an error that is not ours to translate; the message names status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"object store: {status} {code}")
        self.status, self.code = status, code


def key_of(sha256: bytes) -> str:
    """Where bytes with this digest live: `sha256/ab/cdef…`."""
    digest = sha256.hex()
    return f"sha256/{digest[:2]}/{digest[2:]}"


class ObjectStore:
    """One bucket with Object Lock. Open it inside the event loop that will use it.

    Every method raises TryLater when the store cannot be reached or is overloaded, StoreRefused on other errors.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: str,
        bucket: str,
        region: str,
        credentials: Credentials,
    ) -> None:
        self._session = session
        self._base = f"{endpoint.rstrip('/')}/{bucket}"
        self._region = region
        self._credentials = credentials

    @classmethod
    def open(cls, endpoint: str, bucket: str, region: str, access_key: str, secret_key: str) -> "ObjectStore":
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=30),
            auto_decompress=False,
        )
        return cls(session, endpoint, bucket, region, Credentials(access_key, secret_key))

    async def close(self) -> None:
        await self._session.close()

    async def reachable(self) -> bool:
        """Whether the bucket answers, soon."""
        try:
            async with self._request("HEAD", "", timeout_seconds=REACHABLE_SECONDS):
                return True
        except (TryLater, StoreRefused):
            return False

    async def put_locked(self, sha256: bytes, body: bytes | mmap, until: datetime) -> StoredObject:
        """Stores bytes under their digest, locked in the same request; the store itself compares the digest.

        Where they are stored already, nothing is written and the lock is extended if it ends before `until`.
        """
        key = key_of(sha256)
        headers = {
            "If-None-Match": "*",
            "x-amz-checksum-sha256": base64.b64encode(sha256).decode(),
            **_lock_headers(until),
        }
        try:
            async with self._request("PUT", key, body=[body], headers=headers, timeout_seconds=120) as response:
                version_id = response.headers.get("x-amz-version-id", "")
        except StoreRefused as refused:
            if refused.status != 412:
                raise
            return await self.adopt(sha256, len(body), until) or await self.put_locked(sha256, body, until)
        return StoredObject(sha256, len(body), key, version_id, until)

    async def put_again(self, sha256: bytes, body: bytes | mmap, until: datetime) -> StoredObject:
        """Another version under the digest, locked, whatever stands there: what is there is not what it must be."""
        key = key_of(sha256)
        headers = {"x-amz-checksum-sha256": base64.b64encode(sha256).decode(), **_lock_headers(until)}
        async with self._request("PUT", key, body=[body], headers=headers, timeout_seconds=120) as response:
            return StoredObject(sha256, len(body), key, response.headers.get("x-amz-version-id", ""), until)

    async def put_once(self, key: str, body: bytes, until: datetime) -> bool:
        """Stores bytes under a key that nothing stands under yet, locked in the same request. False: something does."""
        headers = {"If-None-Match": "*", **_lock_headers(until)}
        try:
            async with self._request("PUT", key, body=[body], headers=headers, timeout_seconds=120):
                return True
        except StoreRefused as refused:
            if refused.status != 412:
                raise
            return False

    async def whole(self, key: str) -> bytes | None:
        """The newest version of something small; None where nothing stands under the key."""
        try:
            async with self._request("GET", key) as response:
                return await response.read()
        except StoreRefused as refused:
            if refused.status != 404:
                raise
            return None

    async def keys(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        """Keys that begin so, in their order, those after the given one; an answer of the store at a time."""
        while True:
            query = {"list-type": "2", "prefix": prefix, "start-after": after}
            async with self._request("GET", "", query=query) as response:
                found = _texts(await response.read(), "Key")
            for key in found:
                yield key
            if not found:
                return
            after = found[-1]

    async def begin_parts(self, key: str) -> str:
        """Opens a multipart upload, not locked: it is locked once the digest of the whole has been compared."""
        async with self._request("POST", key, query={"uploads": ""}) as response:
            return _text(await response.read(), "UploadId")

    async def put_part(self, key: str, upload: str, number: int, body: Sequence[bytes]) -> Part:
        """`body` in slices, which are sent as they are."""
        query = {"partNumber": str(number), "uploadId": upload}
        async with self._request("PUT", key, query=query, body=body, timeout_seconds=120) as response:
            return Part(number, response.headers["ETag"].strip('"'))

    async def complete_parts(self, key: str, upload: str, parts: list[Part], *, again: bool = False) -> bool:
        """Makes the object from its parts. False where one stands under the key already, or the upload is gone.

        `again`: another version, whatever stands there.
        """
        rows = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>&quot;{escape(part.etag)}&quot;</ETag></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()
        headers = {"Content-Type": "application/xml"} | ({} if again else {"If-None-Match": "*"})
        try:
            async with self._request(
                "POST", key, query={"uploadId": upload}, body=[body], headers=headers, timeout_seconds=600
            ) as response:
                answer = await response.read()
                if b"<Error>" in answer:  # S3 may answer 200 and fail while it completes (API reference)
                    raise StoreRefused(200, _text(answer, "Code"))
        except StoreRefused as refused:
            if refused.status not in (404, 412):
                raise
            if refused.status == 412:
                await self.abort_parts(key, upload)
            return False
        return True

    async def abort_parts(self, key: str, upload: str) -> None:
        """Forgets the parts; an upload that is gone already is no error."""
        try:
            async with self._request("DELETE", key, query={"uploadId": upload}):
                pass
        except StoreRefused as refused:
            if refused.status != 404:
                raise

    async def adopt(self, sha256: bytes, size: int, until: datetime, *, verified: bool = False) -> StoredObject | None:
        """Locks what stands under the digest, once its bytes are known to have it; None where nothing fit stands there.

        `verified`: the caller hashed these very bytes. Otherwise a version that is not locked yet is read back and
        hashed first, and removed if it is not what its key says.
        """
        found = await self.find(sha256)
        if found is None:
            return None
        key = key_of(sha256)
        if found.retained_until is None and not verified and await self._digest(key, found.version_id) != sha256:
            await self._remove(key, found.version_id)
            return None
        if found.size != size:
            raise StoreRefused(200, f"SizeDiffers {found.size} {size}")
        if found.retained_until is None or found.retained_until < until:
            await self._lock(key, found.version_id, until)
        retained = max(until, found.retained_until or until)
        return StoredObject(sha256, size, key, found.version_id, retained)

    async def extend(self, stored: StoredObject, until: datetime) -> None:
        """Locks a version longer. Raises StoreRefused where the lock would become shorter."""
        await self._lock(stored.key, stored.version_id, until)

    async def hold(self, stored: StoredObject, *, held: bool) -> None:
        """S3 legal hold: while it stands nobody can remove the version, also after its lock has ended."""
        body = f"<LegalHold><Status>{'ON' if held else 'OFF'}</Status></LegalHold>".encode()
        query = {"legal-hold": "", "versionId": stored.version_id}
        async with self._request("PUT", stored.key, query=query, body=[body], headers=_md5(body)):
            pass

    async def remove(self, stored: StoredObject) -> None:
        """For good; what is not there any more is well. Raises StoreRefused while a lock or a hold stands."""
        try:
            await self._remove(stored.key, stored.version_id)
        except StoreRefused as refused:
            if refused.status != 404:
                raise

    async def find(self, sha256: bytes) -> Found | None:
        """The newest version under the digest."""
        return await self.at(key_of(sha256))

    async def drop_derived(self, key: str) -> None:
        """Removes what can be made again; nothing else can be removed. Gone already is no error."""
        if not key.startswith(DERIVED):
            raise ValueError(key)
        while found := await self.at(key):
            await self._remove(key, found.version_id)

    async def at(self, key: str, version_id: str | None = None) -> Found | None:
        """That version under the key, the newest where none is named."""
        try:
            async with self._request("HEAD", key, query={"versionId": version_id} if version_id else None) as response:
                lock = response.headers.get("x-amz-object-lock-retain-until-date")
                return Found(
                    response.headers.get("x-amz-version-id", ""),
                    int(response.headers["Content-Length"]),
                    datetime.fromisoformat(lock) if lock else None,
                    parsedate_to_datetime(response.headers["Last-Modified"])
                    if "Last-Modified" in response.headers
                    else None,
                )
        except StoreRefused as refused:
            if refused.status == 404:
                return None
            raise

    async def read(self, key: str, version_id: str, most: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a version, the first `most` of them where given, in chunks of at most READ_BYTES."""
        query, headers = {"versionId": version_id}, {"Range": f"bytes=0-{most - 1}"} if most else {}
        async with self._request("GET", key, query=query, headers=headers) as response:
            async for chunk in response.content.iter_chunked(READ_BYTES):
                yield chunk

    async def read_span(self, key: str, first: int, last: int) -> AsyncIterator[bytes]:
        """Bytes of the newest version, both ends included, in chunks of at most READ_BYTES."""
        async with self._request("GET", key, headers={"Range": f"bytes={first}-{last}"}) as response:
            async for chunk in response.content.iter_chunked(READ_BYTES):
                yield chunk

    async def removal_refused(self, stored: StoredObject) -> bool:
        """Tries to remove it, to see that its lock holds. Where nothing holds it is gone: only for what may be lost."""
        return await _refused(self._remove(stored.key, stored.version_id))

    async def shortening_refused(self, stored: StoredObject, until: datetime) -> bool:
        """Tries to end its lock sooner, to see that it holds. Only for what may be lost."""
        return await _refused(self._lock(stored.key, stored.version_id, until))

    async def _digest(self, key: str, version_id: str) -> bytes:
        digest = hashlib.sha256()
        async for chunk in self.read(key, version_id):
            digest.update(chunk)
        return digest.digest()

    async def _lock(self, key: str, version_id: str, until: datetime) -> None:
        body = (
            f"<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>{_s3_time(until)}</RetainUntilDate></Retention>"
        ).encode()
        headers = _md5(body)
        query = {"retention": "", "versionId": version_id}
        async with self._request("PUT", key, query=query, body=[body], headers=headers):
            pass

    async def _remove(self, key: str, version_id: str) -> None:
        async with self._request("DELETE", key, query={"versionId": version_id}):
            pass

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Sequence[bytes | mmap] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = urlsplit(f"{self._base}/{quote(key)}" + (f"?{urlencode(query)}" if query else ""))
        now = datetime.now(UTC)
        signed = sign_v4_s3(
            method=method,
            url=url,
            region=self._region,
            headers={
                "Host": url.netloc,
                "x-amz-content-sha256": UNSIGNED,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
                **({"Content-Length": str(sum(map(len, body)))} if body is not None else {}),
                **(headers or {}),
            },
            credentials=self._credentials,
            content_sha256=UNSIGNED,
            date=now,
        )
        try:
            async with self._session.request(
                method,
                URL(url.geturl(), encoded=True),  # exactly as it was signed
                headers={name: str(value) for name, value in signed.items()},
                data=_in_slices(body) if body else body,
                timeout=aiohttp.ClientTimeout(
                    total=timeout_seconds, connect=CONNECT_SECONDS, sock_read=timeout_seconds or ANSWER_SECONDS
                ),
            ) as response:
                if response.status in (429, 500, 502, 503, 504):
                    raise TryLater
                if response.status >= 300:
                    raise StoreRefused(response.status, _text(await response.read(), "Code"))
                yield response
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
            raise TryLater from error


async def begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, once the first are here: what `read` raises is raised while an answer can still say so."""
    first = await anext(chunks, b"")

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    return all_of_it()


async def _refused(attempt: Awaitable[None]) -> bool:
    try:
        await attempt
    except StoreRefused as refused:
        if refused.status != FORBIDDEN:
            raise
        return True
    return False


async def _in_slices(body: Sequence[bytes | mmap]) -> AsyncIterator[memoryview]:
    """Handed over in slices, so that the event loop gets its turn between two of them."""
    for piece in body:
        view = memoryview(piece)
        for at in range(0, len(view), SLICE_BYTES):
            yield view[at : at + SLICE_BYTES]


def _md5(body: bytes) -> dict[str, str]:
    """S3 asks for it where locks and holds are set."""
    return {"Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}


def _lock_headers(until: datetime) -> dict[str, str]:
    return {"x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": _s3_time(until)}


def _s3_time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(xml: bytes, name: str) -> str:
    """The text of the first element of that name, wherever it stands; empty where there is none."""
    return next(iter(_texts(xml, name)), "")


def _texts(xml: bytes, name: str) -> list[str]:
    try:
        elements = ET.fromstring(xml).iter()  # noqa: S314 - the answer of our own object store
    except ET.ParseError:
        return []
    return [element.text or "" for element in elements if element.tag.rpartition("}")[2] == name]
