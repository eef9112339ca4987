"""The interval that follows from readings holds the true instant of capture, whatever the phone's clocks do."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from evidence import queries
from evidence.capture_time import DRIFT_PPM, derived, interval_of
from evidence.commitment import commit
from evidence.custodian import Custodian
from evidence.model import Evidence, Readings
from evidence.problems import CaptureTimeReversed, ClockReadingsRefused, CommitmentConflicts
from evidence.signing import Signer
from foundation.civil import end_of
from tests.builders import OfficerWithPhone, a_device, a_photo, an_officer, at
from tests.evidence.test_admission import hand_in

BODY = a_photo(7)
TRUE_START = datetime(2026, 5, 1, 2, 3, 4, 567891, tzinfo=UTC)
A_MONTH = 30 * 86_400.0


class Lived(NamedTuple):
    """What a phone did in truth, and what its clock showed. All in seconds of true time since it asked."""

    anchored: datetime
    captured: datetime
    heard_of: datetime
    readings: Readings


@st.composite
def a_phone_s_life(draw: st.DrawFn) -> Lived:
    """It asks, the server signs somewhere on the way, it captures up to 30 days later, and hands in after that.

    Its clock drifts, stops in sleep or does not, and may begin anew with a restart.
    """
    rate = 1 + draw(st.floats(-DRIFT_PPM, DRIFT_PPM)) / 1e6
    began = draw(st.floats(0, 1e9))
    counts_sleep, restarted = draw(st.booleans()), draw(st.booleans())
    signed = draw(st.floats(0, 60))
    heard = signed + draw(st.floats(0, 60))
    last_reading = heard + draw(st.floats(0, A_MONTH))
    captured = last_reading + (draw(st.floats(0, A_MONTH)) if restarted else 0)
    heard_of = captured + draw(st.floats(0, A_MONTH))
    slept = draw(st.floats(0, 1)) * (last_reading - heard)

    def shown(true: float, asleep: float = 0) -> float:
        return began + 1000 * rate * (true - (0 if counts_sleep else asleep))

    readings = Readings(
        anchor="-", asked_ms=shown(0), heard_ms=shown(heard), captured_ms=shown(last_reading, slept),
        counts_sleep=counts_sleep, restarted=restarted,
    )  # fmt: skip
    anchored, at_capture, at_last = (TRUE_START + timedelta(seconds=true) for true in (signed, captured, heard_of))
    return Lived(anchored, at_capture, at_last, readings)


ROUNDING = timedelta(microseconds=2)
"""Of the simulated phone: true instants are rounded to a microsecond, and its readings are floating-point numbers."""


@given(a_phone_s_life())
def test_the_true_instant_of_capture_always_lies_in_the_interval(lived: Lived) -> None:
    earliest, latest = interval_of(lived.anchored, lived.readings, lived.heard_of)
    assert earliest - ROUNDING <= lived.captured <= latest + ROUNDING


@given(a_phone_s_life())
def test_a_clock_that_ran_through_tells_within_the_way_of_the_answer_and_its_drift(lived: Lived) -> None:
    earliest, latest = interval_of(lived.anchored, lived.readings, lived.heard_of)
    assert earliest <= latest <= max(lived.heard_of, earliest)
    if lived.readings.counts_sleep and not lived.readings.restarted:
        on_the_way = (lived.readings.heard_ms - lived.readings.asked_ms) / 1000
        since = (lived.captured - lived.anchored).total_seconds() + on_the_way
        assert (latest - earliest).total_seconds() <= on_the_way * 1.001 + since * 3 * DRIFT_PPM / 1e6 + 1e-3


def test_a_day_of_a_perfect_clock() -> None:
    readings = Readings(
        anchor="-", asked_ms=1000, heard_ms=1200, captured_ms=86_401_000, counts_sleep=True, restarted=False
    )
    anchored = datetime(2026, 5, 1, tzinfo=UTC)
    earliest, latest = interval_of(anchored, readings, anchored + timedelta(days=9))
    day = anchored + timedelta(days=1)
    assert day - timedelta(seconds=8.9) < earliest < day - timedelta(seconds=8.8)
    assert day + timedelta(seconds=8.6) < latest < day + timedelta(seconds=8.7)


def readings(custodian: Custodian, officer: OfficerWithPhone, **otherwise: Any) -> dict[str, Any]:
    """Asked and heard at the clock's present, captured an hour after."""
    anchor = custodian.signer.anchor(custodian.clock.now(), "some-nonce", officer.phone_id)
    return {
        "anchor": anchor, "asked_ms": 5000, "heard_ms": 5250.5, "captured_ms": 3_605_000,
        "counts_sleep": True, "restarted": False,
    } | otherwise  # fmt: skip


async def committed(custodian: Custodian, officer: OfficerWithPhone, clock: dict[str, Any], **facts: Any) -> Evidence:
    jws = officer.commitment(BODY, facts.pop("claimed", at(custodian.clock)), clock=clock, **facts)
    done = await commit(custodian, jws, officer.courier)
    async with custodian.database.connection() as db:
        evidence = await queries.evidence_by_id(db, done.evidence_id)
    assert evidence is not None
    return evidence


async def test_the_interval_is_derived_and_the_phone_s_claim_is_kept_beside_it(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    anchored, clock = custodian.clock.now(), readings(custodian, officer)
    custodian.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    skewed = datetime(2001, 1, 1, tzinfo=UTC)
    found = await committed(custodian, officer, clock, claimed=skewed)
    assert found.earliest < anchored + timedelta(hours=1) < found.latest
    assert found.latest - found.earliest < timedelta(seconds=1)
    assert (found.facts.captured_earliest, found.facts.captured_latest) == (skewed, skewed)


async def test_a_month_offline_with_a_restart_is_wide_and_taken(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    anchored, clock = custodian.clock.now(), readings(custodian, officer, restarted=True)
    custodian.clock.advance(timedelta(days=30))  # type: ignore[attr-defined]
    found = await committed(custodian, officer, clock, captured_latest=at(custodian.clock, days=-4))
    assert found.earliest < anchored + timedelta(hours=1)
    assert found.latest == custodian.clock.now()


async def test_without_readings_a_claim_stays_narrow(custodian: Custodian, officer: OfficerWithPhone) -> None:
    wide = officer.commitment(BODY, at(custodian.clock), captured_earliest=at(custodian.clock, days=30))
    with pytest.raises(CaptureTimeReversed):
        await commit(custodian, wide, officer.courier)


async def test_the_same_facts_sent_again_later_keep_the_interval_of_the_first_time(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    evidence_id, clock = uuid4(), readings(custodian, officer, counts_sleep=False)
    claimed = at(custodian.clock)
    first = await committed(custodian, officer, clock, claimed=claimed, evidence_id=evidence_id)
    custodian.clock.advance(timedelta(days=3))  # type: ignore[attr-defined]
    again = await committed(custodian, officer, clock, claimed=claimed, evidence_id=evidence_id)
    assert (again.earliest, again.latest) == (first.earliest, first.latest)
    with pytest.raises(CommitmentConflicts):
        await committed(
            custodian, officer, clock | {"captured_ms": 3_605_001}, claimed=claimed, evidence_id=evidence_id
        )


async def test_an_anchor_of_another_key_another_phone_or_another_kind_is_refused_and_named(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    now, colleague = custodian.clock.now(), await an_officer(custodian.database, officer.unit_id)
    receipt = custodian.signer.sign({"at": now, "nonce": "n", "phone_id": officer.phone_id})
    stranger = Signer(Ed25519PrivateKey.generate()).anchor(now, "n", officer.phone_id)
    theirs = custodian.signer.anchor(now, "n", colleague.phone_id)
    for anchor in (receipt, stranger, theirs, "no.jws.atall", "é.é.é", theirs[:-4]):
        with pytest.raises(ClockReadingsRefused) as refused:
            await committed(custodian, officer, readings(custodian, officer, anchor=anchor))
        assert refused.value.field == "clock.anchor"
    for backwards in ({"heard_ms": 4999}, {"captured_ms": 5249}):
        with pytest.raises(ClockReadingsRefused) as refused:
            await committed(custodian, officer, readings(custodian, officer, **backwards))
        assert refused.value.field == f"clock.{next(iter(backwards))}"


async def test_readings_that_lie_after_the_server_heard_of_it_are_held_not_lost(
    custodian: Custodian, officer: OfficerWithPhone
) -> None:
    clock = readings(custodian, officer, captured_ms=86_400_000)
    _, judged = await hand_in(custodian, officer, at(custodian.clock), BODY, clock=clock)
    assert [reason.code for reason in judged.verdict.reasons] == ["CAPTURED_IN_THE_FUTURE"]


@pytest.mark.parametrize(
    ("before_the_end", "outcome"),
    [(timedelta(seconds=3), "ADMITTED"), (timedelta(0), "UNDETERMINED"), (timedelta(seconds=-3), "HELD")],
)
async def test_it_is_undetermined_exactly_when_the_interval_straddles_the_last_instant(
    custodian: Custodian, officer: OfficerWithPhone, before_the_end: timedelta, outcome: str
) -> None:
    last = date(2026, 5, 3)
    meter = await a_device(custodian.database, custodian.clock, officer.unit_id, verified=(date(2026, 1, 10), last))
    end = end_of(last)
    anchor = custodian.signer.anchor(end - before_the_end - timedelta(hours=1), "nonce", officer.phone_id)
    clock = readings(custodian, officer, anchor=anchor)
    evidence_id, judged = await hand_in(
        custodian, officer, at(custodian.clock), BODY, clock=clock, device_tag=meter.tag
    )
    async with custodian.database.connection() as db:
        found = await queries.evidence_by_id(db, evidence_id)
    assert found is not None
    straddles = found.earliest < end <= found.latest
    assert judged.verdict.outcome == outcome
    assert straddles is (outcome == "UNDETERMINED")
    assert judged.verdict.inputs["clock"]["anchor"] == anchor
    assert datetime.fromisoformat(judged.verdict.inputs["claimed_latest"]) == at(custodian.clock)


async def test_other_slices_derive_by_the_same_function(custodian: Custodian, officer: OfficerWithPhone) -> None:
    clock = Readings(**readings(custodian, officer))
    now = custodian.clock.now() + timedelta(hours=2)
    assert derived(custodian.signer, clock, officer.phone_id, now)[1] < now
