"""Text of strangers as ink: what no glyph shows, or what would turn the order of a line, is printed as its number."""

import unicodedata
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn
from PIL import ImageFont

FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
FONT_FILE = FONTS / "NotoSerifSC-Regular.otf"
_NO_CHARACTER = "\U0010fffe"


def printable(text: str) -> str:
    """The text with `〔U+202E〕` for each character that cannot be seen on paper; lines stay lines.

    PDF/A allows no missing glyph. Marks of direction would let a line read otherwise than it is hashed; the text as
    it was hashed lies in the file.
    """
    return "".join(map(_shown, text.replace("\r\n", "\n")))


@cache
def _font() -> tuple[ImageFont.FreeTypeFont, bytes]:
    font = ImageFont.truetype(str(FONT_FILE), 12, layout_engine=ImageFont.Layout.BASIC)
    return font, _ink(font, _NO_CHARACTER)


def _ink(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    return bytes(font.getmask(character))


@cache
def _shown(character: str) -> str:
    if character in " \n":
        return character
    if character == "\t":
        return "    "
    font, missing = _font()
    if (
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        or _ink(font, character) == missing
    ):
        return f"〔U+{ord(character):04X}〕"
    return character
