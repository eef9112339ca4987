"""The sample is fair, owes nothing to order, and bars whom it must; the sheet scores as it says."""

from collections import Counter
from datetime import date
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evidence.case_file_review.model import Barred, Day, File, Frame, Grade, ItemKind, Judged, Kind, Terms
from evidence.case_file_review.rules import contradiction, draw, findings_in, mark, misjudged, score_of, size_of
from evidence.case_file_review.sheets import standard

UNITS = (UUID(int=1), UUID(int=2))
REVIEWERS = tuple(UUID(int=100 + number) for number in range(4))
TERMS = Terms(
    review=UUID(int=9), unit=UUID(int=8), title="年度评查", basis="工作计划", kind=Kind.COMPREHENSIVE, units=UNITS,
    day=Day.CLOSED, begins=date(2026, 1, 1), ends=date(2026, 7, 1), number=3, share=None, sheet="00" * 32,
    reviewers_each=2, beacon_source=None,
)  # fmt: skip
SHEET = standard()


def seed(number: int) -> bytes:
    return sha256(f"seed {number}".encode()).digest()


def frame_of(numbers: dict[UUID, int], barred: tuple[Barred, ...] = ()) -> Frame:
    files = tuple(
        File(UUID(int=1000 * unit.int + number), unit) for unit, count in numbers.items() for number in range(count)
    )
    return Frame(review=TERMS.review, terms_sha256="", files=files, reviewers=REVIEWERS, barred=barred)


def cases(frame: Frame, number: int, terms: Terms = TERMS) -> list[UUID]:
    return [one.case for one in draw(terms, frame, seed(number), "").files]


def test_every_file_and_every_reviewer_is_drawn_as_often_as_any_other() -> None:
    """3 of 12 over 2000 seeds: 500 times each, standard deviation 19; five of them are allowed for."""
    frame, files, reviewers = frame_of({UNITS[0]: 12}), Counter[UUID](), Counter[UUID]()
    for number in range(2000):
        for one in draw(TERMS, frame, seed(number), "").files:
            files[one.case] += 1
            reviewers.update(one.reviewers)
    assert len(files) == 12
    assert all(abs(count - 500) < 97 for count in files.values())
    assert all(abs(count - 3000) < 200 for count in reviewers.values())  # two of four for 6000 files


@given(st.permutations(range(15)), st.permutations(range(4)), st.binary(min_size=32, max_size=32))
def test_the_order_of_what_is_drawn_from_changes_nothing(files: list[int], who: list[int], chosen: bytes) -> None:
    frame = frame_of({UNITS[0]: 10, UNITS[1]: 5})
    shuffled = replace(
        frame, files=tuple(frame.files[one] for one in files), reviewers=tuple(REVIEWERS[one] for one in who)
    )
    assert draw(TERMS, shuffled, chosen, "") == draw(TERMS, frame, chosen, "")


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_a_file_more_moves_no_other_in_the_order_of_keys(number: int, size: int) -> None:
    terms = replace(TERMS, number=size)
    small, large = frame_of({UNITS[0]: 12}), frame_of({UNITS[0]: 13})
    before, after = cases(small, number, terms), cases(large, number, terms)
    added = UUID(int=1000 * UNITS[0].int + 12)
    assert [one for one in after if one != added] == before[: len(after) - (added in after)]


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 3)), max_size=14), st.integers(0, 10**6))
def test_who_is_barred_is_never_drawn_and_a_file_nobody_may_review_stops_all(
    pairs: set[tuple[int, int]], number: int
) -> None:
    barred = tuple(Barred(UUID(int=1000 + file), REVIEWERS[who]) for file, who in pairs)
    frame = frame_of({UNITS[0]: 8}, barred)
    sample = draw(replace(TERMS, number=8), frame, seed(number), "")
    free = {one.case: sum(Barred(one.case, who) not in barred for who in REVIEWERS) for one in frame.files}
    assert set(sample.short) == {case for case, count in free.items() if count < 2}
    assert {one.case for one in sample.files} == {one.case for one in frame.files}
    assert not any(Barred(one.case, who) in barred for one in sample.files for who in one.reviewers)


def test_another_beacon_or_other_terms_make_another_sample() -> None:
    frame = frame_of({UNITS[0]: 40})
    samples = {
        tuple(one.case for one in draw(terms, frame, seed(1), beacon).files)
        for terms, beacon in ((TERMS, ""), (TERMS, "03 11"), (replace(TERMS, title="另一次"), ""))
    }
    assert len(samples) == 3


@pytest.mark.parametrize(
    ("number", "share", "files", "size"),
    [(3, None, 0, 0), (3, None, 2, 2), (3, None, 9, 3), (None, 10, 0, 0), (None, 10, 1, 1), (None, 10, 20, 2),
     (None, 10, 21, 3), (None, 100, 7, 7)],
)  # fmt: skip
def test_so_many_of_a_unit_are_drawn(number: int | None, share: int | None, files: int, size: int) -> None:
    assert size_of(replace(TERMS, number=number, share=share), files) == size


def full(**lost: int) -> list[Judged]:
    """Nothing amiss but the points lost, and the vetoes and caps that are named."""
    return [
        Judged(code=item.code, points=item.points - lost.get(item.code, 0), reason="欠缺" if item.code in lost else "")
        if item.kind is ItemKind.POINTS
        else Judged(code=item.code, found=item.code in lost, reason="查实" if item.code in lost else "")
        for item in SHEET.items
    ]


@pytest.mark.parametrize(
    ("judged", "score", "grade"),
    [
        ([{}], 100, Grade.EXCELLENT),
        ([{"S2": 10}], 90, Grade.EXCELLENT),
        ([{"S2": 11}], 89, Grade.GOOD),
        ([{"S2": 20}], 80, Grade.GOOD),
        ([{"S2": 25, "S4": 15}], 60, Grade.PASSED),
        ([{"S2": 25, "S4": 16}], 59, Grade.FAILED),
        ([{"C1": 1}], 100, Grade.GOOD),
        ([{"C2": 1, "S2": 25}], 75, Grade.PASSED),
        ([{"V3": 1}], 100, Grade.FAILED),
        ([{}, {"S2": 21}], 89.5, Grade.GOOD),
        ([{}, {"V3": 1}], 100, Grade.FAILED),
        ([{}, {"C1": 1}], 100, Grade.GOOD),
    ],
)
def test_a_file_is_graded_by_its_points_and_fails_by_one_veto(
    judged: list[dict[str, int]], score: float, grade: Grade
) -> None:
    found = mark(SHEET, [full(**lost) for lost in judged])
    assert (found.score, found.grade) == (score, grade)


def test_every_item_is_judged_once_as_its_kind_has_it_and_with_a_reason() -> None:
    good = full(S2=3, V1=1)
    assert (misjudged(SHEET, good), findings_in(SHEET, good), score_of(good)) == (None, 2, 97)
    wrong = {
        "items": [good[:-1], [*good, good[0]], [*good[:-1], Judged(code="X", points=1)]],
        "points": [[*good[:-1], Judged(code="S5", points=11)], [*good[:-1], Judged(code="S5", found=True)]],
        "found": [[Judged(code="V1", points=0), *good[1:]], [Judged(code="V1"), *good[1:]]],
        "reason": [[Judged(code="V1", found=True, reason=" "), *good[1:]], [*good[:-1], Judged(code="S5", points=9)]],
    }
    for key, cases_of_it in wrong.items():
        for items in cases_of_it:
            what = misjudged(SHEET, items)
            assert what is not None
            assert what.key == f"case-review.refused.{key}"


def test_a_sheet_makes_a_hundred_points_and_its_grades_go_down() -> None:
    assert contradiction(SHEET) is None
    assert sum(item.points for item in SHEET.items) == 100
    first, *others = SHEET.items
    for changed, key in (
        (replace(SHEET, items=(first, first, *others)), "code-twice"),
        (replace(SHEET, items=(replace(first, points=5), *others)), "points-kind"),
        (replace(SHEET, items=SHEET.items[:-1]), "points-sum"),
        (replace(SHEET, bounds={**SHEET.bounds, Grade.GOOD: 95}), "bounds"),
        (replace(SHEET, bounds={Grade.GOOD: 95}), "bounds"),
    ):
        what = contradiction(changed)
        assert what is not None
        assert what.key == f"case-review.refused.{key}"
