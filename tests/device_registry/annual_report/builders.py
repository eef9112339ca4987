"""Lives, rows and snapshots with sensible defaults."""

from datetime import UTC, date, datetime
from uuid import UUID

from agency.model import UnitKind
from device_registry.annual_report.model.movement import Flow, Held, Life, Period, Step
from device_registry.annual_report.model.snapshot import (
    AnnouncementThen,
    Attachment,
    Body,
    CertificateThen,
    Decision,
    Figures,
    Inclusion,
    MovementThen,
    Particulars,
    ReviewThen,
    Row,
    Signatories,
    SiteThen,
    Snapshot,
    UnitThen,
    Verification,
)
from device_registry.annual_report.rules.balance import summary
from device_registry.model import (
    Aspect,
    BasisLevel,
    Datum,
    Mounting,
    Place,
    Requirement,
    ServiceChange,
    Span,
)
from tests.device_registry.builders import beijing

CITY, DISTRICT, BUREAU, STREET = (UUID(int=number) for number in (1, 2, 3, 4))
PERIOD = Period(2026, date(2026, 1, 1), date(2026, 12, 31))


def step(change: ServiceChange | None, at: str, site: int | None = None) -> Step:
    return Step(beijing(at), change, None if site is None else UUID(int=site))


def a_life(
    *steps: Step,
    served: tuple[tuple[str, str | None], ...] = (),
    held: tuple[Held, ...] = (Held(BUREAU, None, None),),
    replaces: UUID | None = None,
    monitoring: bool = True,
    sites: dict[UUID, str] | None = None,
) -> Life:
    spans = tuple(Span(beijing(begins), None if ends is None else beijing(ends)) for begins, ends in served)
    return Life(monitoring, steps, spans, held, replaces, sites or {})


def a_unit_then(number: int, kind: UnitKind, name: str) -> UnitThen:
    return UnitThen(UUID(int=number), kind, name, f"Unit {number}", "420102" if kind is UnitKind.DISTRICT else None)


def a_row(number: int, reason: Inclusion = Inclusion.NEW, **more: object) -> Row:
    decision = {
        Inclusion.NEW: Decision.INCLUDED,
        Inclusion.LATE_ADDITION: Decision.INCLUDED,
        Inclusion.RELOCATED: Decision.INCLUDED,
        Inclusion.REPLACEMENT: Decision.LISTED_APART,
    }.get(reason, Decision.EXCLUDED)
    values: dict[str, object] = {
        "device_id": UUID(int=1000 + number),
        "tag": f"WH-JA-{number:05}",
        "kind": "SPEED_RADAR_FIXED",
        "kind_zh": "固定式机动车雷达测速仪",
        "kind_en": "Fixed speed radar",
        "decision": decision,
        "reason": reason,
        "on": date(2026, 5, 4),
        "at_closing": decision is not Decision.EXCLUDED,
        "movements": (MovementThen(flow=Flow.NEW, on=date(2026, 5, 4), document_no="江城管启〔2026〕12号"),)
        if decision is not Decision.EXCLUDED
        else (),
        "verification": Verification.VALID if decision is not Decision.EXCLUDED else None,
        "particulars": a_form(number) if decision is not Decision.EXCLUDED else None,
    }
    return Row(**(values | more))  # type: ignore[arg-type]


def a_form(number: int = 1) -> Particulars:
    return Particulars(
        model="CSR-IN",
        serial_no=f"2026-{number:04}",
        maker="某雷达设备制造有限公司",
        mounting=Mounting.FIXED,
        requirement=Requirement.MANDATORY,
        regulation="JJG 527-2015",
        site=SiteThen(
            address="江岸区解放大道与黄浦大街交叉口以北120米",
            road="解放大道 K12+300",
            direction="由南向北",
            lane="第1、2车道",
            place=Place(114.3055, 30.5928, Datum.CGCS2000),
            spacing_metres=1200,
            speed_limit=60,
            monitored_items=("机动车超过规定时速50%以下", "机动车逆向行驶"),
            basis_name="中华人民共和国道路交通安全法",
            basis_article="第一百一十四条",
            basis_level=BasisLevel.LAW,
            necessity="该路段2025年发生超速事故11起，其中3起致人受伤；市民投诉27件。",
            funding="区级财政 18.6 万元",
            reviews=(
                ReviewThen(
                    aspect=Aspect.LEGAL,
                    reviewing_body="江岸区司法局",
                    reviewed_on=date(2026, 3, 2),
                    document_no="岸司审〔2026〕8号",
                ),
                ReviewThen(
                    aspect=Aspect.TECHNICAL,
                    reviewing_body="市计量测试检定所",
                    reviewed_on=date(2026, 3, 9),
                    document_no="武技审〔2026〕31号",
                ),
            ),
            announcement=AnnouncementThen(
                announced_on=date(2026, 4, 1),
                channel="区政府门户网站",
                url="https://www.example.gov.cn/notice/2026/0401",
            ),
            signs_checked_on=date(2026, 4, 28),
            signs_clear=True,
        ),
        certificates=(
            CertificateThen(
                channel="",
                regulation="JJG 527-2015",
                issuing_body="湖北省计量测试技术研究院",
                certificate_no="JL2026-031827",
                verified_on=date(2026, 3, 20),
                valid_until=date(2027, 3, 19),
            ),
        ),
        in_service_on=date(2026, 5, 4),
    )


def a_snapshot(*rows: Row, **more: object) -> Snapshot:
    late = bool(more.pop("late", False))
    body: dict[str, object] = {
        "unit": a_unit_then(3, UnitKind.DEPARTMENT, "江岸区城市管理执法局"),
        "receiver": a_unit_then(2, UnitKind.DISTRICT, "江岸区人民政府"),
        "year": 2026,
        "period_from": PERIOD.first,
        "period_to": PERIOD.last,
        "known_at": datetime(2026, 12, 20, 2, 3, 4, tzinfo=UTC),
        "version": 1,
        "supersedes": None,
        "reason": None,
        "nil": not any(row.decision is not Decision.EXCLUDED for row in rows),
        "previous": None,
        "summary": summary(rows),
        "rows": rows,
        "note": None,
        "credit_code": "91330100799655058B",
        "telephone": "027-8888 0000",
        "figures": Figures(),
        "attachments": (Attachment(name="现场标志照片汇总.pdf", sha256="ab" * 32),),
    }
    return Snapshot(
        body=Body(**(body | more)),  # type: ignore[arg-type]
        signatories=Signatories(drafted_by="填表人甲", checked_by="审核人乙", signed_off_by="负责人丙"),
        filing_number="江岸区城市管理执法局设备年报〔2026〕1号",
        filed_at=datetime(2026, 12, 21, 1, 30, tzinfo=UTC),
        late=late,
    )
