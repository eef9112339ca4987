"""What decides, on its own: the worst gate, with the reasons of all."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_registry.model import Datum
from device_registry.model import Place as RegisteredPlace
from evidence import rules
from evidence.model import Content, Evidence, Facts, Outcome, Place, Reason
from evidence.rules import CLOCK_TOLERANCE, SEVERITY, Finding
from foundation.media_type import UNKNOWN

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def some_evidence(**changes: Any) -> Evidence:
    facts = Facts(
        evidence_id=uuid4(),
        sha256="0" * 64,
        size=1,
        media_type="image/jpeg",
        captured_earliest=NOW,
        captured_latest=NOW,
    )
    values: dict[str, Any] = {
        "id": facts.evidence_id, "sha256": bytes(32), "size": 1, "media_type": "image/jpeg", "earliest": NOW,
        "latest": NOW, "device_tag": None, "officer_id": uuid4(), "phone_id": uuid4(), "unit_id": uuid4(),
        "facts": facts, "commitment": "", "committed_at": NOW, "enrolled_at": NOW - timedelta(days=9),
    }  # fmt: skip
    return Evidence(**values | changes)


findings = st.builds(
    lambda outcome, count: Finding(outcome, tuple(Reason(f"R{number}") for number in range(count))),
    st.sampled_from(SEVERITY),
    st.integers(0, 3),
)


@given(st.lists(findings))
def test_one_gate_that_does_not_open_decides_and_no_reason_is_lost(gates: list[Finding]) -> None:
    judged = rules.judge(gates)
    outcomes: set[Outcome] = {gate.outcome for gate in gates}
    expected = "HELD" if "HELD" in outcomes else "UNDETERMINED" if "UNDETERMINED" in outcomes else "ADMITTED"
    assert judged.outcome == expected
    assert len(judged.reasons) == sum(len(gate.reasons) for gate in gates)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"latest": NOW + CLOCK_TOLERANCE}, []),
        ({"latest": NOW + CLOCK_TOLERANCE + MICROSECOND}, ["CAPTURED_IN_THE_FUTURE"]),
        ({"earliest": NOW - timedelta(days=9) - CLOCK_TOLERANCE}, []),
        ({"earliest": NOW - timedelta(days=9) - CLOCK_TOLERANCE - MICROSECOND}, ["CAPTURED_BEFORE_ENROLMENT"]),
        (
            {"enrolled_at": NOW + timedelta(days=1), "latest": NOW + timedelta(days=1)},
            ["CAPTURED_IN_THE_FUTURE", "CAPTURED_BEFORE_ENROLMENT"],
        ),
    ],
)
def test_a_capture_lies_between_the_keys_enrolment_and_the_servers_knowledge(
    changes: dict[str, Any], codes: list[str]
) -> None:
    found = rules.capture_time(some_evidence(**changes))
    assert [reason.code for reason in found.reasons] == codes
    assert found.outcome == ("HELD" if codes else "ADMITTED")


@pytest.mark.parametrize(
    ("longitude", "latitude", "outcome"),
    [
        (114.3, 30.6, "ADMITTED"),
        (180, 90, "ADMITTED"),
        (-180, -90, "ADMITTED"),
        (0, 30.6, "ADMITTED"),
        (0, 0, "UNDETERMINED"),
        (180.0001, 0, "HELD"),
        (114.3, 213, "HELD"),
        (float("inf"), 0, "HELD"),
    ],
)
def test_a_place_off_the_earth_is_held_and_null_island_is_asked_about(
    longitude: float, latitude: float, outcome: str
) -> None:
    assert rules.place(Place(longitude, latitude, Datum.WGS84)).outcome == outcome


def test_no_place_is_no_claim() -> None:
    assert rules.place(None) == Finding("ADMITTED")


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (Content("image/jpeg"), []),
        (Content("video/mp4"), []),
        (Content(UNKNOWN), ["CONTENT_NOT_ACCEPTED"]),
        (Content("image/jpeg", trouble="PICTURE_UNREADABLE"), ["PICTURE_UNREADABLE"]),
    ],
)
def test_content_counts_only_where_it_is_accepted_and_can_be_opened(content: Content, codes: list[str]) -> None:
    assert [reason.code for reason in rules.content(content, "image/jpeg").reasons] == codes


WUHAN = RegisteredPlace(114.2990, 30.5950, Datum.WGS84)
A_DEGREE_OF_LATITUDE = 111_195


@pytest.mark.parametrize(
    ("north_metres", "datum", "accuracy", "outcome"),
    [
        (0, Datum.WGS84, None, "ADMITTED"),
        (199, Datum.CGCS2000, None, "ADMITTED"),
        (201, Datum.WGS84, None, "HELD"),
        (690, Datum.WGS84, 500, "ADMITTED"),
        (710, Datum.WGS84, 50_000, "HELD"),
        (1_490, Datum.GCJ02, None, "ADMITTED"),
        (1_510, Datum.BD09, None, "HELD"),
    ],
)
def test_a_fixed_device_captures_where_it_was_announced(
    north_metres: int, datum: Datum, accuracy: float | None, outcome: Outcome
) -> None:
    claimed = Place(WUHAN.longitude, WUHAN.latitude + north_metres / A_DEGREE_OF_LATITUDE, datum, accuracy)
    found = rules.site(claimed, WUHAN)
    assert found.outcome == outcome
    assert [reason.code for reason in found.reasons] == (["LOCATION_MISMATCH"] if outcome == "HELD" else [])


def test_no_place_is_no_claim_about_the_site() -> None:
    assert rules.site(None, WUHAN).outcome == "ADMITTED"
    assert rules.site(Place(0, 0, Datum.WGS84), None).outcome == "ADMITTED"
