"""The colours of the pages, as pairs: text on its ground has a contrast of 4.5 or more (WCAG 2.2 AA, 1.4.3)."""

import re
from importlib.resources import files

import pytest

from console.assets import assets

STYLE = assets()["desk.css"].decode()
COLOURS = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", STYLE[: STYLE.index("}")]))
GROUNDS = ("paper", "ground", "accent-ground", "off-ground")
PAIRS = [
    *((ink, ground) for ink in ("ink", "muted", "accent") for ground in GROUNDS),
    *((tone, ground) for tone in ("good", "bad", "warn", "off") for ground in ("paper", "ground", f"{tone}-ground")),
    ("muted", "warn-ground"),
    ("paper", "accent"),
]  # fmt: skip


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(text: str, ground: str) -> None:
    lighter, darker = sorted((luminance(COLOURS[text]), luminance(COLOURS[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_edges_of_inputs_stand_out_too() -> None:
    """WCAG 2.2 AA, 1.4.11: 3 for what shows where a control is."""
    assert (luminance(COLOURS["paper"]) + 0.05) / (luminance(COLOURS["edge"]) + 0.05) >= 3


def test_no_page_has_a_script_or_style_of_its_own() -> None:
    templates = files("console") / "templates"
    for folder in (templates, templates / "devices", templates / "parts", templates / "public"):
        for template in folder.iterdir():
            if template.name.endswith(".html"):
                text = template.read_text("utf-8")
                assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), template.name
                assert not re.search(r"<script(?![^>]*\ssrc=)", text), template.name
