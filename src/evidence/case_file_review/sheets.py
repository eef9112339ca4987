"""The sheets a review may use: the standard one that comes with this version, and what was imported."""

import tomllib
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from uuid import UUID

import msgspec

from evidence.case_file_review import queries
from evidence.case_file_review.model import Sheet
from evidence.case_file_review.problems import CaseReviewRefused
from evidence.case_file_review.rules import contradiction
from foundation.database import Connection
from foundation.lots import canonical


@cache
def standard() -> Sheet:
    told = tomllib.loads(files("evidence.case_file_review").joinpath("standard_sheet.toml").read_text("utf-8"))
    return msgspec.convert(told, Sheet)


def digest_of(sheet: Sheet) -> bytes:
    return sha256(canonical(sheet)).digest()


async def publish(db: Connection, sheet: Sheet, published_by: UUID, now: datetime) -> bytes:
    """Its digest. The same sheet once more changes nothing. Raises CaseReviewRefused."""
    if what := contradiction(sheet):
        raise CaseReviewRefused(field="items", what=what)
    body = canonical(sheet)
    digest = sha256(body).digest()
    await queries.add_sheet(db, sheet, body, digest, published_by, now)
    return digest


async def available(db: Connection) -> dict[str, Sheet]:
    """By digest, hexadecimal; the standard one first."""
    return {digest_of(standard()).hex(): standard()} | await queries.sheets(db)
