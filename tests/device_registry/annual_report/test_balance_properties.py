"""Whatever happens to a fleet: each unit's balance holds, and the units together equal a plain count."""

from collections import Counter
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from device_registry.annual_report.drafting import told
from device_registry.annual_report.model.movement import Period
from device_registry.annual_report.model.snapshot import Decision, Written
from device_registry.annual_report.rules.balance import added, balances, summary, without
from device_registry.annual_report.rules.movements import ONE_DAY
from tests.device_registry.annual_report.histories import UNITS, Past, pasts

PERIODS = (Period(2026, date(2026, 1, 1), date(2026, 12, 31)), Period(2026, date(2025, 12, 16), date(2026, 12, 15)))
FLEETS = st.integers(1, 6).flatmap(lambda size: st.tuples(*(pasts(number) for number in range(size))))
NAMES = {unit: f"单位{number}" for number, unit in enumerate(UNITS)}


@settings(max_examples=300, deadline=None)
@given(fleet=FLEETS, period=st.sampled_from(PERIODS))
def test_every_balance_holds_and_the_sum_of_the_units_is_a_plain_count(fleet: tuple[Past, ...], period: Period) -> None:
    sums, listed, closing = [], Counter[str](), Counter[str]()
    eve = period.first - ONE_DAY
    for unit in UNITS:
        reported = [
            told(past.device, past.facts, past.held, unit, period, NAMES, {}, Written())
            for past in fleet
            if any(held.unit_id == unit for held in past.held)
        ]
        assert [one.broken for one in reported if one.broken] == []
        rows = [one.row for one in reported]
        found = summary(rows)
        assert balances(found)
        assert found.opening == sum(p.holder(eve) == unit and p.in_service_before(period.opens) for p in fleet)
        assert found.closing == sum(p.holder(period.last) == unit and p.in_service_before(period.closes) for p in fleet)
        listed.update(row.tag for row in rows if row.decision is not Decision.EXCLUDED)
        closing.update(row.tag for row in rows if row.at_closing)
        assert found.verification.must == found.closing
        sums.append(found)
    total = added(sums)
    new = [p for p in fleet if p.started and period.opens <= p.started < period.closes]
    moved = [p for p in fleet if p not in new and p.relocated_in(period)]
    assert listed == Counter(p.device.tag for p in [*new, *moved])
    assert max(closing.values(), default=1) == 1
    assert balances(total)
    assert (total.new, total.replaced) == (
        sum(p.device.replaces is None for p in new),
        sum(p.device.replaces is not None for p in new),
    )
    assert total.moved_in == total.moved_out
    assert total.closing == sum(p.in_service_before(period.closes) for p in fleet)
    assert without(total, total) == summary([])
