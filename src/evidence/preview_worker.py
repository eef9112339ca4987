"""The process that decodes one stranger's picture: the file on standard input, an upright JPEG on the output.

It runs under hard limits, and may die of them. Nothing but pixels goes on from here: no EXIF, no place, no name.
"""

import io
import signal
import sys
import warnings

import pi_heif
from PIL import Image, ImageOps, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401 - loaded before the limits

from foundation.confinement import confine

MEMORY_BYTES = 1536 << 20
"""Address space. A picture of MAX_PIXELS is 240 MB of pixels, turned upright once; a JPEG is reduced as it is read."""
CPU_SECONDS = 10
MAX_BYTES = 64 << 20
MAX_PIXELS = 60_000_000
"""What most phones make. A JPEG may have four times as many: it is decoded at a fraction."""
LONGEST_SIDE = 1600
UNREADABLE = (
    OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning
)  # fmt: skip
"""What decoders say of strangers' bytes."""
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
"""As Pillow calls its readers. A picture of several frames (MPO) is opened as JPEG."""

pi_heif.register_heif_opener(thumbnails=False)


def main() -> None:
    """Answers with the preview, or with nothing where none can be made."""
    Image.preinit()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS * 4
    confine(MEMORY_BYTES)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process
    sys.stdout.buffer.write(previewed(sys.stdin.buffer.read(MAX_BYTES + 1)) or b"")


def previewed(picture: bytes, longest: int = LONGEST_SIDE) -> bytes | None:
    """No side longer than `longest` pixels, upright as the EXIF orientation says; None for what is no picture."""
    if len(picture) > MAX_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as opened:
            opened.draft("RGB", (longest, longest))
            if opened.width * opened.height > MAX_PIXELS:
                return None
            opened.thumbnail((longest, longest))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        MemoryError,
    ):
        return None
    written = io.BytesIO()
    upright.save(written, "JPEG", quality=85)
    return written.getvalue()


if __name__ == "__main__":
    main()
