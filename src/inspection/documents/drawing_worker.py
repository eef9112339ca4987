"""The process that opens one drawn signature: a PNG on standard input, the same pixels drawn anew on the output.

Nothing but its pixels goes on from here. It runs under hard limits, and may die of them.
"""

import io
import signal
import sys

from PIL import Image, PngImagePlugin  # noqa: F401 - the codec is loaded now: soon no file can be opened

from foundation.confinement import confine

MEMORY_BYTES = 512 << 20
"""Address space. A picture of MAX_PIXELS takes 16 MiB, held four times."""
CPU_SECONDS = 5
MAX_BYTES = 1 << 20
MAX_PIXELS = 4 << 20
"""A signature drawn over a whole screen of a phone is below both."""


def main() -> None:
    """Answers with the picture, or with nothing where it is none."""
    Image.preinit()
    confine(MEMORY_BYTES)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process
    sys.stdout.buffer.write(redrawn(sys.stdin.buffer.read()) or b"")


def redrawn(received: bytes) -> bytes | None:
    """On white, as a phone shows it; None for what is no picture of a signature."""
    if len(received) > MAX_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(received), formats=["PNG"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return None
            strokes = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    paper = Image.new("RGBA", strokes.size, "white")
    written = io.BytesIO()
    Image.alpha_composite(paper, strokes).convert("RGB").save(written, "PNG")
    return written.getvalue() if written.tell() <= MAX_BYTES else None  # noise has no strokes


if __name__ == "__main__":
    main()
