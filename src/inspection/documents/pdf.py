"""A document as PDF/A-3b, of its content and signatures alone; its content is attached."""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

import segno
import typst
from msgspec import Struct
from msgspec.structs import asdict

from foundation.civil import day_of
from foundation.printable import FONTS, printable
from inspection.documents import wording
from inspection.documents.content import content_of, sha256_of
from inspection.documents.signed import Signed
from inspection.documents.wording import word

QUIET_ZONE = 4
"""Light modules around the code (ISO/IEC 18004, 6.3.8)."""


class Sheet(Struct, frozen=True, kw_only=True):
    """All that is printed. `pictures` are the signatures as `drawn`, by the SHA-256 of what was received."""

    text: str
    signed: Signed
    number: str
    issued_at: datetime
    pictures: Mapping[str, bytes] = {}


def pdf(sheet: Sheet) -> bytes:
    """The same sheet gives the same bytes. Raises DocumentContentRefused. Takes a tenth of a second or more."""
    data = _data(sheet)
    for signing, one in zip(data["signings"], sheet.signed.signings, strict=True):
        found = sheet.pictures.get(one.picture_sha256 or "")
        signing["picture"] = None if found is None else list(found)
        signing["lost"] = word("picture-lost") if one.picture_sha256 and found is None else None
    with as_file(files(__package__).joinpath("document.typ")) as template:
        return typst.compile(
            str(template),
            root=str(template.parent),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="a-3b",
            timestamp=int(sheet.issued_at.timestamp()),
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
        )


def _data(sheet: Sheet) -> dict[str, Any]:
    """All that the template writes, words included."""
    content = content_of(sheet.text)
    digest, issued_on = sha256_of(sheet.text).hex(), day_of(sheet.issued_at)
    return {
        "title": word(f"title.{type(content).__struct_config__.tag}"),
        "entity": printable(content.entity.name),
        "date": [issued_on.year, issued_on.month, issued_on.day],
        "number": printable(sheet.number),
        "digest": word("digest", sha256=digest),
        "code": segno.make(f"sha256:{digest}", error="m", micro=False).svg_inline(border=QUIET_ZONE, omitsize=True),
        "content": sheet.text,
        "attachment": word("attachment", sha256=digest),
        "head": _ink(wording.head(content, sheet.number)),
        "sections": _ink([asdict(section) for section in wording.sections(content)]),
        "signatures": word("section.signatures"),
        "unsigned": wording.missing(sheet.signed),
        "signings": [
            {"title": word(f"signer.{one.signer}"), "lines": _ink(wording.signing(one))}
            for one in sheet.signed.signings
        ],
        "refusals": [
            {"title": word("signer.REFUSED"), "lines": _ink(wording.refusal(one))} for one in sheet.signed.refusals
        ],
        "none": word("none"),
        "page": word("page"),
    }


def _ink(value: Any) -> Any:
    """Every text in it as it can be printed."""
    match value:
        case str():
            return printable(value)
        case list() | tuple():
            return [_ink(part) for part in value]
        case dict():
            return {name: _ink(part) for name, part in value.items()}
        case _:
            return value
