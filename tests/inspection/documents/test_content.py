"""One content has one text, in every language that draws it up; what could be read in two ways is refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from inspection.documents.content import MAX_CONTENT_CHARACTERS, RecordContent, canonical, content_of, sha256_of
from inspection.documents.problems import DocumentContentRefused

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors/record.json").read_text("utf-8"))
PAGE = Path(__file__).parents[3] / "docs/api/inspection-record.md"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_published_vectors_hold(vector: dict[str, Any]) -> None:
    content = content_of(vector["canonical"])
    assert canonical(content) == vector["canonical"]
    assert sha256_of(vector["canonical"]).hex() == vector["sha256"]
    assert json.loads(vector["canonical"]) == vector["content"]


def test_the_example_of_the_page_is_the_first_vector() -> None:
    page = PAGE.read_text("utf-8")
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found
    assert json.loads(found[1]) == VECTORS[0]["content"]
    assert VECTORS[0]["sha256"] in page


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ", ", 1),
        lambda text: text.replace('"schema":1', '"schema":1.0'),
        lambda text: text.replace("江岸", "\\u6c5f\\u5cb8", 1),
        lambda text: text.replace("06:00:00Z", "06:00:00.000Z"),
        lambda text: text.replace("06:00:00Z", "06:00:00.123000Z"),
        lambda text: text.replace("06:00:00Z", "14:00:00+08:00"),
        lambda text: text.replace('"kind":', '"kind":"INSPECTION_NOTICE","kind":'),
        lambda text: text.replace('"task":"餐饮油烟噪声专项检查"', '"task":1'),
        lambda text: text.replace('"scan_in":', '"scanned_in":'),
        lambda text: text.replace('"value":"63.4"', '"value":"63,4"'),
        lambda text: text.replace("2026-12-08", "0001-01-01"),
        lambda text: text.replace("餐饮店", "\ud800"),
        lambda text: text + " " * MAX_CONTENT_CHARACTERS,
        lambda _: "[" * 90_000,
        lambda _: "",
    ],
)
def test_any_other_spelling_is_refused(change: Any) -> None:
    with pytest.raises(DocumentContentRefused):
        content_of(change(VECTORS[0]["canonical"]))


@pytest.mark.parametrize("number", [1, 2], ids=["named once", "named twice"])
def test_one_officer_makes_no_record(number: int) -> None:
    content = VECTORS[0]["content"]
    officers = content["officers"][:1] * number
    text = json.dumps(content | {"officers": officers}, ensure_ascii=False, sort_keys=True)
    with pytest.raises(DocumentContentRefused) as refused:
        content_of(text.replace(", ", ",").replace(": ", ":"))
    assert refused.value.values["why"].values["where"] == "officers"  # type: ignore[attr-defined]


def test_a_record_says_what_it_rests_on() -> None:
    content = content_of(VECTORS[0]["canonical"])
    assert isinstance(content, RecordContent)
    assert content.operations == sorted(content.operations)
