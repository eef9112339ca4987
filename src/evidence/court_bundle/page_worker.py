"""The process that sets the page for a judge: what stands in it as JSON on standard input, a PDF/A on the output.

Apart, because setting five hundred pieces takes some 350 MB that a worker would keep for good.
"""

import json
import sys
from importlib.resources import as_file, files

import typst

from foundation.printable import FONTS


def main() -> None:
    sys.stdout.buffer.write(typeset(json.load(sys.stdin)))


def typeset(told: dict[str, object]) -> bytes:
    """`at`: the time in the document, in seconds since 1970; `data`: all that page.typ shows."""
    with as_file(files(__package__).joinpath("page.typ")) as template:
        return typst.compile(
            str(template),
            root=str(template.parent),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="a-2b",
            timestamp=int(str(told["at"])),
            sys_inputs={"data": json.dumps(told["data"], ensure_ascii=False, sort_keys=True)},
        )


if __name__ == "__main__":
    main()
