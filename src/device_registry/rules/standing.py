"""The standing of a device over a capture interval: both gates, all reasons, and what it rests on."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from device_registry.model import (
    Caution,
    Device,
    Facts,
    Finding,
    InForce,
    Interval,
    Outcome,
    Reason,
    Review,
    ServiceEvent,
    Span,
    Stage,
    Standing,
    VerificationCertificate,
    VerificationFailureNotice,
    VerifiedPeriod,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.rules import service, spans
from device_registry.rules.verification import Bar, Ledger, in_force, ledgers_of, longest_valid_until
from foundation.civil import beginning_of, day_of

RULE_VERSION = "device-standing-3"
"""Frozen into every verdict; changes with any change of what these rules answer."""


def standing(device: Device, facts: Facts, captured: Interval) -> Standing:
    """What is and what is not in order, from all facts known.

    Both gates, being verified (or concluded not to need it) and being in service, must hold over the whole interval. A
    gate that holds for none of it decides against; one that holds for part of it leaves the outcome undetermined.
    """
    return _judged(device, _Past(service.History(facts), ledgers_of(facts), _conclusions(device, facts)), captured)


def outlook(device: Device, facts: Facts, since: datetime) -> tuple[Stage, ...]:
    """What `standing` answers from an instant on, if nothing more is recorded: the first stage begins then.

    Each holds until the next begins, the last for good; only the days overdue go on counting.
    """
    past = _Past(service.History(facts), ledgers_of(facts), _conclusions(device, facts))
    stages: list[Stage] = []
    for instant in _instants(Interval(since, spans.FOR_EVER), past):
        found = _judged(device, past, Interval(instant, instant))
        if not stages or _without_days(found.reasons) != _without_days(stages[-1].reasons):
            stages.append(Stage(instant, found.reasons))
    return tuple(stages)


def _without_days(findings: tuple[Finding, ...]) -> list[Finding]:
    return [msgspec.structs.replace(finding, days_overdue=None) for finding in findings]


def in_standing(
    device: Device,
    captured: Interval,
    certificates: Iterable[InForce],
    conclusion_id: UUID | None,
) -> Standing:
    """The same answer from the derived periods, where the caller has found that they cover the whole interval."""
    return _standing(device, captured, Outcome.IN_STANDING, (), tuple(certificates), conclusion_id)


def standing_spans(
    device: Device,
    verified: Iterable[VerifiedPeriod],
    served: Iterable[Span],
    conclusions: Iterable[WrittenConclusion],
) -> list[Span]:
    """The instants at which the device is in standing: what `standing` answers, for all instants at once."""
    if device.verification_needed:
        trusted = [Span(period.begins, period.ends) for period in verified]
    else:
        trusted = [
            Span(beginning_of(conclusion.concluded_on), None)
            for conclusion in conclusions
            if conclusion.requirement is device.requirement
        ]
    return spans.overlap(trusted, served)


def unknown(tag: str) -> Finding:
    """The reason where no device has that tag."""
    return Finding(reason=Reason.DEVICE_UNKNOWN, tag=tag)


class _Past(NamedTuple):
    """The facts, put in order once."""

    history: service.History
    ledgers: list[Ledger]
    conclusions: list[WrittenConclusion]


def _judged(device: Device, past: _Past, captured: Interval) -> Standing:
    history, ledgers, conclusions = past
    instants = _instants(captured, past)
    certificates: dict[InForce, None] = {}
    conclusion: WrittenConclusion | None = None
    findings: dict[tuple[Reason, str], Finding] = {}
    served, trusted = [], []
    for instant in instants:
        bars = history.bars(instant)
        if device.verification_needed:
            certificates |= dict.fromkeys(_summary(passed) for passed in in_force(ledgers, instant))
            not_trusted = [*_verification_findings(device, ledgers, instant)]
        else:
            concluded = _conclusion_at(conclusions, instant)
            conclusion = conclusion or concluded
            not_trusted = [] if concluded else [_finding(device, Reason.CONCLUSION_MISSING)]
        served.append(not bars)
        trusted.append(not not_trusted)
        for finding in (*_service_findings(device, bars, lapsed=bool(not_trusted)), *not_trusted):
            findings.setdefault((finding.reason, finding.channel), finding)
    return _standing(
        device,
        captured,
        _worse(_gate(served), _gate(trusted)),
        tuple(findings.values()),
        tuple(certificates),
        None if conclusion is None else conclusion.id,
    )


def _instants(captured: Interval, past: _Past) -> list[datetime]:
    """The earliest instant and every one after it, up to the latest, at which something may change."""
    edges = {
        *past.history.instants,
        *(edge for ledger in past.ledgers for edge in ledger.edges()),
        *(beginning_of(conclusion.concluded_on) for conclusion in past.conclusions),
    }
    return [captured.earliest, *sorted(edge for edge in edges if captured.earliest < edge <= captured.latest)]


def _conclusions(device: Device, facts: Facts) -> list[WrittenConclusion]:
    """Those that fit what the device is registered as, oldest first."""
    return sorted(
        (conclusion for conclusion in facts.written_conclusions if conclusion.requirement is device.requirement),
        key=lambda conclusion: (conclusion.concluded_on, conclusion.id),
    )


def _conclusion_at(conclusions: list[WrittenConclusion], instant: datetime) -> WrittenConclusion | None:
    """The latest of those dated on or before the day."""
    dated = [conclusion for conclusion in conclusions if conclusion.concluded_on <= day_of(instant)]
    return dated[-1] if dated else None


def _service_findings(device: Device, bars: Iterable[service.Bar], *, lapsed: bool) -> Iterator[Finding]:
    """A suspension by itself is told only once it is the last thing in the way: before, the lapse says it all."""
    for bar in bars:
        if bar.automatic and lapsed:
            continue
        finding = _finding(device, bar.reason, fact=bar.fact if isinstance(bar.fact, ServiceEvent) else None)
        yield msgspec.structs.replace(
            finding,
            fact_id=None if bar.fact is None else bar.fact.id,
            occurred_at=bar.since,
            automatic=bar.automatic,
            usable_from=None if bar.lack is None else bar.lack.usable_from,
            document_no=bar.fact.document_no if isinstance(bar.fact, Review) else None,
        )


def _verification_findings(device: Device, ledgers: list[Ledger], instant: datetime) -> Iterator[Finding]:
    for ledger in ledgers:
        for bar in ledger.bars(instant):
            yield _finding(device, bar.reason, ledger.channel, bar.fact, bar, day_of(instant))


def _finding(
    device: Device,
    reason: Reason,
    channel: str = "",
    fact: VerificationCertificate | VerificationFailureNotice | VoidEvent | ServiceEvent | None = None,
    bar: Bar | None = None,
    day: date | None = None,
) -> Finding:
    about = Finding(
        reason=reason,
        tag=device.tag,
        kind_zh=device.kind_zh,
        kind_en=device.kind_en,
        channel=channel,
        fact_id=None if fact is None else fact.id,
    )
    replace = msgspec.structs.replace
    match fact:
        case VerificationCertificate():
            assert day is not None
            return replace(
                about,
                document_no=fact.certificate_no,
                valid_until=fact.valid_until,
                days_overdue=(day - fact.valid_until).days,
            )
        case VerificationFailureNotice():
            return replace(about, document_no=fact.notice_no, failed_on=fact.failed_on)
        case VoidEvent():
            ended = None if bar is None else bar.certificate
            return replace(
                about,
                cause=fact.cause,
                occurred_at=fact.occurred_at,
                document_no=None if ended is None else ended.certificate_no,
            )
        case ServiceEvent() | None:
            return about


def _standing(
    device: Device,
    captured: Interval,
    outcome: Outcome,
    reasons: tuple[Finding, ...],
    certificates: tuple[InForce, ...],
    conclusion_id: UUID | None,
) -> Standing:
    first, last = day_of(captured.earliest), day_of(captured.latest)
    return Standing(
        device=device,
        outcome=outcome,
        reasons=reasons,
        certificates=certificates,
        conclusion_id=conclusion_id,
        verified_that_day=any(first <= certificate.verified_on <= last for certificate in certificates),
        cautions=tuple(_cautions(device, certificates)),
        rule_version=RULE_VERSION,
    )


def _cautions(device: Device, certificates: Iterable[InForce]) -> Iterator[Caution]:
    if device.max_interval_months is None:
        return
    for certificate in certificates:
        longest = longest_valid_until(certificate.verified_on, device.max_interval_months)
        if certificate.valid_until > longest:
            yield Caution(certificate.id, certificate.certificate_no, certificate.valid_until, longest)


def _gate(held: list[bool]) -> Outcome:
    if all(held):
        return Outcome.IN_STANDING
    return Outcome.UNDETERMINED if any(held) else Outcome.NOT_IN_STANDING


def _worse(*outcomes: Outcome) -> Outcome:
    return max(outcomes, key=(Outcome.IN_STANDING, Outcome.UNDETERMINED, Outcome.NOT_IN_STANDING).index)


def _summary(certificate: VerificationCertificate) -> InForce:
    return InForce(
        certificate.id,
        certificate.channel,
        certificate.certificate_no,
        certificate.verified_on,
        certificate.valid_until,
    )
