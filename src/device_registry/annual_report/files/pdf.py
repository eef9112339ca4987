"""The report as PDF/A-2b in the layout of the paper form, of the snapshot's bytes alone."""

import json
from importlib.resources import as_file, files
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst

from device_registry.annual_report.files import form
from device_registry.annual_report.files.canonical import sha256, snapshot_of
from device_registry.annual_report.files.form import Cell, word
from device_registry.annual_report.model.snapshot import Body, Decision, Snapshot
from foundation.civil import day_of


def pdf(filed: bytes) -> bytes:
    """Raises msgspec.DecodeError where the bytes are no snapshot. Takes a while; no event loop should wait for it."""
    snapshot = snapshot_of(filed)
    with as_file(files(__package__).joinpath("report.typ")) as template:
        return typst.compile(
            str(template),
            root=str(template.parent),
            font_paths=[str(Path(pylopdf_fonts_zh_cn.__file__).parent)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="a-2b",
            timestamp=int(snapshot.filed_at.timestamp()),
            sys_inputs={"data": json.dumps(_data(snapshot, sha256(filed)), ensure_ascii=False, sort_keys=True)},
        )


def _data(snapshot: Snapshot, digest: str) -> dict[str, object]:
    """All that the template writes, words included; it decides nothing."""
    body = snapshot.body
    filed_on = day_of(snapshot.filed_at)
    return {
        "title": word("title", year=body.year),
        "date": [filed_on.year, filed_on.month, filed_on.day],
        "head": form.head(snapshot),
        "nil": word("nil-statement") if body.nil else None,
        "sections": [
            [word("section.balance"), _texts(form.balance(body.summary))],
            [
                word("section.verification", count=body.summary.closing),
                _texts(form.verification(body.summary.verification)),
            ],
            [
                word("section.stopped", count=body.summary.stopped),
                _texts(form.verification(body.summary.stopped_verification)),
            ],
            [word("section.figures"), _texts(form.figures(body))],
        ],
        "note": [word("section.note"), body.note or word("none")],
        "attachments": [word("section.attachments"), [[one.name, one.sha256] for one in body.attachments]],
        "foot": form.foot(snapshot, filed_on),
        "tables": [
            _listed(body, Decision.INCLUDED, "new"),
            _listed(body, Decision.LISTED_APART, "replaced"),
            {
                "title": word("sheet.movements"),
                "columns": [word(f"column.{name}") for name in form.MOVEMENT_COLUMNS],
                "widths": [5, 18, 24, 20, 12, 24, 26],
                "rows": [[_text(value) for value in row] for row in form.movements(body)],
            },
        ],
        "none": word("none"),
        "page": word("page"),
        "running": f"{snapshot.filing_number}　SHA-256 {digest}",
    }


def _listed(body: Body, decision: Decision, name: str) -> dict[str, object]:
    rows = []
    for number, row in form.listed(body, decision):
        found = form.cells(body, number, row)
        rows.append(
            ["\n".join(_text(found.get(column)) for column in columns).strip() for _, columns, _ in form.GROUPS]
        )
    return {
        "title": word(f"sheet.{name}"),
        "columns": [word(f"group.{name}") for name, _, _ in form.GROUPS],
        "widths": [width for _, _, width in form.GROUPS],
        "rows": rows,
    }


def _texts(lines: list[tuple[str, int]] | list[tuple[str, int | None]]) -> list[list[str]]:
    return [[name, "—" if value is None else str(value)] for name, value in lines]


def _text(value: Cell) -> str:
    return "" if value is None else str(value)
