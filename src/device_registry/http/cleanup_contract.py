"""What is said and shown of a clean-up campaign at the desk: the shapes of its requests and answers."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from device_registry.cleanup.model import (
    Assessment,
    Campaign,
    Draft,
    LegacyAnnouncement,
    LegacyReview,
    LegacySite,
    Progress,
    Signs,
    Treatment,
    UnitProgress,
)
from device_registry.http.devices import NewPlace
from device_registry.http.facts import Day, Remark
from device_registry.http.life_cycle import Text
from device_registry.http.reaching import Line, tidy
from device_registry.model import Aspect, BasisLevel, Place, ReviewPoint

MOST_AT_ONCE = 3000
"""Devices of one request."""
Ids = Annotated[list[UUID], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class NewCampaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Over the unit and all below it; the devices are those that stand there now."""

    unit_id: UUID
    name: Line
    basis: Annotated[Line, Meta(examples=["国发〔2024〕5号"])]
    deadline: Day


class NewLegacyReview(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A review that was passed: long ago, or made up now. It was passed with every point of its aspect."""

    aspect: Aspect
    reviewing_body: Line
    document_no: Line
    reviewed_on: Day
    opinion: Text
    points: Annotated[list[ReviewPoint], Meta(max_length=20)] = []
    standards: Remark | None = None
    type_approval_no: Line | None = None


class NewLegacyAnnouncement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    announced_on: Day
    channel: Line
    content: Text
    url: Line | None = None


class NewLegacySite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a device that stood there before this register. Without address or place: as the device is registered."""

    monitored_items: Annotated[list[Line], Meta(min_length=1, max_length=50, examples=[["超速行驶"]])]
    basis_name: Annotated[Line, Meta(examples=["中华人民共和国道路交通安全法"])]
    basis_article: Annotated[Line, Meta(examples=["第一百一十四条"])]
    basis_level: BasisLevel
    address: Line | None = None
    place: NewPlace | None = None
    road: Line | None = None
    direction: Line | None = None
    lane: Line | None = None
    speed_limit: Annotated[int, Meta(ge=1, le=200, description="km/h")] | None = None
    spacing_metres: Annotated[int, Meta(ge=0, le=10**7)] | None = None
    funding: Line | None = None
    reviews: Annotated[list[NewLegacyReview], Meta(max_length=2)] = []
    announcement: NewLegacyAnnouncement | None = None


class NewConclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same conclusion for one device or for many."""

    device_ids: Ids
    treatment: Treatment
    necessity: Text
    reasons: Text
    problems: Remark | None = None
    signs: Signs | None = None
    effective_on: Day | None = None
    rectify_by: Day | None = None
    responsible: Line | None = None
    site: NewLegacySite | None = None


class NewConclusions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All are drawn up or none."""

    conclusions: Annotated[list[NewConclusion], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class DrawnUp(msgspec.Struct, frozen=True):
    """In the order of the devices named."""

    conclusion_ids: list[UUID]


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conclusion_ids: Ids


class GivenBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conclusion_ids: Ids
    reason: Text


class Decided(msgspec.Struct, frozen=True):
    decided: int


class CampaignShown(msgspec.Struct, frozen=True, kw_only=True):
    """With its progress in the units that the reader reaches."""

    campaign: Campaign
    units: list[UnitProgress]
    result_sha256: str | None = None
    table_sha256: str | None = None


class CampaignDeviceShown(msgspec.Struct, frozen=True, kw_only=True):
    """`conclusion` waits to be confirmed or holds; `legacy`: the register knows no site of the device yet."""

    device_id: UUID
    tag: str
    unit_id: UUID
    address: str | None
    progress: Progress
    legacy: bool
    conclusion_id: UUID | None
    conclusion: Draft | None
    assessment: Assessment | None


class CampaignDevicePage(msgspec.Struct, frozen=True):
    """In the order of tags. `next` goes into `after` for the following page; null on the last."""

    devices: list[CampaignDeviceShown]
    next: str | None


def draft(new: NewConclusion) -> Draft:
    site = new.site
    return Draft(
        treatment=new.treatment,
        necessity=new.necessity.strip(),
        reasons=new.reasons.strip(),
        problems=new.problems,
        signs=new.signs,
        effective_on=new.effective_on,
        rectify_by=new.rectify_by,
        responsible=tidy(new.responsible) if new.responsible else None,
        site=None if site is None else _site(site),
    )


def _site(new: NewLegacySite) -> LegacySite:
    values = msgspec.structs.asdict(new) | {
        "monitored_items": tuple(tidy(item) for item in new.monitored_items),
        "place": Place(new.place.longitude, new.place.latitude, new.place.datum) if new.place else None,
        "reviews": tuple(
            LegacyReview(**(msgspec.structs.asdict(review) | {"points": tuple(review.points)}))
            for review in new.reviews
        ),
        "announcement": LegacyAnnouncement(**msgspec.structs.asdict(new.announcement)) if new.announcement else None,
    }
    return LegacySite(**values)
