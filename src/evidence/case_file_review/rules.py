"""Which files are drawn and who reviews them; what a sheet must be; what a file scores. Pure.

docs/case-file-review.md tells strangers how a sample is reckoned again.
"""

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from evidence.case_file_review.model import (
    Drawn,
    File,
    Finding,
    Frame,
    Grade,
    ItemKind,
    Judged,
    Judgement,
    Mark,
    Sheet,
    Terms,
)
from foundation.lots import Lots, canonical
from foundation.problem import Spoken

FULL_MARKS = 100
_ORDER = tuple(Grade)


class Sample(NamedTuple):
    """`short`: files for which too few reviewers are free. Where there are any, nothing may be drawn."""

    files: tuple[Drawn, ...]
    short: tuple[UUID, ...]


def draw(terms: Terms, frame: Frame, seed: bytes, beacon: str) -> Sample:
    """The order of the frame decides nothing, and no file changes the key of another.

    A file that nobody may review stops the draw: left out, it would be the file to hide something in.
    """
    lots = Lots(seed, sha256(canonical(terms)).digest(), beacon)
    barred: dict[UUID, set[UUID]] = {}
    for one in frame.barred:
        barred.setdefault(one.case, set()).add(one.reviewer)

    def free(case: UUID) -> list[UUID]:
        return [reviewer for reviewer in frame.reviewers if reviewer not in barred.get(case, ())]

    short = tuple(sorted(one.case for one in frame.files if len(free(one.case)) < terms.reviewers_each))
    drawn = list[Drawn]()
    for unit in sorted(terms.units):
        files = [one for one in frame.files if one.unit == unit]
        chosen = sorted(files, key=lambda one: lots.key(f"file {one.case}"))[: size_of(terms, len(files))]
        drawn += [Drawn(one.case, unit, _reviewers(lots, one, free(one.case), terms.reviewers_each)) for one in chosen]
    return Sample(tuple(drawn), short)


def size_of(terms: Terms, files: int) -> int:
    """How many of so many files of a unit are drawn."""
    if terms.number is not None:
        return min(terms.number, files)
    return -(-files * (terms.share or 0) // 100)


def _reviewers(lots: Lots, file: File, free: Collection[UUID], number: int) -> tuple[UUID, ...]:
    return tuple(sorted(free, key=lambda one: lots.key(f"reviewer {file.case} {one}"))[:number])


def contradiction(sheet: Sheet) -> Spoken | None:
    """What is wrong with a sheet."""
    codes = [item.code for item in sheet.items]
    if len(set(codes)) < len(codes):
        return Spoken("case-review.refused.code-twice")
    if any((item.points > 0) is not (item.kind is ItemKind.POINTS) for item in sheet.items):
        return Spoken("case-review.refused.points-kind")
    if sum(item.points for item in sheet.items) != FULL_MARKS:
        return Spoken("case-review.refused.points-sum", full=FULL_MARKS)
    bounds = [sheet.bounds.get(grade, -1) for grade in _ORDER[:-1]]
    if len(sheet.bounds) != len(bounds) or not FULL_MARKS >= bounds[0] > bounds[1] > bounds[2] > 0:
        return Spoken("case-review.refused.bounds")
    return None


def misjudged(sheet: Sheet, items: Sequence[Judged]) -> Spoken | None:
    """Every item once, as its kind has it, and a reason where something is amiss."""
    judged = {one.code: one for one in items}
    if len(judged) < len(items) or judged.keys() != {item.code for item in sheet.items}:
        return Spoken("case-review.refused.items")
    for item in sheet.items:
        one = judged[item.code]
        if item.kind is ItemKind.POINTS:
            if one.found is not None or one.points is None or not 0 <= one.points <= item.points:
                return Spoken("case-review.refused.points", code=item.code, most=item.points)
        elif one.points is not None or one.found is None:
            return Spoken("case-review.refused.found", code=item.code)
        if _lost(item.points, one) and not one.reason.strip():
            return Spoken("case-review.refused.reason", code=item.code)
    return None


def score_of(items: Iterable[Judged]) -> int:
    return sum(one.points or 0 for one in items)


def mark(sheet: Sheet, judgements: Sequence[Sequence[Judged]]) -> Mark:
    """Of at least one judgement, each with every item of the sheet."""
    score = Fraction(sum(score_of(items) for items in judgements), len(judgements))
    found = {one.code for items in judgements for one in items if one.found}
    vetoed, capped = (
        tuple(item.code for item in sheet.items if item.kind is kind and item.code in found)
        for kind in (ItemKind.VETO, ItemKind.CAP)
    )
    grade = next((grade for grade in _ORDER[:-1] if score >= sheet.bounds[grade]), Grade.FAILED)
    if capped and _ORDER.index(grade) < _ORDER.index(sheet.capped_at):
        grade = sheet.capped_at
    return Mark(score=float(score), grade=Grade.FAILED if vetoed else grade, vetoed=vetoed, capped=capped)


def findings(sheet: Sheet, judgements: Sequence[Judgement]) -> list[Finding]:
    """What is amiss, in the order of the sheet."""
    return [
        Finding(item, judgement.reviewer_id, item.points - (one.points or 0) if item.points else 0, one.reason)
        for item in sheet.items
        for judgement in judgements
        for one in judgement.items
        if one.code == item.code and _lost(item.points, one)
    ]


def findings_in(sheet: Sheet, items: Sequence[Judged]) -> int:
    points = {item.code: item.points for item in sheet.items}
    return sum(_lost(points[one.code], one) for one in items)


def _lost(most: int, one: Judged) -> bool:
    return bool(one.found) or (one.points is not None and one.points < most)
