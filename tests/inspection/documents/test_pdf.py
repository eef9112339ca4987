"""The paper says what was read and signed, nothing else, and says it again in the same bytes."""

import io
import re
from typing import Any

import pypdf
import pytest

from foundation.printable import printable
from inspection.documents.pdf import pdf
from tests.inspection.documents.builders import (
    VECTORS,
    a_refusal,
    a_sheet,
    a_signature,
    a_signing,
    a_text,
    digest,
    written,
)

PARTY = a_signature()
FOOTER = r"检录〔2026〕0001号第\d+页，共\d+页文书内容SHA-256：[0-9a-f]{64}"


def opened(file: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(file))


def text_of(file: bytes) -> str:
    """All of it but the footers, without its spaces."""
    found = re.sub(r"\s", "", "".join(page.extract_text() for page in opened(file).pages))
    return re.sub(FOOTER, "", found)


def test_a_record_prints_everything_that_was_read_out() -> None:
    text = VECTORS[0]["canonical"]
    found = text_of(pdf(a_sheet(text, a_signing())))

    def told(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [one for name in value for one in told(value[name]) if name not in UNPRINTED]
        if isinstance(value, list):
            return [one for part in value for one in told(part)]
        return [value] if isinstance(value, str) and not re.match(r"^[A-Z_]+$|^2026-11-24T", value) else []

    missing = [one for one in told(VECTORS[0]["content"]) if re.sub(r"\s", "", one) not in found]
    assert missing == []
    assert "2026-11-2414:00:00至2026-11-2414:42:30" in found  # Beijing time
    assert all(words in found for words in ("专项检查", "不符合", "责令改正", "不申请", "未检查"))


UNPRINTED = {"person_id", "inspection_id", "operations"}
"""Members that stand for people and things by number only; they are in the attachment."""


@pytest.mark.parametrize("which", [0, 1, 2])
def test_it_is_archival_carries_its_content_and_repeats_itself(which: int) -> None:
    text = VECTORS[which]["canonical"]
    sheet = a_sheet(text, a_signing(), a_signing("PARTY", picture=PARTY), picture=PARTY)
    file = pdf(sheet)
    assert pdf(sheet) == file
    reader = opened(file)
    assert reader.root_object["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"  # type: ignore[index]
    assert reader.xmp_metadata is not None
    assert b"<pdfaid:part>3</pdfaid:part>" in file
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in file
    assert reader.attachments["content.json"] == [text.encode()]
    for number, page in enumerate(reader.pages, start=1):
        found = re.sub(r"\s", "", page.extract_text())
        assert digest(text) in found
        assert f"第{number}页，共{len(reader.pages)}页" in found


def test_all_its_fonts_are_embedded() -> None:
    for page in opened(pdf(a_sheet(VECTORS[0]["canonical"]))).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            [descendant] = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & descriptor.keys()


def test_notices_print_their_own_words() -> None:
    head = {
        name: value
        for name, value in VECTORS[1]["content"].items()
        if name not in ("facts", "violated", "required", "correct_by", "dated", "kind")
    }
    before = head | {
        "kind": "INSPECTION_NOTICE", "place": "厨房", "begins_on": "2026-11-24", "ends_on": "2026-11-25",
        "scope": "噪声排放", "prepare": None,
    }  # fmt: skip
    minor = head | {
        "kind": "NO_PENALTY_NOTICE", "facts": "初次超标", "violated": "第六十一条", "dated": "2026-11-24",
        "reason": "NO_PENALTY_FIRST_OFFENCE", "list_item": "清单第3项", "education": "当场教育",
    }  # fmt: skip
    for content, words in (
        (before, ["检查通知书", "噪声排放", "2026-11-24至2026-11-25", "有权拒绝检查"]),
        (minor, ["不予行政处罚告知书", "初次违法", "清单第3项", "当场教育", "第三十三条"]),
        (VECTORS[1]["content"], ["责令改正通知书", "采取减振", "应于2026-12-08", "行政复议"]),
    ):
        sheet = a_sheet(written(content))
        found = text_of(pdf(sheet))
        assert [word for word in words if word not in found] == []


def test_signatures_name_credential_key_and_interval_and_a_refusal_its_witness() -> None:
    file = pdf(a_sheet(VECTORS[0]["canonical"], a_signing(), refusals=(a_refusal(),)))
    found = text_of(file)
    signing = a_signing()
    assert all(str(one) in found for one in (signing.credential_no, signing.thumbprint, signing.operation))
    assert "2026-11-2414:43:00至2026-11-2414:43:09" in found
    assert all(words in found for words in ("当事人拒绝签名", "称等法定代表人到场再签", "见证人己"))


def _pictures(file: bytes) -> list[tuple[int, int]]:
    return [image.image.size for page in opened(file).pages for image in page.images if image.image is not None]


def test_the_drawn_signature_keeps_every_pixel() -> None:
    file = pdf(a_sheet(VECTORS[0]["canonical"], a_signing("PARTY", picture=PARTY), picture=PARTY))
    assert (600, 300) in _pictures(file)


def test_what_is_no_picture_of_a_signature_is_said_to_be_none() -> None:
    file = pdf(a_sheet(VECTORS[0]["canonical"], a_signing("PARTY", picture=b"no picture"), picture=b"no picture"))
    assert "签名图像无法显示" in text_of(file)


HOSTILE = [
    '#panic("x") #read("/etc/passwd") $x^2$ *bold* `raw` = Heading \\ @ref <label>',
    "https://example.org/" + "a" * 3000,
    "字" * 20_000,
    "x\n" * 5000,
    "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd \u2066a\u2069",
    "\x00\x01\x1b[31m\x7f\x85\u2028\ufeff\u200b\U000e0001\ue000",
    "😀👨\u200d👩\u200d👧 🇨🇳 한국어 𠮷 e\u0301 Ω ﷽",
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_comes_out_as_text(hostile: str) -> None:
    finding = {"item": hostile[:300], "text": hostile[:300], "result": "CONFORMS", "note": hostile}
    text = a_text(statement=hostile, findings=[finding])
    file = pdf(a_sheet(text, a_signing(name=hostile[:200]), refusals=(a_refusal(hostile[:4000]),)))
    found = text_of(file)
    assert found.count(re.sub(r"\s", "", printable(hostile))) >= 1
    assert opened(file).attachments["content.json"] == [text.encode()]


def test_what_has_no_glyph_is_printed_as_its_number() -> None:
    assert printable("a\u202eb\x00\n噪声 63.4 dB(A) ㎡ ≤") == "a〔U+202E〕b〔U+0000〕\n噪声 63.4 dB(A) ㎡ ≤"


def test_a_long_word_breaks_inside_its_column_and_is_copied_whole() -> None:
    word = "af" * 600
    finding = {"item": word[:60], "text": "油烟", "result": "CONFORMS", "note": word}
    file = pdf(a_sheet(a_text(statement=word, findings=[finding])))
    lines = [line for page in opened(file).pages for line in page.extract_text().splitlines()]
    assert max(map(len, lines)) < 110
    assert word in text_of(file)
    assert "\u200b" not in text_of(file)
