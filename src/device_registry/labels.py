"""QR labels to print and stick on devices: an A4 sheet of 24 as PDF/A, and the words beside each code."""

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import pylopdf_fonts_zh_cn
import segno
import typst

from device_registry.scanning import content
from foundation.civil import day_of
from foundation.words import DEFAULT, say

ERROR_CORRECTION = "m"
"""15 % of the code may be dirty or scratched (ISO/IEC 18004)."""
QUIET_ZONE = 4
"""Light modules around the code (ISO/IEC 18004, 6.3.8)."""


class Label(NamedTuple):
    """Kind and unit in Chinese: it hangs in a street of Wuhan."""

    tag: str
    kind: str
    unit: str


def code(tag: str, public_url: str) -> segno.QRCode:
    return segno.make(content(tag, public_url), error=ERROR_CORRECTION, micro=False)


def sheet(labels: Sequence[Label], public_url: str, printed_at: datetime) -> bytes:
    """The PDF. The same labels and instant give the same bytes. Takes a while; no event loop should wait for it."""
    today = day_of(printed_at)
    data = {
        "title": say(DEFAULT, "label.title"),
        "hint": say(DEFAULT, "label.hint"),
        "date": [today.year, today.month, today.day],
        "labels": [
            {
                **one._asdict(),
                "content": content(one.tag, public_url),
                "code": code(one.tag, public_url).svg_inline(border=QUIET_ZONE, omitsize=True),
            }
            for one in labels
        ],
    }
    with as_file(files("device_registry").joinpath("labels.typ")) as template:
        return typst.compile(
            str(template),
            root=str(template.parent),
            font_paths=[str(Path(pylopdf_fonts_zh_cn.__file__).parent)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="a-2b",
            timestamp=int(printed_at.timestamp()),
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        )
