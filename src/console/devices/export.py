"""The list as a file: CSV or XLSX of exactly the filter, written while it is read, batch by batch."""

import csv
import io
import tempfile
from collections.abc import AsyncIterator
from datetime import date
from typing import IO, Any

import anyio
import anyio.to_thread
import xlsxwriter
from litestar import Request, Response, get
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.response import Stream

from agency.http import requires
from agency.model import Actor
from console.devices.columns import COLUMNS, Cell, Names
from console.devices.register import Asked, reached
from console.forms import Form
from console.visit import Visit
from device_registry import queries
from device_registry.http.reaching import READERS
from device_registry.queries import Filter, Line, Sort
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.words import say

BATCH = 1000
"""Devices read in one statement; between two no connection is held."""
CHUNK = 1 << 16
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet program compute a cell of a CSV file (OWASP, CSV injection)."""


def harmless(cell: Cell) -> str:
    """A cell of a CSV file as text; one that would start a formula begins with an apostrophe."""
    text = "" if cell is None else cell.isoformat() if isinstance(cell, date) else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not isinstance(cell, int) else text


@get("/devices.csv", guards=[requires(*READERS)])
async def register_csv(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    names, lines = await _asked_for(request, visit, database, clock)

    async def text() -> AsyncIterator[str]:
        yield "\ufeff" + csv_text([[say(visit.language, f"page.column.{key}") for key in COLUMNS]])
        async for batch in lines:
            yield csv_text([harmless(column.value(line, names)) for column in COLUMNS.values()] for line in batch)

    return _file(text(), "text/csv; charset=utf-8", f"devices-{names.today}.csv")


@get("/devices.xlsx", guards=[requires(*READERS)])
async def register_xlsx(
    request: Request[Actor, Any, AppState],
    visit: NamedDependency[Visit],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    names, lines = await _asked_for(request, visit, database, clock)

    async def content() -> AsyncIterator[bytes]:
        with tempfile.TemporaryFile() as file:
            sheet = await anyio.to_thread.run_sync(_Sheet, file, names)
            async for batch in lines:
                await anyio.to_thread.run_sync(sheet.add, batch)
            await anyio.to_thread.run_sync(sheet.close)
            file.seek(0)
            while chunk := await anyio.to_thread.run_sync(file.read, CHUNK):
                yield chunk

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(content(), media_type, f"devices-{names.today}.xlsx")


async def _asked_for(
    request: Request[Actor, Any, AppState], visit: Visit, database: Database, clock: Clock
) -> tuple[Names, AsyncIterator[list[Line]]]:
    asked = Form(dict(visit.query)).read(Asked)
    async with database.connection() as db:
        within = await reached(db, request.user, clock)
        kinds = await queries.device_kinds(db)
    names = Names.of(visit.language, within.units, kinds, day_of(clock.now()))
    return names, _batches(database, within.filter_for(asked), asked.sort, clock)


async def _batches(database: Database, wanted: Filter, sort: Sort, clock: Clock) -> AsyncIterator[list[Line]]:
    after, now = None, clock.now()
    while True:
        async with database.connection() as db:
            batch = await queries.listed(db, wanted, now, sort=sort, after=after, most=BATCH)
        if batch:
            yield batch
        if len(batch) < BATCH:
            return
        after = batch[-1].tag


def csv_text(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


class _Sheet:
    """A workbook that keeps one row in memory. Texts are written as texts, whatever they begin with."""

    def __init__(self, file: IO[bytes], names: Names) -> None:
        self._names, self._row = names, 0
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False})
        self._sheet = self._book.add_worksheet()
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        heading = self._book.add_format({"bold": True, "bottom": 1})
        self._sheet.freeze_panes(1, 1)
        self._sheet.set_column(0, len(COLUMNS) - 1, 18)
        for number, key in enumerate(COLUMNS):
            self._sheet.write_string(0, number, say(names.language, f"page.column.{key}"), heading)

    def add(self, lines: list[Line]) -> None:
        for line in lines:
            self._row += 1
            for number, column in enumerate(COLUMNS.values()):
                self._write(number, column.value(line, self._names))

    def _write(self, number: int, cell: Cell) -> None:
        match cell:
            case date():
                self._sheet.write_datetime(self._row, number, cell, self._day)
            case int():
                self._sheet.write_number(self._row, number, cell)
            case str():
                self._sheet.write_string(self._row, number, cell)

    def close(self) -> None:
        self._book.close()


def _file(content: AsyncIterator[str] | AsyncIterator[bytes], media_type: str, name: str) -> Stream:
    return Stream(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


ROUTES = [register_csv, register_xlsx]
