"""A filed report as a file, made of its snapshot whenever somebody asks, off the event loop."""

from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from anyio import CapacityLimiter, to_process, to_thread
from litestar.datastructures import State

from device_registry.annual_report import amending
from device_registry.annual_report.files.pdf import pdf
from device_registry.annual_report.files.xlsx import xlsx
from device_registry.annual_report.model.workflow import Report
from device_registry.annual_report.problems import NothingToCompare
from device_registry.annual_report.queries.steps import filed_bytes
from foundation.database import Database

RENDERED_AT_ONCE = 2
"""Each may take a core for seconds and some hundred megabytes."""


class Kind(StrEnum):
    JSON = "json"
    XLSX = "xlsx"
    PDF = "pdf"


MEDIA_TYPES = {
    Kind.JSON: "application/json",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.PDF: "application/pdf",
}


class File(NamedTuple):
    content: bytes
    media_type: str
    headers: dict[str, str]


async def file_of(database: Database, report: Report, number: int | None, kind: Kind, limiter: CapacityLimiter) -> File:
    """Of the version with that number, or of the newest filed one. Raises ReportNotFound, NothingToCompare."""
    version = amending.newest_filed(report) if number is None else amending.version_of(report, number)
    async with database.connection() as db:
        filed = await filed_bytes(db, version.id)
    if filed is None or version.filing is None:
        raise NothingToCompare
    content = filed
    if kind is Kind.XLSX:  # holds the interpreter all the while
        content = await to_process.run_sync(xlsx, filed, limiter=limiter)
    elif kind is Kind.PDF:  # lets go of it
        content = await to_thread.run_sync(pdf, filed, limiter=limiter)
    name = quote(f"{version.filing.number}.{kind}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "X-Content-Type-Options": "nosniff"}
    return File(content, MEDIA_TYPES[kind], headers)


def limiter_of(state: State) -> CapacityLimiter:
    """The application's one: a limiter belongs to the event loop it was made in."""
    if "annual_report_files" not in state:
        state["annual_report_files"] = CapacityLimiter(RENDERED_AT_ONCE)
    found: CapacityLimiter = state["annual_report_files"]
    return found
