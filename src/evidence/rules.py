"""May this evidence count? Pure decisions over what was known when it was judged."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple
from uuid import UUID

import msgspec

from agency.enforcement_items.model import ItemStanding
from agency.model import CredentialStanding
from device_registry.model import Datum, Standing, Trace, TraceCause
from device_registry.model import Outcome as DeviceOutcome
from device_registry.model import Place as RegisteredPlace
from device_registry.rules import unknown
from evidence.model import Conclusion, Content, Evidence, Outcome, Place, Reason, TraceItem
from evidence.problems import ConcluderConfirms, OwnEvidence, TraceItemNotConcluded, TraceItemNotOpen
from foundation.media_type import UNKNOWN

RULE_VERSION = "2026-11-5"
"""Changes with every change of what is admitted; stands in every verdict."""

CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far a phone's clock may run ahead of ours without saying anything about the capture. Design value: phones on
a network keep within seconds, and two minutes leave room for one that has been offline for a month (1 ppm is 2.6 s)."""

SITE_TOLERANCE_METRES = 200
"""How far from its announced site a fixed device may seem to be. Design value: the width of a large crossing twice,
since it is the officer's phone beside the device whose place is known."""
MOST_ACCURACY_METRES = 500
"""More uncertainty than that is not allowed for, however much the phone claims."""
DATUM_ALLOWANCE_METRES = 1_300
"""Between datums that are shifted against each other: GCJ-02 lies up to 700 m off WGS 84, BD-09 some 600 m further."""
_FAMILY = {Datum.WGS84: "WGS84", Datum.CGCS2000: "WGS84", Datum.GCJ02: "GCJ02", Datum.BD09: "BD09"}
"""WGS 84 and CGCS2000 differ by centimetres."""

SEVERITY: tuple[Outcome, ...] = ("ADMITTED", "UNDETERMINED", "HELD")
"""From what lets evidence count to what does not; the worst of all findings decides."""


class Finding(NamedTuple):
    """What one gate says: an outcome, and every reason for it."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()


def judge(findings: Iterable[Finding]) -> Finding:
    """The worst outcome of all gates, with the reasons of all gates."""
    outcome: Outcome = "ADMITTED"
    reasons: list[Reason] = []
    for finding in findings:
        outcome = max(outcome, finding.outcome, key=SEVERITY.index)
        reasons += finding.reasons
    return Finding(outcome, tuple(reasons))


def capture_time(evidence: Evidence) -> Finding:
    """A capture lies neither after the server learnt of it nor before the key that signed it existed."""
    reasons = []
    if evidence.latest > evidence.committed_at + CLOCK_TOLERANCE:
        reasons.append(_with_times("CAPTURED_IN_THE_FUTURE", latest=evidence.latest, known_at=evidence.committed_at))
    if evidence.earliest < evidence.enrolled_at - CLOCK_TOLERANCE:
        reasons.append(
            _with_times("CAPTURED_BEFORE_ENROLMENT", earliest=evidence.earliest, enrolled_at=evidence.enrolled_at)
        )
    return Finding("HELD", tuple(reasons)) if reasons else Finding("ADMITTED")


def phone(evidence: Evidence, revoked_at: datetime | None) -> Finding:
    """What a revoked phone signed counts if it was known here before, or was by its time anchor captured before.

    What it claims without an anchor says nothing: whoever has the phone can set its clock back.
    """
    if revoked_at is None or evidence.committed_at < revoked_at:
        return Finding("ADMITTED")
    if evidence.facts.clock is not None and evidence.latest < revoked_at:
        return Finding("ADMITTED")
    return Finding("HELD", (_with_times("PHONE_REVOKED", revoked_at=revoked_at, known_at=evidence.committed_at),))


def place(claimed: Place | None) -> Finding:
    """No place is no claim. One that is not on Earth is held; 0,0 is what receivers say when they know nothing."""
    if claimed is None:
        return Finding("ADMITTED")
    details = {"longitude": claimed.longitude, "latitude": claimed.latitude}
    if not (-180 <= claimed.longitude <= 180 and -90 <= claimed.latitude <= 90):
        return Finding("HELD", (Reason("PLACE_IMPOSSIBLE", details),))
    if claimed.longitude == claimed.latitude == 0:
        return Finding("UNDETERMINED", (Reason("PLACE_UNKNOWN", details),))
    return Finding("ADMITTED")


def site(claimed: Place | None, announced: RegisteredPlace | None) -> Finding:
    """What a fixed device captures, it captures where it was announced to stand (art. 41). No place is no claim."""
    if claimed is None or announced is None:
        return Finding("ADMITTED")
    metres = distance_metres(claimed.longitude, claimed.latitude, announced.longitude, announced.latitude)
    allowed = SITE_TOLERANCE_METRES + min(claimed.accuracy_metres or 0, MOST_ACCURACY_METRES)
    if _FAMILY[claimed.datum] != _FAMILY[announced.datum]:
        allowed += DATUM_ALLOWANCE_METRES
    if metres <= allowed:
        return Finding("ADMITTED")
    details = {"metres": round(metres), "allowed": round(allowed)}
    return Finding("HELD", (Reason("LOCATION_MISMATCH", details),))


def distance_metres(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """Along the great circle of a sphere of 6,371,009 m (haversine); within 0.6 % of the ellipsoid."""
    here, there = radians(latitude), radians(other_latitude)
    half = sin((there - here) / 2) ** 2
    half += cos(here) * cos(there) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * 6_371_009 * asin(min(1, sqrt(half)))


def content(found: Content, claimed: str) -> Finding:
    """The bytes are of an accepted type and can be opened. A picture cut short may still show what matters."""
    if found.media_type == UNKNOWN:
        return Finding("HELD", (Reason("CONTENT_NOT_ACCEPTED", {"claimed": claimed}),))
    if found.trouble is not None:
        outcome: Outcome = "UNDETERMINED" if found.trouble == "PICTURE_INCOMPLETE" else "HELD"
        return Finding(outcome, (Reason(found.trouble, {"media_type": found.media_type}),))
    return Finding("ADMITTED")


def credential(standing: CredentialStanding) -> Finding:
    """The capturing person held a credential over the whole interval; auxiliaries hold none (domain: 执法辅助人员)."""
    details = {"credential_no": [held.credential_no for held in standing.credentials]}
    if not standing.reasons:
        return Finding("ADMITTED")
    return Finding(
        "UNDETERMINED" if standing.partly else "HELD",
        tuple(Reason(reason.value, details) for reason in standing.reasons),
    )


def item(standing: ItemStanding) -> Finding:
    """The unit might carry out the item on every day of the interval (国办发〔2024〕54号: only what is published)."""
    details = {"item": standing.code}
    if not standing.reasons:
        return Finding("ADMITTED")
    return Finding(
        "UNDETERMINED" if standing.partly else "HELD",
        tuple(Reason(reason.value, details) for reason in standing.reasons),
    )


def device(tag: str, standing: Standing | None) -> Finding:
    """The device was in standing over the whole interval; None: no device is registered under the tag."""
    findings = (unknown(tag),) if standing is None else standing.reasons
    outcome = DeviceOutcome.NOT_IN_STANDING if standing is None else standing.outcome
    return Finding(
        _OF_DEVICE[outcome],
        tuple(Reason(finding.reason.value, msgspec.to_builtins(finding)) for finding in findings),
    )


def reverse_trace(traces: Iterable[Trace], concluded: Mapping[UUID, tuple[Conclusion, str]]) -> Finding:
    """Captured in a window in which nobody can say that the device was good: each needs a confirmed KEEP of its own.

    `traces` are those whose windows the capture touches, `concluded` what was confirmed about this evidence, by trace.
    """
    findings = []
    for trace in traces:
        conclusion, reason = concluded.get(trace.id, (None, ""))
        if conclusion is None:
            findings.append(Finding("UNDETERMINED", (traced(trace),)))
        elif conclusion is not Conclusion.KEEP:
            details = traced(trace).details | {"reason": reason}
            findings.append(Finding("HELD", (Reason(f"REVERSE_TRACE_{conclusion}", details),)))
    return judge(findings)


def traced(trace: Trace) -> Reason:
    """The reason why evidence captured in the window waits. `begins` is left out where nothing good is known before."""
    window = trace.window
    details = {"trace_id": str(trace.id), "cause": window.cause.value}
    if window.good_fact is not None or window.cause is TraceCause.RESULT_WITHDRAWN:
        details["begins"] = window.span.begins.isoformat()
    if window.span.ends is not None:
        details["ends"] = window.span.ends.isoformat()
    return Reason("REVERSE_TRACE", details | ({"channel": window.channel} if window.channel else {}))


def may_conclude(item: TraceItem, person_id: UUID) -> None:
    """Enforcement is not supervision. Raises OwnEvidence, TraceItemNotOpen."""
    if item.officer_id == person_id:
        raise OwnEvidence(field="evidence_ids", evidence_id=item.evidence_id)
    if item.ordinal is not None and item.confirmed is not False:
        raise TraceItemNotOpen(field="evidence_ids", evidence_id=item.evidence_id)


def may_answer(item: TraceItem, person_id: UUID) -> None:
    """Four eyes see more than two. Raises OwnEvidence, TraceItemNotConcluded, ConcluderConfirms."""
    if item.officer_id == person_id:
        raise OwnEvidence(field="evidence_ids", evidence_id=item.evidence_id)
    if item.ordinal is None or item.confirmed is not None:
        raise TraceItemNotConcluded(field="evidence_ids", evidence_id=item.evidence_id)
    if item.concluded_by == person_id:
        raise ConcluderConfirms(field="evidence_ids", evidence_id=item.evidence_id)


_OF_DEVICE: dict[DeviceOutcome, Outcome] = {
    DeviceOutcome.IN_STANDING: "ADMITTED",
    DeviceOutcome.UNDETERMINED: "UNDETERMINED",
    DeviceOutcome.NOT_IN_STANDING: "HELD",
}


def _with_times(code: str, **times: datetime) -> Reason:
    return Reason(code, {name: instant.isoformat() for name, instant in times.items()})
