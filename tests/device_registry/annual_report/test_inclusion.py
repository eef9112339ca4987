"""Which device is new this year, for which unit, and why: the truth table, case by case."""

from datetime import date
from uuid import UUID

import pytest

from device_registry.annual_report.model.movement import Flow, Held, Life, Period
from device_registry.annual_report.model.snapshot import Decision, Inclusion
from device_registry.annual_report.rules.balance import BreakCause, break_of, stock
from device_registry.annual_report.rules.inclusion import inclusion
from device_registry.annual_report.rules.movements import movements_of, walk
from device_registry.model import ServiceChange
from tests.device_registry.annual_report.builders import BUREAU, PERIOD, STREET, a_life, step

PUT, STOP, AGAIN, SCRAP = (
    ServiceChange.PUT_IN_SERVICE,
    ServiceChange.SUSPENDED,
    ServiceChange.RESUMED,
    ServiceChange.RETIRED,
)
BEFORE, SPRING, SUMMER, AUTUMN = "2024-05-01 09:00", "2026-03-01 09:00", "2026-06-01 09:00", "2026-09-01 09:00"
HERE, THERE = {UUID(int=1): "江岸", UUID(int=2): "江汉"}, {UUID(int=1): "江岸", UUID(int=2): "江岸"}
IN_AUGUST = (Held(STREET, None, date(2026, 8, 1)), Held(BUREAU, date(2026, 8, 1), None))
AWAY = (Held(BUREAU, None, date(2026, 8, 1)), Held(STREET, date(2026, 8, 1), None))

CASES: dict[str, tuple[Life, Inclusion, tuple[Flow, ...]]] = {
    "first in service in the period": (
        a_life(step(PUT, SPRING), served=((SPRING, None),)), Inclusion.NEW, (Flow.NEW,)),
    "first in service, stopped since": (
        a_life(step(PUT, SPRING), step(STOP, AUTUMN), served=((SPRING, AUTUMN),)),
        Inclusion.NEW, (Flow.NEW, Flow.SUSPENDED)),
    "first in service, scrapped since": (
        a_life(step(PUT, SPRING), step(STOP, SUMMER), step(SCRAP, AUTUMN), served=((SPRING, SUMMER),)),
        Inclusion.NEW, (Flow.NEW, Flow.RETIRED)),
    "in the place of another": (
        a_life(step(PUT, SPRING), served=((SPRING, None),), replaces=UUID(int=9)),
        Inclusion.REPLACEMENT, (Flow.REPLACEMENT,)),
    "at another site after a suspension": (
        a_life(step(PUT, BEFORE, 1), step(STOP, SPRING), step(PUT, SUMMER, 2),
               served=((BEFORE, SPRING), (SUMMER, None)), sites=HERE),
        Inclusion.RELOCATED, (Flow.SUSPENDED, Flow.RELOCATED)),
    "at another site without a suspension": (
        a_life(step(PUT, BEFORE, 1), step(PUT, SUMMER, 2), served=((BEFORE, None),), sites=HERE),
        Inclusion.RELOCATED, (Flow.RELOCATED_AWAY, Flow.RELOCATED)),
    "another speed limit at the same place": (
        a_life(step(PUT, BEFORE, 1), step(PUT, SUMMER, 2), served=((BEFORE, None),), sites=THERE),
        Inclusion.SITE_CHANGED, ()),
    "in service before": (
        a_life(step(PUT, BEFORE), served=((BEFORE, None),)), Inclusion.IN_SERVICE_BEFORE, ()),
    "in service again": (
        a_life(step(PUT, BEFORE), step(STOP, "2025-05-01 09:00"), step(AGAIN, SUMMER),
               served=((BEFORE, "2025-05-01 09:00"), (SUMMER, None))),
        Inclusion.RESUMED, (Flow.RESUMED,)),
    "stopped by a lapse": (
        a_life(step(PUT, BEFORE), step(None, SPRING), served=((BEFORE, SPRING),)),
        Inclusion.SUSPENDED, (Flow.SUSPENDED,)),
    "stopped twice over": (
        a_life(step(PUT, BEFORE), step(None, SPRING), step(STOP, SUMMER), served=((BEFORE, SPRING),)),
        Inclusion.SUSPENDED, (Flow.SUSPENDED,)),
    "scrapped out of service in the same year": (
        a_life(step(PUT, BEFORE), step(STOP, SPRING), step(SCRAP, AUTUMN), served=((BEFORE, SPRING),)),
        Inclusion.RETIRED, (Flow.RETIRED,)),
    "scrapped, stopped the year before": (
        a_life(step(PUT, BEFORE), step(STOP, "2025-05-01 09:00"), step(SCRAP, AUTUMN),
               served=((BEFORE, "2025-05-01 09:00"),)),
        Inclusion.RETIRED, ()),
    "never in service": (a_life(), Inclusion.NOT_IN_SERVICE, ()),
    "in service only after the period": (
        a_life(step(PUT, "2027-01-01 00:00"), served=(("2027-01-01 00:00", None),)), Inclusion.NOT_IN_SERVICE, ()),
    "in service in the last minute": (
        a_life(step(PUT, "2026-12-31 23:59"), served=(("2026-12-31 23:59", None),)), Inclusion.NEW, (Flow.NEW,)),
    "came from another unit, in use": (
        a_life(step(PUT, BEFORE), served=((BEFORE, None),), held=IN_AUGUST), Inclusion.MOVED_IN, (Flow.MOVED_IN,)),
    "came from another unit, new this year": (
        a_life(step(PUT, SPRING), served=((SPRING, None),), held=IN_AUGUST), Inclusion.NEW, (Flow.NEW,)),
    "went to another unit, in use": (
        a_life(step(PUT, BEFORE), served=((BEFORE, None),), held=AWAY), Inclusion.MOVED_OUT, (Flow.MOVED_OUT,)),
    "went to another unit, new this year": (
        a_life(step(PUT, SPRING), served=((SPRING, None),), held=AWAY), Inclusion.MOVED_OUT, ()),
    "went to another unit, out of use": (
        a_life(step(PUT, BEFORE), step(STOP, SPRING), step(AGAIN, AUTUMN),
               served=((BEFORE, SPRING), (AUTUMN, None)), held=AWAY),
        Inclusion.MOVED_OUT, (Flow.SUSPENDED,)),
    "held in the hand": (
        a_life(step(PUT, SPRING), served=((SPRING, None),), monitoring=False), Inclusion.NOT_MONITORING, (Flow.NEW,)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_device_says_why_it_is_reported_as_new_or_not(case: str) -> None:
    life, reason, flows = CASES[case]
    walked = walk(life)
    verdict = inclusion(life, walked, BUREAU, PERIOD)
    assert verdict.reason is reason
    movements = movements_of(life, walked, BUREAU, PERIOD)
    assert tuple(movement.flow for movement in movements) == flows
    if life.monitoring:
        stocked = stock(life, BUREAU, PERIOD)
        assert break_of(UUID(int=7), "T", life, walked, PERIOD, stocked, movements) is None


def test_what_came_into_service_after_last_years_closing_date_is_a_late_addition() -> None:
    period = Period(2026, date(2025, 12, 16), date(2026, 12, 20))
    late = a_life(step(PUT, "2025-12-16 00:00"), served=(("2025-12-16 00:00", None),))
    early = a_life(step(PUT, "2025-12-15 23:59"), served=(("2025-12-15 23:59", None),))
    after = a_life(step(PUT, "2026-12-21 00:00"), served=(("2026-12-21 00:00", None),))
    assert inclusion(late, walk(late), BUREAU, period) == (
        Inclusion.LATE_ADDITION,
        date(2025, 12, 16),
        True,
        None,
    )
    assert inclusion(early, walk(early), BUREAU, period).reason is Inclusion.IN_SERVICE_BEFORE
    assert inclusion(after, walk(after), BUREAU, period).reason is Inclusion.NOT_IN_SERVICE


def test_only_new_late_and_relocated_devices_are_included_and_replacements_stand_apart() -> None:
    decided = {reason: inclusion(life, walk(life), BUREAU, PERIOD).decision for life, reason, _ in CASES.values()}
    assert {reason for reason, decision in decided.items() if decision is Decision.INCLUDED} == {
        Inclusion.NEW,
        Inclusion.RELOCATED,
    }
    assert decided[Inclusion.REPLACEMENT] is Decision.LISTED_APART


BROKEN: dict[str, tuple[Life, BreakCause]] = {
    "put in service twice": (
        a_life(step(PUT, SPRING), step(PUT, SUMMER), served=((SPRING, None),)), BreakCause.SUM),
    "suspended before it ever served": (a_life(step(STOP, SPRING)), BreakCause.SUM),
    "released without ever having been put in service": (
        a_life(step(AGAIN, SPRING), served=((SPRING, None),)), BreakCause.CONTRADICTION),
    "in service after retirement": (
        a_life(step(PUT, BEFORE), step(SCRAP, SPRING), step(PUT, SUMMER), served=((BEFORE, SPRING),)), BreakCause.SUM),
    "a span in service that nothing began": (a_life(served=((SPRING, None),)), BreakCause.SUM),
    "a span that ended without anything done": (
        a_life(step(PUT, BEFORE), served=((BEFORE, SUMMER),)), BreakCause.SUM),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_was_done_and_the_spans_in_service_must_agree_or_the_device_is_named(case: str) -> None:
    life, cause = BROKEN[case]
    walked = walk(life)
    movements = movements_of(life, walked, BUREAU, PERIOD)
    found = break_of(UUID(int=7), "SLM-7", life, walked, PERIOD, stock(life, BUREAU, PERIOD), movements)
    assert found is not None
    assert (found.tag, found.cause) == ("SLM-7", cause)
