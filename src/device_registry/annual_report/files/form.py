"""The official form: which columns it has, and what a snapshot writes into them. Chinese, whoever looks at it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from device_registry.annual_report.model.movement import Flow
from device_registry.annual_report.model.snapshot import (
    Body,
    CertificateThen,
    Decision,
    Particulars,
    ReviewThen,
    Row,
    SiteThen,
    Snapshot,
    Summary,
    VerificationCounts,
)
from device_registry.annual_report.rules.balance import FLOWS
from device_registry.model import Aspect, Requirement
from foundation.civil import spoken
from foundation.words import Language, say

Cell = str | int | float | date | None


def word(key: str, **values: object) -> str:
    return say("zh-CN", f"annual-report.{key}", **values)


COLUMNS = (
    "number", "tag", "name", "kind", "mounting", "model", "serial_no", "maker", "unit", "credit_code", "division_code",
    "address", "coordinates", "road", "spacing", "items", "basis", "necessity", "legal_review", "technical_review",
    "announced_on", "announced_by", "announced_at", "signs", "mandatory", "regulation", "body", "certificate_no",
    "verified_on", "valid_until", "in_service_on", "funding", "reason", "remark",
)  # fmt: skip
"""Of a device that is reported as new, or listed apart, in the order of the form."""

GROUPS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("number", ("number",), 4),
    ("device", ("tag", "name", "mounting"), 13),
    ("make", ("model", "serial_no", "maker"), 13),
    ("site", ("address", "road", "coordinates"), 20),
    ("spacing", ("spacing",), 6),
    ("items", ("items",), 14),
    ("basis", ("basis",), 14),
    ("necessity", ("necessity",), 17),
    ("legal_review", ("legal_review",), 12),
    ("technical_review", ("technical_review",), 12),
    ("announcement", ("announced_on", "announced_by", "announced_at"), 13),
    ("signs", ("signs",), 9),
    ("verification", ("mandatory", "regulation"), 11),
    ("certificate", ("body", "certificate_no"), 13),
    ("validity", ("verified_on", "valid_until"), 10),
    ("in_service_on", ("in_service_on",), 9),
    ("funding", ("funding",), 10),
    ("reason", ("reason", "remark"), 13),
)
"""The same columns as they share the width of a page: heading, columns one under the other, relative width."""


def cells(body: Body, number: int, row: Row) -> dict[str, Cell]:
    form = row.particulars
    assert form is not None, "only devices that are listed have the form's columns"
    return {
        "number": number,
        "tag": row.tag,
        "name": row.kind_zh,
        "kind": row.kind,
        "mounting": word(f"mounting.{form.mounting}"),
        "model": form.model,
        "serial_no": form.serial_no,
        "maker": form.maker,
        "unit": body.unit.name_zh,
        "credit_code": body.credit_code,
        "division_code": body.unit.division_code or body.receiver.division_code,
        **_site_cells(form.site),
        **_verification_cells(form),
        "in_service_on": form.in_service_on,
        "reason": reason(row),
        "remark": _remark(row),
    }


def reason(row: Row) -> str:
    """Why the device is or is not reported as new, in a sentence."""
    return reason_in("zh-CN", row)


def reason_in(language: Language, row: Row) -> str:
    """The same for a reader; the form itself is always Chinese."""
    on = "—" if row.on is None else row.on.isoformat()
    return say(language, f"annual-report.reason.{row.reason}", on=on, unit=row.other_unit or "—")


def _remark(row: Row) -> str | None:
    form = row.particulars
    parts = [
        word("replaces", tag=form.replaces) if form and form.replaces else None,
        word("late-addition") if row.late_addition and row.decision is Decision.LISTED_APART else None,
        word("stopped-since") if row.stopped_at_closing else None,
        word("retired-since") if _retired(row) else None,
        row.remark,
    ]
    return "；".join(part for part in parts if part) or None


def _retired(row: Row) -> bool:
    return any(movement.flow is Flow.RETIRED for movement in row.movements)


def _site_cells(site: SiteThen | None) -> dict[str, Cell]:
    if site is None:
        return {}
    told, place = site.announcement, site.place
    limit = word("speed-limit", limit=site.speed_limit) if site.speed_limit else None
    level = word(f"basis-level.{site.basis_level}") if site.basis_level else None
    return {
        "address": site.address,
        "coordinates": f"{place.longitude:.6f}, {place.latitude:.6f}（{place.datum}）" if place else None,
        "road": _joined([site.road, site.direction, site.lane], "，"),
        "spacing": site.spacing_metres,
        "items": _joined([*site.monitored_items, limit]),
        "basis": _joined([_joined([site.basis_name, site.basis_article], ""), level and f"（{level}）"], ""),
        "necessity": site.necessity,
        "legal_review": _review(site.reviews, Aspect.LEGAL),
        "technical_review": _review(site.reviews, Aspect.TECHNICAL),
        "announced_on": told.announced_on if told else None,
        "announced_by": told.channel if told else None,
        "announced_at": told.url if told else None,
        "signs": _signs(site),
        "funding": site.funding,
    }


def _signs(site: SiteThen) -> str | None:
    if site.signs_checked_on is None:
        return None
    key = "signs.clear" if site.signs_clear else "signs.unclear"
    return word(key, on=site.signs_checked_on.isoformat())


def _review(reviews: Iterable[ReviewThen], aspect: Aspect) -> str | None:
    found = next((review for review in reviews if review.aspect is aspect), None)
    if found is None:
        return None
    return f"{found.reviewing_body}\n{found.reviewed_on.isoformat()}\n{found.document_no}"


def _verification_cells(form: Particulars) -> dict[str, Cell]:
    papers = form.certificates
    return {
        "mandatory": word(f"requirement.{form.requirement}"),
        "regulation": _each(papers, lambda paper: paper.regulation)
        or (form.regulation if form.requirement is Requirement.MANDATORY else None),
        "body": _joined(dict.fromkeys(paper.issuing_body for paper in papers)),
        "certificate_no": _each(papers, lambda paper: paper.certificate_no),
        "verified_on": _each(papers, lambda paper: paper.verified_on.isoformat()),
        "valid_until": _each(papers, lambda paper: paper.valid_until.isoformat()),
    }


def _each(papers: tuple[CertificateThen, ...], of: Callable[[CertificateThen], str | None]) -> str | None:
    """One paper's value; of several channels each with its channel before it."""
    if len(papers) == 1:
        return of(papers[0])
    return _joined(f"{paper.channel}：{value}" for paper in papers if (value := of(paper)))


def _joined(parts: Iterable[str | None], by: str = "；") -> str | None:
    return by.join(part for part in parts if part) or None


def balance(found: Summary) -> list[tuple[str, int]]:
    """The lines of the balance in the order of the form, with what they are called."""
    names = ["opening", *FLOWS, "closing"]
    return [(word(f"summary.{name}"), int(getattr(found, name))) for name in names]


def verification(found: VerificationCounts) -> list[tuple[str, int]]:
    return [(word(f"verification.{name}"), int(getattr(found, name))) for name in VerificationCounts.__struct_fields__]


def figures(body: Body) -> list[tuple[str, int | None]]:
    return [
        (word(f"figures.{name}"), getattr(body.figures, name)) for name in ("captured", "reviewed", "used", "fines")
    ]


def listed(body: Body, decision: Decision) -> Iterator[tuple[int, Row]]:
    """Those rows, numbered from one."""
    return enumerate((row for row in body.rows if row.decision is decision), start=1)


MOVEMENT_COLUMNS = ("number", "tag", "name", "flow", "on", "document_no", "other_unit")


def movements(body: Body) -> list[tuple[Cell, ...]]:
    """Every movement of the period, in the order of days."""
    found = [(movement.on, row, movement) for row in body.rows for movement in row.movements]
    found.sort(key=lambda entry: (entry[0], entry[1].tag, entry[2].flow))
    return [
        (
            number,
            row.tag,
            row.kind_zh,
            word("flow.by-itself") if movement.automatic else word(f"flow.{movement.flow}"),
            movement.on,
            movement.document_no,
            movement.other_unit,
        )
        for number, (_, row, movement) in enumerate(found, start=1)
    ]


DEVICE_COLUMNS = ("number", "tag", "name", "decision", "reason", "opening", "closing", "state", "remark")


def devices(body: Body) -> Iterator[tuple[Cell, ...]]:
    """Every device the unit held, with the reason why it is reported as new or is not."""
    for number, row in enumerate(body.rows, start=1):
        yield (
            number,
            row.tag,
            row.kind_zh,
            word(f"decision.{row.decision}"),
            reason(row),
            int(row.at_opening),
            int(row.at_closing),
            None if row.verification is None else word(f"state.{row.verification}"),
            row.remark,
        )


def head(snapshot: Snapshot) -> list[tuple[str, str]]:
    """What stands above the tables."""
    body = snapshot.body
    lines = [
        ("filing-number", snapshot.filing_number),
        ("unit", body.unit.name_zh),
        ("receiver", body.receiver.name_zh),
        ("period", word("from-to", first=body.period_from.isoformat(), last=body.period_to.isoformat())),
        ("known-at", spoken(body.known_at)),
        ("version", _version(body)),
        ("filed-at", spoken(snapshot.filed_at) + (word("late") if snapshot.late else "")),
        ("credit-code", body.credit_code or "—"),
        ("division-code", body.unit.division_code or body.receiver.division_code or "—"),
        ("previous", _previous(body)),
    ]
    return [(word(f"head.{name}"), value) for name, value in lines]


def _previous(body: Body) -> str:
    """Last year's closing, and where this year's opening is another one."""
    last = body.previous
    if last is None:
        return word("none")
    said = word("previous", number=last.filing_number, closing=last.closing)
    gone = word("previous-gone", tags="、".join(last.gone)) if last.gone else ""
    come = word("previous-come", tags="、".join(last.come)) if last.come else ""
    return f"{said}{gone}{come}"


def _version(body: Body) -> str:
    if body.reason is None:
        return word("version-first")
    return word("version-later", number=body.version, supersedes=body.supersedes or "—", reason=body.reason)


def foot(snapshot: Snapshot, filed_on: date) -> list[tuple[str, str]]:
    signed = snapshot.signatories
    lines = [
        ("unit-seal", snapshot.body.unit.name_zh),
        ("drafted-by", signed.drafted_by),
        ("checked-by", signed.checked_by),
        ("signed-off-by", signed.signed_off_by),
        ("telephone", snapshot.body.telephone or ""),
        ("filed-on", filed_on.isoformat()),
    ]
    return [(word(f"foot.{name}"), value) for name, value in lines]
