"""Viewing copies: upright, small, without EXIF; what cannot be decoded has none."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from evidence.preview_worker import LONGEST_SIDE, previewed
from tests.builders import a_photo


def a_picture(kind: str, size: tuple[int, int], orientation: int = 1) -> bytes:
    written, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "secret"
    Image.effect_noise(size, 30).convert("RGB").save(written, kind, exif=exif)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_is_upright_no_larger_than_asked_for_and_says_nothing_of_itself(kind: str) -> None:
    made = previewed(a_picture(kind, (2400, 1200), orientation=6))
    assert made is not None
    copy = Image.open(io.BytesIO(made))
    assert (copy.format, copy.size) == ("JPEG", (LONGEST_SIDE // 2, LONGEST_SIDE))
    assert b"secret" not in made


@pytest.mark.parametrize("broken", [b"", b"<svg/>", b"\xff\xd8\xff\xe0 no picture", a_photo(1)[:200]])
def test_what_is_no_picture_has_none(broken: bytes) -> None:
    assert previewed(broken) is None


def test_the_process_apart_answers_with_the_copy() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "evidence.preview_worker"], input=a_photo(3), stdout=subprocess.PIPE, check=True
    )
    assert Image.open(io.BytesIO(ended.stdout)).format == "JPEG"
