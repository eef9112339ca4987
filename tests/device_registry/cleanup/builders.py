"""Devices that stood there before the register, and what is concluded about them."""

from datetime import date
from typing import Any

from device_registry.cleanup.model import Draft, LegacyAnnouncement, LegacyReview, LegacySite, Treatment
from device_registry.model import POINTS, Aspect, BasisLevel

LONG_AGO = date(2023, 5, 1)


def a_review(aspect: Aspect, reviewed_on: date = LONG_AGO, **changes: Any) -> LegacyReview:
    told: dict[str, Any] = {
        "reviewing_body": "审核单位",
        "document_no": f"补审〔2026〕{aspect}",
        "reviewed_on": reviewed_on,
        "opinion": "符合要求",
        "points": POINTS[aspect],
    }
    return LegacyReview(aspect=aspect, **(told | changes))


TOLD = LegacyAnnouncement(announced_on=LONG_AGO, channel="政府网站", content="解放大道测速")


def a_site(**changes: Any) -> LegacySite:
    told: dict[str, Any] = {
        "monitored_items": ("超速行驶",),
        "basis_name": "道路交通安全法",
        "basis_article": "第一百一十四条",
        "basis_level": BasisLevel.LAW,
        "address": "解放大道",
        "direction": "由东向西",
        "reviews": tuple(a_review(aspect) for aspect in Aspect),
        "announcement": TOLD,
    }
    return LegacySite(**(told | changes))


def a_draft(treatment: Treatment = Treatment.KEEP, **changes: Any) -> Draft:
    told: dict[str, Any] = {"treatment": treatment, "necessity": "事故多发", "reasons": "经核查"}
    if treatment is Treatment.KEEP:
        told["site"] = a_site()
    if treatment is Treatment.RECTIFY:
        told |= {"rectify_by": date(2026, 9, 1), "responsible": "整改责任人"}
    return Draft(**(told | changes))
