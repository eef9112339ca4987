"""tus 1.0 (https://tus.io/protocols/resumable-upload): headers in and out, nothing about what is uploaded.

Extensions: creation, creation-with-upload, termination, expiration, checksum.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from evidence.problems import ChecksumUnknown
from evidence.upload import Progress
from evidence.upload_writer import Checksum
from foundation.problem import Malformed, Problem, Spoken, UnsupportedContentType

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CHECKSUM_BYTES = {"sha1": 20, "sha256": 32, "md5": 16}
"""Digest sizes of the algorithms announced. tus demands sha1. They guard a transfer, not the evidence."""
CONTENT_TYPE = "application/offset+octet-stream"
MOST_DIGITS = 18
"""More digits than any offset has; int() on longer input would be work for nothing."""


class VersionNotSupported(Problem):
    """Tus-Resumable is missing or not 1.0.0 (tus: 412, naming the versions that are)."""

    slug, status = "tus-version-not-supported", 412


def check_version(headers: Mapping[str, str]) -> None:
    """Raises VersionNotSupported."""
    if headers.get("tus-resumable") != VERSION:
        raise VersionNotSupported(field="Tus-Resumable", headers={"Tus-Version": VERSION})


def check_content_type(headers: Mapping[str, str]) -> None:
    """Raises UnsupportedContentType."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise UnsupportedContentType(field="Content-Type", expected=CONTENT_TYPE)


def count(headers: Mapping[str, str], name: str) -> int:
    """A header that is a whole number of bytes, zero or more. Raises Malformed."""
    text = headers.get(name.lower())
    if text is None:
        raise Malformed(field=name, what=Spoken("malformed.missing"))
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise Malformed(field=name, what=Spoken("tus.count"))
    return int(text)


def metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """Upload-Metadata: `key base64,key base64`. Raises Malformed: no base64, no UTF-8, a key twice."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in headers.get("upload-metadata", "").split(","))):
        key, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:  # also what is not ASCII, and base64 of what is not UTF-8
            raise Malformed(field="Upload-Metadata", what=Spoken("tus.metadata")) from error
        if key in found:
            raise Malformed(field="Upload-Metadata", what=Spoken("tus.metadata"))
        found[key] = text
    return found


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Upload-Checksum: `algorithm base64`. Raises ChecksumUnknown, Malformed."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in CHECKSUM_BYTES:
        raise ChecksumUnknown(field="Upload-Checksum", known=", ".join(CHECKSUM_BYTES))
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except ValueError:
        digest = b""
    if len(digest) != CHECKSUM_BYTES[algorithm]:
        raise Malformed(field="Upload-Checksum", what=Spoken("tus.checksum"))
    return Checksum(algorithm, digest)


def answer_headers(progress: Progress) -> dict[str, str]:
    """Where the transfer stands; once it is whole also how it was judged, and the receipt that lets the phone wipe."""
    headers = {
        "Upload-Offset": str(progress.offset),
        "Upload-Expires": _http_date(progress.expires_at),
        "Cache-Control": "no-store",
    }
    if progress.judged:
        headers["Plumbline-Outcome"] = progress.judged.verdict.outcome
        headers["Plumbline-Receipt"] = progress.judged.receipt
    return headers


def _http_date(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)
