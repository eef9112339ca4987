"""What cells of spreadsheets mean, and which are refused rather than guessed."""

from datetime import date, datetime

import pytest

from device_registry.importing import cells
from device_registry.importing.cells import DateOrder, Unclear
from device_registry.importing.table import Cell, NotADay

MAY_3 = date(2026, 5, 3)


@pytest.mark.parametrize(
    ("cell", "order", "meant"),
    [
        ("2026-05-03", "YMD", MAY_3),
        ("2026/5/3", "YMD", MAY_3),
        ("2026.5.3", "YMD", MAY_3),
        (" 2026年5月3日 ", "YMD", MAY_3),
        ("2026 年 5 月 3 日", "YMD", MAY_3),
        ("20260503", "YMD", MAY_3),
        ("2026-05-03T00:00:00Z", "YMD", MAY_3),
        ("2026-05-03 00:00:00", "DMY", MAY_3),
        ("03/05/2026", "DMY", MAY_3),
        ("3.5.2026", "DMY", MAY_3),
        ("05/03/2026", "MDY", MAY_3),
        (MAY_3, "YMD", MAY_3),
        (datetime(2026, 5, 3), "YMD", MAY_3),  # noqa: DTZ001 - a spreadsheet's
        (46145.0, "YMD", MAY_3),
        ("29/02/2024", "DMY", date(2024, 2, 29)),
        ("", "YMD", None),
        (None, "YMD", None),
    ],
)
def test_a_day_is_read_in_many_notations(cell: Cell | None, order: DateOrder, meant: date | None) -> None:
    assert cells.day(cell, order, epoch_1904=False) == meant


def test_day_numbers_of_old_macintosh_workbooks_count_from_1904() -> None:
    assert cells.day(44683.0, "YMD", epoch_1904=True) == MAY_3


@pytest.mark.parametrize(
    ("cell", "order", "why"),
    [
        ("03/05/2026", "YMD", "day-or-month-first"),
        ("31/12/2026", "YMD", "day-or-month-first"),
        ("31/12/2026", "MDY", "no-such-day"),
        ("2025-02-29", "YMD", "no-such-day"),
        ("2026-05-03T14:00:00Z", "YMD", "not-a-day"),
        ("2026-05/03", "YMD", "not-a-day"),
        ("3 May 2026", "YMD", "not-a-day"),
        ("45000", "YMD", "not-a-day"),
        (datetime(2026, 5, 3, 14), "YMD", "has-a-time"),  # noqa: DTZ001 - a spreadsheet's
        (46145.5, "YMD", "has-a-time"),
        (5.0, "YMD", "not-a-day"),
        (float("nan"), "YMD", "not-a-day"),
        (float("inf"), "YMD", "not-a-day"),
        (True, "YMD", "not-a-day"),
        (NotADay(), "YMD", "not-a-day"),
    ],
)
def test_a_day_that_is_not_sure_is_refused(cell: Cell, order: DateOrder, why: str) -> None:
    with pytest.raises(Unclear, match=f"^{why}$") as refused:
        cells.day(cell, order, epoch_1904=False)
    assert refused.value.why("zh-CN") != refused.value.why("en")


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("  SLM-041\t", "SLM-041"),
        ("two\nlines", "two lines"),
        ("全角　空格", "全角 空格"),
        (2000065.0, "2000065"),
        (0.5, "0.5"),
        ("-", "-"),
        (None, ""),
    ],
)
def test_text_is_put_in_order(cell: Cell | None, meant: str) -> None:
    assert cells.text(cell) == meant


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("=HYPERLINK(1)", "formula"),
        ("\t-2+3", "formula"),
        ("@SUM(1+1)", "formula"),
        ("+8613", "formula"),
        ("SLM\u200b-041", "invisible"),
        ("a\x1bb", "invisible"),
        ("\u202efdp.exe", "invisible"),
        ("x" * 201, "too-long"),
        (1e15, "digits-lost"),
        (MAY_3, "not-text"),
        (True, "not-text"),
    ],
)
def test_text_that_would_mislead_is_refused(cell: Cell, why: str) -> None:
    with pytest.raises(Unclear, match=f"^{why}$"):
        cells.text(cell)


@pytest.mark.parametrize(("cell", "meant"), [("114.30", 114.3), (" -0.87326 ", -0.87326), (30.59, 30.59), ("", None)])
def test_numbers_have_a_point(cell: Cell, meant: float | None) -> None:
    assert cells.number(cell) == meant


@pytest.mark.parametrize("cell", ["114.33°E", "30°35'N", "48,85", "1e5", "nan", "inf", float("nan"), True, MAY_3])
def test_what_is_no_number_is_refused(cell: Cell) -> None:
    with pytest.raises(Unclear, match="not-a-number"):
        cells.number(cell)


@pytest.mark.parametrize("cell", ["0", "1.5", "-1", 2.0**31])
def test_a_sequence_is_a_whole_number_from_one(cell: Cell) -> None:
    with pytest.raises(Unclear, match="not-a-number"):
        cells.whole(cell)
