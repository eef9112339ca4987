"""The forms of a device's life: a verb is a form."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from agency.model import Role
from console.devices.device_file import DeviceFile
from console.devices.step import DOCUMENT, MANAGERS, SCAN, By, Field, Step, this_moment_in, today_in, values_of
from device_registry import life_cycle
from device_registry.http import life_cycle as steps
from device_registry.life_cycle import OUT_OF_USE
from device_registry.model import POINTS, Aspect, BasisLevel, Datum, Notice, ReviewOutcome, State, SuspensionCause
from foundation.civil import day_of


async def _propose(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.propose(by.desk, device_id, steps.site_version(data))


async def _review(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.review(by.desk, device_id, steps.review(data))


async def _announce(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.announce(by.desk, device_id, steps.announcement(data))


async def _put_in_service(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.put_in_service(by.desk, device_id, document_no=data.document_no, reason=data.reason)


async def _suspend(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.suspend(by.desk, device_id, **msgspec.structs.asdict(data), by_supervisor=by.supervisor)


async def _rectify(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.rectify(by.desk, device_id, **msgspec.structs.asdict(data))


async def _report_rectification(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.report_rectification(by.desk, device_id, **msgspec.structs.asdict(data))


async def _release(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.release(
        by.desk, device_id, document_no=data.document_no, reason=data.reason, is_supervisor=by.supervisor
    )


async def _retire(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.retire(by.desk, device_id, **msgspec.structs.asdict(data))


async def _withdraw(by: By, device_id: UUID, data: Any) -> UUID:
    return await life_cycle.withdraw(by.desk, device_id, data.site_version_id, reason=data.reason)


def _lacks(aspect: Aspect) -> Callable[[DeviceFile], bool]:
    return lambda file: file.proposal is not None and file.review(file.proposal, aspect) is None


def _may_come_into_service(file: DeviceFile) -> bool:
    if not file.device.siting_needed:
        return file.state is State.REGISTERED
    return file.proposal is not None and file.version_state(file.proposal) is State.ANNOUNCED


def _review_step(aspect: Aspect, role: Role, *more: Field) -> Step:
    return Step(
        f"review-{aspect.lower()}",
        (role,),
        steps.NewReview,
        (
            Field("outcome", "select", True, "device.review-outcome", values_of(ReviewOutcome)),
            Field("points", "checks", False, "device.review-point", values_of(POINTS[aspect])),
            Field("opinion", "area", True),
            Field("reviewing_body", required=True),
            DOCUMENT,
            Field("reviewed_on", "day_of", True),
            *more,
            SCAN,
        ),
        _review,
        _lacks(aspect),
        {"aspect": aspect},
        today_in("reviewed_on"),
        forward=True,
        about="proposal",
    )


def _content(file: DeviceFile) -> dict[str, Any]:
    version = file.proposal
    told = f"{version.address}；{'、'.join(version.monitored_items)}" if version else ""
    return {"announced_on": day_of(file.now), "content": told}


STEPS: dict[str, Step] = {
    step.key: step
    for step in (
        Step(
            "propose",
            MANAGERS,
            steps.NewSiteVersion,
            (
                Field("address", required=True),
                Field("road"),
                Field("direction"),
                Field("lane"),
                Field("place.longitude", "number"),
                Field("place.latitude", "number"),
                Field("place.datum", "select", False, "", values_of(Datum)),
                Field("monitored_items", "area", True),
                Field("speed_limit", "number"),
                Field("basis_name", required=True),
                Field("basis_article", required=True),
                Field("basis_level", "select", True, "device.basis-level", values_of(BasisLevel)),
                Field("necessity", "area", True),
                Field("spacing_metres", "number"),
                Field("funding"),
            ),
            _propose,
            lambda file: file.device.siting_needed and file.proposal is None and file.state is not State.RETIRED,
            initial=lambda file: {"address": file.device.address},
        ),
        _review_step(Aspect.LEGAL, Role.LEGAL_REVIEWER),
        _review_step(Aspect.TECHNICAL, Role.TECHNICAL_REVIEWER, Field("standards", "area"), Field("type_approval_no")),
        Step(
            "announce",
            (Role.PUBLICITY_OFFICER,),
            steps.NewAnnouncement,
            (
                Field("announced_on", "day_of", True),
                Field("channel", required=True),
                Field("content", "area", True),
                Field("url"),
                Field("snapshot_sha256", "file"),
            ),
            _announce,
            lambda file: file.proposal is not None and file.version_state(file.proposal) is State.APPROVED,
            {"notice": Notice.PUBLISHED},
            _content,
            forward=True,
            about="proposal",
        ),
        Step(
            "put-in-service",
            (Role.ENTITY_HEAD,),
            steps.NewService,
            (Field("document_no"), Field("reason", "area")),
            _put_in_service,
            _may_come_into_service,
            forward=True,
            about="proposal",
        ),
        Step(
            "suspend",
            (Role.DEVICE_MANAGER, Role.ENTITY_HEAD, Role.SUPERVISOR),
            steps.NewSuspension,
            (
                Field("occurred_at", "moment", True),
                Field("cause", "select", True, "device.suspension-cause", values_of(SuspensionCause)),
                Field("reason", "area", True),
                Field("document_no"),
            ),
            _suspend,
            lambda file: file.state in (State.IN_SERVICE, *OUT_OF_USE),
            initial=this_moment_in("occurred_at"),
        ),
        Step(
            "rectify",
            MANAGERS,
            steps.NewRectification,
            (
                DOCUMENT,
                Field("deadline", "day_of", True),
                Field("responsible", required=True),
                Field("reason", "area"),
            ),
            _rectify,
            lambda file: file.state is State.SUSPENDED,
            forward=True,
        ),
        Step(
            "report-rectification",
            MANAGERS,
            steps.NewReport,
            (DOCUMENT, Field("reason", "area", True)),
            _report_rectification,
            lambda file: file.state is State.RECTIFYING,
            forward=True,
        ),
        Step(
            "release",
            (Role.ENTITY_HEAD, Role.SUPERVISOR, Role.TECHNICAL_REVIEWER),
            steps.NewService,
            (Field("document_no"), Field("reason", "area")),
            _release,
            lambda file: file.state is State.RECTIFYING,
            forward=True,
        ),
        Step(
            "notice",
            (Role.PUBLICITY_OFFICER,),
            steps.NewAnnouncement,
            (
                Field("notice", "select", True, "device.notice", (Notice.STOPPED, Notice.WITHDRAWN)),
                Field("announced_on", "day_of", True),
                Field("channel", required=True),
                Field("content", "area", True),
                Field("url"),
                Field("snapshot_sha256", "file"),
            ),
            _announce,
            lambda file: file.announced is not None,
            initial=today_in("announced_on"),
            about="announced",
        ),
        Step(
            "retire",
            MANAGERS,
            steps.NewReport,
            (DOCUMENT, Field("reason", "area", True)),
            _retire,
            lambda file: file.state in OUT_OF_USE,
        ),
        Step(
            "withdraw",
            MANAGERS,
            steps.NewWithdrawal,
            (Field("reason", "area", True),),
            _withdraw,
            lambda file: file.proposal is not None,
            about="proposal",
        ),
    )
}
"""Steps of the life cycle, in the order of a life."""
