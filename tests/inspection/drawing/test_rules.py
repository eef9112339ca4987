"""The lot: reproducible, fair as far as chance can be counted, and never two who have a conflict."""

from collections import Counter
from functools import partial
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from foundation.lots import Lots, canonical
from inspection.drawing.model import Candidate
from inspection.drawing.rules import draw, of_enterprise
from tests.inspection.drawing.builders import a_credit_code, an_officer_id, pools_of

SEEDS = st.binary(min_size=32, max_size=32)


def seed(number: int) -> bytes:
    return sha256(f"seed {number}".encode()).digest()


@st.composite
def drawn_from(draw_one: st.DrawFn) -> tuple[int, int, int, tuple[tuple[int, int], ...]]:
    enterprises, officers = draw_one(st.integers(1, 12)), draw_one(st.integers(2, 8))
    pairs = st.tuples(st.integers(0, officers - 1), st.integers(0, enterprises - 1))
    conflicts = tuple(sorted(draw_one(st.sets(pairs, max_size=10))))
    return enterprises, officers, draw_one(st.integers(1, enterprises)), conflicts


@given(drawn_from(), SEEDS, st.integers(0, 7))
def test_every_draw_has_its_size_and_nobody_in_it_who_may_not_be(
    given_: tuple[int, int, int, tuple[tuple[int, int], ...]], chosen: bytes, out: int
) -> None:
    enterprises, officers, number, conflicts = given_
    pools = pools_of(enterprises, officers, number, conflicts=conflicts)
    excluded = {an_officer_id(out)}
    drawn = draw(pools, chosen, "", excluded)
    able = enterprises - len(drawn.left_out)
    assert len(drawn.teams) == len({team.uscc for team in drawn.teams}) == min(number, able)
    assert drawn.short == (("",) if able < number else ())
    barred = {(one.officer, one.uscc) for one in pools.conflicts}
    for team in drawn.teams:
        assert len(set(team.officers)) == len(team.officers) == 2
        assert not excluded & set(team.officers)
        assert not any((officer, team.uscc) in barred for officer in team.officers)
        assert team.uscc not in drawn.left_out


@given(drawn_from(), SEEDS, st.text(max_size=20))
def test_the_same_seed_draws_the_same_and_another_beacon_is_another_draw_of_lots(
    given_: tuple[int, int, int, tuple[tuple[int, int], ...]], chosen: bytes, beacon: str
) -> None:
    enterprises, officers, number, conflicts = given_
    pools = pools_of(enterprises, officers, number, conflicts=conflicts)
    assert draw(pools, chosen, beacon, ()) == draw(pools, chosen, beacon, [])


def test_a_beacon_changes_what_is_drawn() -> None:
    pools = pools_of(40, 6, 3)
    assert len({draw(pools, seed(0), f"开奖号码 {number}", ()).teams for number in range(20)}) == 20


@given(st.randoms(use_true_random=False), SEEDS)
def test_the_order_in_which_candidates_are_looked_at_decides_nothing(random: object, chosen: bytes) -> None:
    """The same pools have one digest, for they are put in order; shuffled ones under that digest draw the same."""
    pools = pools_of(10, 5, 4)
    lots = [*pools.enterprises]
    random.shuffle(lots)  # type: ignore[attr-defined]
    digest = sha256(canonical(pools)).digest()
    keys = Lots(chosen, digest, "")
    again = [one.uscc for one in sorted(lots, key=partial(of_enterprise, keys))[:4]]
    assert again == [team.uscc for team in draw(pools, chosen, "", ()).teams]


def chi_square(counted: Counter[object], expected: dict[object, float]) -> float:
    return sum((counted[one] - wanted) ** 2 / wanted for one, wanted in expected.items())


def test_every_enterprise_and_officer_is_drawn_about_equally_often() -> None:
    """2,000 fixed seeds. 9 degrees of freedom: 27.9 is passed by chance once in a thousand; 5: 20.5.

    Drawing without replacement varies less, so that the figure is on the safe side.
    """
    pools = pools_of(10, 6, 3)
    enterprises, officers = Counter[object](), Counter[object]()
    for number in range(2000):
        for team in draw(pools, seed(number), "", ()).teams:
            enterprises[team.uscc] += 1
            officers.update(team.officers)
    assert chi_square(enterprises, {one.uscc: 600 for one in pools.enterprises}) < 27.9
    assert chi_square(officers, dict.fromkeys(pools.officers, 2000)) < 20.5


def test_weight_three_is_drawn_first_three_times_as_often() -> None:
    """4,000 fixed seeds, 3 degrees of freedom: 16.3 is passed by chance once in a thousand."""
    pool = tuple(Candidate(uscc=a_credit_code(one), name="企业", weight=3 if one == 0 else 1) for one in range(4))
    pools = replace(pools_of(4, 2, 1), enterprises=pool)
    counted = Counter[object](draw(pools, seed(number), "", ()).teams[0].uscc for number in range(4000))
    assert chi_square(counted, {one.uscc: 4000 * one.weight / 6 for one in pool}) < 16.3


def test_strata_are_drawn_each_by_itself() -> None:
    pool = tuple(
        Candidate(uscc=a_credit_code(one), name="企业", stratum="高" if one < 3 else "低") for one in range(12)
    )
    pools = replace(pools_of(12, 3, 1), enterprises=pool, numbers={"高": 2, "低": 1})
    for number in range(20):
        codes = [team.uscc for team in draw(pools, seed(number), "", ()).teams]
        assert [one in {a_credit_code(high) for high in range(3)} for one in codes].count(True) == 2
        assert len(codes) == 3


def test_an_enterprise_that_too_few_may_inspect_is_told_and_not_drawn_from() -> None:
    pools = pools_of(2, 3, 2, conflicts=((0, 0), (1, 0)))
    drawn = draw(pools, seed(1), "", ())
    assert (drawn.left_out, drawn.short) == ((a_credit_code(0),), ("",))
