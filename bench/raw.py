"""The same bytes straight to the object store, as cheaply as a client can send them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import aiohttp
from minio import Minio
from yarl import URL

from bench.captures import Capture
from bench.phones import sliced
from plumbline.settings import Settings


class RawStore:
    """Addresses are signed before the clock runs; nothing but PUTs is sent while it does."""

    def __init__(self, settings: Settings) -> None:
        endpoint = urlsplit(settings.s3_endpoint)
        self._bucket = settings.s3_bucket
        self._signer = Minio(
            endpoint.netloc,
            settings.s3_access_key,
            settings.s3_secret_key,
            secure=endpoint.scheme == "https",
            region=settings.s3_region,
        )

    def presigned(self, method: str, key: str, **query: str) -> URL:
        """Good for an hour, for a payload that is not signed."""
        url = self._signer.get_presigned_url(
            method,
            self._bucket,
            key,
            timedelta(hours=1),
            request_date=datetime.now(UTC),
            extra_query_params=dict(query),
        )
        return URL(url, encoded=True)

    async def begin_parts(self, session: aiohttp.ClientSession, key: str) -> str:
        async with session.post(self.presigned("POST", key, uploads="")) as answer:
            text = await _read(answer)
        return next(one.text or "" for one in ET.fromstring(text).iter() if one.tag.endswith("UploadId"))


async def put(session: aiohttp.ClientSession, url: URL, pieces: list[bytes]) -> str:
    """The ETag."""
    length = str(sum(len(piece) for piece in pieces))
    async with session.put(url, data=sliced(pieces), headers={"Content-Length": length}) as answer:
        await _read(answer)
        return answer.headers["ETag"]


async def put_parts(session: aiohttp.ClientSession, urls: list[URL], complete: URL, capture: Capture) -> None:
    """One part a piece, one after the other, as a phone sends them; then the object is made of them."""
    etags = [await put(session, url, [piece]) for url, piece in zip(urls, capture.pieces, strict=True)]
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in enumerate(etags, 1)
    )
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    async with session.post(complete, data=body, headers={"Content-Type": "application/xml"}) as answer:
        await _read(answer)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = await answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.method} {answer.url.path}: {answer.status} {body[:500]!r}")
    return body
