"""What is photographed: the files of a folder, or pictures made here."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from plumbline.walkthrough.api import CannotPlayError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEDIA_TYPES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".mpo": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".heic": "image/heic", ".heif": "image/heic",
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".3gp": "video/3gpp",
    ".m4a": "audio/mp4", ".m4b": "audio/mp4", ".amr": "audio/amr", ".wav": "audio/wav", ".mp3": "audio/mpeg",
    ".pdf": "application/pdf",
}  # fmt: skip
"""What a phone calls a file by its name. The server accepts these kinds; any other name is expected to be held."""
_SIZE = (1280, 960)
_GRAIN = (320, 240)


class Picture(NamedTuple):
    """A file of the shift. `read` gives its bytes; they are not kept."""

    name: str
    size: int
    read: Callable[[], bytes]

    @property
    def accepted(self) -> bool:
        """Whether its kind, going by its name, is one that may be evidence."""
        return self._suffix in MEDIA_TYPES

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES.get(self._suffix, "application/octet-stream")

    @property
    def _suffix(self) -> str:
        return "." + self.name.rpartition(".")[2].lower()


def in_folder(folder: Path) -> list[Picture]:
    """Every file in it by name, but no hidden and no empty ones. Raises CannotPlayError where there is none."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    found = [Picture(file.name, file.stat().st_size, file.read_bytes) for file in files if file.stat().st_size]
    if not found:
        raise CannotPlayError(f"There is no file in {folder}. Without --photos pictures are made here.")
    return found


def made_here(captions: list[str]) -> list[Picture]:
    """One photograph a caption, the same bytes in every run: evidence is locked for years, so it should not pile up."""
    bodies = [_photograph(number, caption) for number, caption in enumerate(captions, start=1)]
    return [
        Picture(f"IMG_{number:04}.jpg", len(body), lambda body=body: body)  # type: ignore[misc]
        for number, body in enumerate(bodies, start=1)
    ]


def _photograph(number: int, caption: str) -> bytes:
    """Grain as a sensor has it, and what stands on the instrument."""
    random = Random(number)  # noqa: S311 - a picture, not a secret
    grain = Image.frombytes("RGB", _GRAIN, random.randbytes(3 * _GRAIN[0] * _GRAIN[1])).resize(_SIZE)
    colour = tuple(random.randrange(60, 190) for _ in range(3))
    image = Image.blend(Image.new("RGB", _SIZE, colour), grain, 0.25)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((240, 300, 1040, 660), radius=40, fill=(24, 28, 32), outline=(230, 230, 230), width=6)
    draw.text((640, 430), caption, font=ImageFont.load_default(110), fill=(120, 240, 160), anchor="mm")
    reading = f"{random.uniform(42, 78):.1f} dB(A)"
    draw.text((640, 570), reading, font=ImageFont.load_default(70), fill=(230, 230, 230), anchor="mm")
    written = BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()
