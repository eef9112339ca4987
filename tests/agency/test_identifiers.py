"""Check digits of GB 32100-2015 and GB 11643-1999, and what an enterprise's code says."""

from datetime import date
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency.identifiers import (
    CREDIT_CODE_ALPHABET,
    ID_CHECKS,
    ID_WEIGHTS,
    ScannedCode,
    credit_code,
    id_number,
    masked,
    scanned_enterprise,
)

TODAY = date(2026, 11, 24)
PUBLIC = ("91330100799655058B", "9144030071526726XG")
"""Of large listed companies, as their licences show them."""

bodies = st.text(CREDIT_CODE_ALPHABET, min_size=17, max_size=17)
places = st.from_regex(r"[1-8][0-9]{5}", fullmatch=True)
days = st.dates(date(1900, 1, 1), TODAY)
sequences = st.integers(0, 999)


def complete(body: str) -> str:
    """The one character that makes it a code, found by trying all."""
    fitting = [letter for letter in CREDIT_CODE_ALPHABET if credit_code(body + letter)]
    assert len(fitting) == 1
    return body + fitting[0]


def an_id_number(place: str, born: date, sequence: int) -> str:
    body = f"{place}{born:%Y%m%d}{sequence:03}" if born.year >= 1000 else ""
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, body, strict=True))
    return body + ID_CHECKS[total % 11]


@pytest.mark.parametrize("code", PUBLIC)
def test_codes_of_real_enterprises_check_in_any_writing(code: str) -> None:
    assert credit_code(code) == code
    assert credit_code(f" {code[:8]} {code[8:].lower()}\n") == code


@given(bodies)
def test_exactly_one_last_character_fits_each_beginning(body: str) -> None:
    assert credit_code(complete(body)) == complete(body)


@given(bodies, st.integers(0, 17), st.sampled_from(CREDIT_CODE_ALPHABET))
def test_one_wrong_character_is_always_noticed(body: str, place: int, other: str) -> None:
    code = complete(body)
    wrong = code[:place] + other + code[place + 1 :]
    assert (credit_code(wrong) is None) == (wrong != code)


@given(bodies, st.integers(0, 16))
def test_two_neighbours_changed_about_are_always_noticed(body: str, place: int) -> None:
    code = complete(body)
    wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert (credit_code(wrong) is None) == (wrong != code)


@given(st.text())
def test_any_text_is_a_code_or_none(text: str) -> None:
    for found in (credit_code(text), id_number(text, TODAY)):
        assert found is None or len(found) == 18
    scanned_enterprise(text)
    masked(text)


def test_the_example_of_the_standard_is_an_id_number() -> None:
    assert id_number("11010519491231002x", TODAY) == "11010519491231002X"
    assert id_number("110105194912310021", TODAY) is None


@given(places, days, sequences)
def test_every_number_made_by_the_rule_is_one(place: str, born: date, sequence: int) -> None:
    number = an_id_number(place, born, sequence)
    assert id_number(number, TODAY) == number
    assert id_number(number, born) == number


@given(places, days, sequences, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_digit_of_an_id_number_is_always_noticed(
    place: str, born: date, sequence: int, at: int, other: str
) -> None:
    number = an_id_number(place, born, sequence)
    wrong = number[:at] + other + number[at + 1 :]
    assert (id_number(wrong, TODAY) is None) == (wrong != number)


@pytest.mark.parametrize("born", ["20270230", "20261125", "19490230", "00000101"])
def test_nobody_is_born_on_no_day_or_after_today(born: str) -> None:
    body = f"110105{born}002"
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, body, strict=True))
    assert id_number(body + ID_CHECKS[total % 11], TODAY) is None


def test_an_id_number_is_printed_without_the_birthday() -> None:
    assert masked("现场负责人 11010519491231002X（签字）") == "现场负责人 1101**********002X（签字）"
    assert masked(f"{PUBLIC[0]} 12345678901234567") == f"{PUBLIC[0]} 12345678901234567"


@given(places, days, sequences, st.text(alphabet="甲 ，:", max_size=5))
def test_no_birthday_is_left_in_a_masked_text(place: str, born: date, sequence: int, around: str) -> None:
    number = an_id_number(place, born, sequence)
    shown = masked(around + number + around)
    assert number[4:14] not in shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "scanned",
    [
        "{}",
        " {}\n",
        "统一社会信用代码：{}；名称：某公司",
        "https://www.example.gov.cn/licence/index?uniscid={}&from=qr",
        "https://www.example.gov.cn/l/{}",
        "https://www.example.gov.cn/jump?to=" + quote("https://x.example/{}/a", safe="{}"),
    ],
)
def test_a_licence_is_read_from_whatever_holds_it(scanned: str) -> None:
    for code in PUBLIC:
        for written in (code, code.lower()):
            assert scanned_enterprise(scanned.format(written)) == ScannedCode(code, code)


@pytest.mark.parametrize(
    ("scanned", "code"),
    [
        ("JD-420102-000017", "JD-420102-000017"),
        ("https://jdm.example.gov.cn/s/JD-420102-000017/", "JD-420102-000017"),
        ("https://jdm.example.gov.cn/s?v=2&code=JD-420102-000017", "JD-420102-000017"),
        ("https://jdm.example.gov.cn", "https://jdm.example.gov.cn"),
        ("https://[", "https://["),
    ],
)
def test_a_supervision_code_is_kept_as_the_code_others_know_it_by(scanned: str, code: str) -> None:
    assert scanned_enterprise(scanned) == ScannedCode(None, code)


def test_two_licences_in_one_text_and_a_code_inside_a_longer_one_are_none() -> None:
    assert scanned_enterprise(" ".join(PUBLIC)).uscc is None
    assert scanned_enterprise(f"https://x.example/{PUBLIC[0]}0").uscc is None
    assert scanned_enterprise(f"{PUBLIC[0]} {PUBLIC[0]}").uscc == PUBLIC[0]
