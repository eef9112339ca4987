"""What is printed on a label leads back to the device."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from device_registry.labels import Label, code, sheet
from device_registry.scanning import content, tag_of

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
ADDRESSES = ["", "https://plumbline.example", "https://plumbline.example/", "http://10.0.0.7:8000/plumbline"]
tags = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=100).filter(lambda tag: tag.strip())


@given(tags, st.sampled_from(ADDRESSES))
def test_every_number_survives_printing_and_reading(tag: str, public_url: str) -> None:
    assert tag_of(content(tag, public_url)) == tag


@given(tags, st.sampled_from(ADDRESSES))
def test_a_code_is_made_of_exactly_that_content(tag: str, public_url: str) -> None:
    made = code(tag, public_url)
    again = code(tag_of(content(tag, public_url)), public_url)
    assert made.matrix == again.matrix
    assert not made.is_micro


@pytest.mark.parametrize(
    ("scanned", "tag"),
    [
        ("SLM-041", "SLM-041"),
        ("https://plumbline.example/d/SLM-041", "SLM-041"),
        ("HTTPS://PLUMBLINE.EXAMPLE/d/SLM-041?from=camera#top", "SLM-041"),
        ("https://plumbline.example/d/A%2F1", "A/1"),
        ("  plumbline:device:SLM-041\n", "SLM-041"),
        ("PLUMBLINE:DEVICE:SLM-041", "SLM-041"),
        ("https://elsewhere.example/SLM-041", "https://elsewhere.example/SLM-041"),
    ],
)
def test_what_a_phone_reads_is_understood(scanned: str, tag: str) -> None:
    assert tag_of(scanned) == tag


def test_a_sheet_has_24_labels_a_page_with_words_beside_each_code() -> None:
    labels = [Label(f"SLM-{number:03}", "声级计", "武汉市江岸区城市管理执法局") for number in range(25)]
    pages = PdfReader(io.BytesIO(sheet(labels, "", NOW))).pages
    texts = ["".join(page.extract_text().replace("\u200b", "").split()) for page in pages]
    assert [text.count("扫码查看检定状态") for text in texts] == [24, 1]
    assert "SLM-024" in texts[1]
    assert texts[0].count("声级计") == 24


def test_the_same_labels_are_the_same_bytes() -> None:
    labels = [Label("SLM-041", "声级计", "江岸区")]
    assert sheet(labels, "", NOW) == sheet(labels, "", NOW)
