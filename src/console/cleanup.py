"""`/desk/cleanup`: the clean-up campaign from its opening over conclusions and confirmations to its frozen result."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach, tree
from console.forms import Form, choices
from console.navigation import ENTRIES, Entry
from console.pages import page, redirect
from console.visit import Visit
from device_registry.cleanup import campaign as use_cases
from device_registry.cleanup import queries
from device_registry.cleanup.model import Campaign, Progress, Signs, Treatment
from device_registry.http.cleanup import LEADERS, WHO_READS, frozen_result, table_of
from device_registry.http.cleanup_contract import (
    Chosen,
    GivenBack,
    NewCampaign,
    NewConclusion,
    NewLegacyAnnouncement,
    NewLegacyReview,
    NewLegacySite,
    draft,
)
from device_registry.http.facts import Remark
from device_registry.http.life_cycle import Text, provide_desk
from device_registry.http.reaching import Line, tidy
from device_registry.life_cycle import Desk
from device_registry.model import POINTS, Aspect, BasisLevel, ReviewPoint
from device_registry.problems import UnitUnknown
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Database
from foundation.problem import Malformed, Problem, Spoken

PATH = "/desk/cleanup"
MOST = 100
DRAFTERS, CONFIRMERS = (Role.DEVICE_MANAGER,), (Role.LEGAL_REVIEWER,)

DEPENDENCIES = {"desk": Provide(provide_desk, sync_to_thread=False)}

ENTRIES.append(Entry("cleanup", PATH, frozenset(WHO_READS)))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    progress: Progress | None = None
    text: str | None = None
    after: str | None = None
    done: str | None = None


class Concluding(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a conclusion, flat; with monitored items it tells the site of a device that was always there."""

    device_ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)]
    treatment: Treatment
    necessity: Text
    reasons: Text
    problems: Remark | None = None
    signs: Signs | None = None
    effective_on: date | None = None
    rectify_by: date | None = None
    responsible: Line | None = None
    monitored_items: Text | None = None
    basis_name: Line | None = None
    basis_article: Line | None = None
    basis_level: BasisLevel | None = None
    direction: Line | None = None
    legal_body: Line | None = None
    legal_no: Line | None = None
    legal_on: date | None = None
    legal_opinion: Text | None = None
    legal_points: list[ReviewPoint] = []
    technical_body: Line | None = None
    technical_no: Line | None = None
    technical_on: date | None = None
    technical_opinion: Text | None = None
    technical_points: list[ReviewPoint] = []
    announced_on: date | None = None
    announced_by: Line | None = None
    announced_words: Text | None = None


@get("/cleanup", guards=[requires(*WHO_READS)], dependencies=DEPENDENCIES)
async def campaigns_page(
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[str]:
    return await _campaigns(visit, request, database, clock, Form())


@post("/cleanup", guards=[requires(*LEADERS)], status_code=200, dependencies=DEPENDENCIES)
async def open_at_page(
    visit: NamedDependency[Visit], request: Request[Actor, Any, State], desk: NamedDependency[Desk]
) -> Response[Any]:
    form = await Form.sent(request)
    try:
        new = form.read(NewCampaign)
        async with desk.database.connection() as db:
            if new.unit_id not in await reach(db, request.user, LEADERS, day_of(desk.clock.now())):
                raise UnitUnknown(field="unit_id")
        opened = await use_cases.open_campaign(
            desk, new.unit_id, name=tidy(new.name), basis=tidy(new.basis), deadline=new.deadline
        )
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _campaigns(visit, request, desk.database, desk.clock, refused, int(problem.status))
    return redirect(f"{PATH}/{opened.id}", done="opened")


@get("/cleanup/{campaign_id:uuid}", guards=[requires(*WHO_READS)], dependencies=DEPENDENCIES)
async def campaign_page(
    campaign_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Response[str]:
    return await _campaign(campaign_id, visit, request, desk, Form(dict(visit.query)))


@get("/cleanup/{campaign_id:uuid}/conclusions", guards=[requires(*DRAFTERS)], dependencies=DEPENDENCIES)
async def conclusion_form(
    campaign_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Response[Any]:
    chosen = [value for name, value in visit.query if name == "device_ids"]
    if not chosen:
        return redirect(f"{PATH}/{campaign_id}", done="none")
    return await _concluding(campaign_id, visit, request, desk, Form({"device_ids": chosen}))


@post(
    "/cleanup/{campaign_id:uuid}/conclusions", guards=[requires(*DRAFTERS)], status_code=200, dependencies=DEPENDENCIES
)
async def conclude_at_page(
    campaign_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Response[Any]:
    form = await Form.sent(request)
    found, reached = await _reached(campaign_id, request, desk, DRAFTERS)
    try:
        typed = form.read(Concluding)
        one = draft(_new(typed))
        await use_cases.draw_up(desk, found, [(device_id, one) for device_id in typed.device_ids], reached)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _concluding(campaign_id, visit, request, desk, refused, int(problem.status))
    return redirect(f"{PATH}/{campaign_id}", done="drawn-up")


@post(
    "/cleanup/{campaign_id:uuid}/confirmations",
    guards=[requires(*CONFIRMERS)],
    status_code=200,
    dependencies=DEPENDENCIES,
)
async def confirm_at_page(
    campaign_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Response[Any]:
    form = await Form.sent(request)
    found, reached = await _reached(campaign_id, request, desk, CONFIRMERS)
    try:
        await use_cases.confirm(desk, found, form.read(Chosen).conclusion_ids, reached)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _campaign(campaign_id, visit, request, desk, refused, int(problem.status))
    return redirect(f"{PATH}/{campaign_id}", done="confirmed")


@post("/cleanup/{campaign_id:uuid}/returns", guards=[requires(*CONFIRMERS)], status_code=200, dependencies=DEPENDENCIES)
async def give_back_at_page(
    campaign_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Response[Any]:
    form = await Form.sent(request)
    found, reached = await _reached(campaign_id, request, desk, CONFIRMERS)
    try:
        typed = form.read(GivenBack)
        await use_cases.give_back(desk, found, typed.conclusion_ids, typed.reason.strip(), reached)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _campaign(campaign_id, visit, request, desk, refused, int(problem.status))
    return redirect(f"{PATH}/{campaign_id}", done="given-back")


@post("/cleanup/{campaign_id:uuid}/closings", guards=[requires(*LEADERS)], status_code=200, dependencies=DEPENDENCIES)
async def close_at_page(
    campaign_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Response[Any]:
    form = await Form.sent(request)
    found, reached = await _reached(campaign_id, request, desk, LEADERS)
    try:
        if found.unit_id not in reached:
            raise UnitUnknown
        await use_cases.close(desk, found)
    except Problem as problem:
        refused = form.refused(problem, visit.language)
        return await _campaign(campaign_id, visit, request, desk, refused, int(problem.status))
    return redirect(f"{PATH}/{campaign_id}", done="closed")


@get("/cleanup/{campaign_id:uuid}/result.xlsx", guards=[requires(*WHO_READS)], dependencies=DEPENDENCIES)
async def result_at_page(
    campaign_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[bytes]:
    return await table_of(campaign_id, await frozen_result(database, request, campaign_id, clock))


async def _campaigns(
    visit: Visit,
    request: Request[Actor, Any, State],
    database: Database,
    clock: Clock,
    form: Form,
    status: int = 200,
) -> Response[str]:
    today, chinese = day_of(clock.now()), visit.language == "zh-CN"
    async with database.connection() as db:
        found = await queries.campaigns(db, await reach(db, request.user, WHO_READS, today))
        led = await reach(db, request.user, LEADERS, today)
        units = await tree(db, today)
    names = {unit.id: unit.name_zh if chinese else unit.name_en for unit in units}
    return page(
        visit,
        "cleanup/list.html",
        status=status,
        form=form,
        campaigns=found,
        names=names,
        units=[(str(unit.id), names[unit.id]) for unit in units if unit.id in led],
    )


async def _campaign(
    campaign_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, State],
    desk: Desk,
    form: Form,
    status: int = 200,
) -> Response[str]:
    asked = Form(dict(visit.query)).read(Asked) if status == 200 else Asked()
    today, chinese = day_of(desk.clock.now()), visit.language == "zh-CN"
    found, reached = await _reached(campaign_id, request, desk, WHO_READS)
    async with desk.database.connection() as db:
        devices = await queries.campaign_devices(
            db, campaign_id, reached, progress=asked.progress, text=asked.text, after=asked.after, most=MOST + 1
        )
        follow_ups = await queries.follow_ups(db, campaign_id, reached, today)
        counted = await queries.progress(db, campaign_id, reached)
        closing = await queries.closing_of(db, campaign_id)
        units = await tree(db, today)
    done = asked.done in ("opened", "drawn-up", "confirmed", "given-back", "closed", "none")
    return page(
        visit,
        "cleanup/campaign.html",
        status=status,
        form=form,
        campaign=found,
        asked=asked,
        devices=devices[:MOST],
        next=devices[MOST - 1].tag if len(devices) > MOST else None,
        counted=counted,
        follow_ups=follow_ups,
        closing=closing,
        names={unit.id: unit.name_zh if chinese else unit.name_en for unit in units},
        progresses=choices(visit.language, "cleanup.progress", Progress),
        may_draw_up=closing is None and visit.may(*DRAFTERS),
        may_confirm=closing is None and visit.may(*CONFIRMERS),
        may_close=closing is None and visit.may(*LEADERS),
        done=asked.done if done else None,
    )


async def _concluding(
    campaign_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, State],
    desk: Desk,
    form: Form,
    status: int = 200,
) -> Response[str]:
    found, reached = await _reached(campaign_id, request, desk, DRAFTERS)
    chosen = set(form.values("device_ids"))
    async with desk.database.connection() as db:
        devices = [
            device
            for device in await queries.campaign_devices(db, campaign_id, reached, most=None)
            if str(device.device_id) in chosen
        ]
    language = visit.language
    return page(
        visit,
        "cleanup/conclusion.html",
        status=status,
        form=form,
        campaign=found,
        devices=devices,
        legacy=any(device.legacy for device in devices),
        treatments=choices(language, "cleanup.treatment", Treatment),
        signs=choices(language, "cleanup.signs", Signs),
        levels=choices(language, "device.basis-level", BasisLevel),
        points={aspect.lower(): choices(language, "device.review-point", POINTS[aspect]) for aspect in Aspect},
    )


async def _reached(
    campaign_id: UUID, request: Request[Actor, Any, State], desk: Desk, roles: tuple[Role, ...]
) -> tuple[Campaign, frozenset[UUID]]:
    """Raises CampaignNotFound."""
    async with desk.database.connection() as db:
        reached = await reach(db, request.user, roles, day_of(desk.clock.now()))
        return await use_cases.known_campaign(db, campaign_id, reached), reached


def _new(typed: Concluding) -> NewConclusion:
    told = {
        name: getattr(typed, name) for name in NewConclusion.__struct_fields__ if name in Concluding.__struct_fields__
    }
    return NewConclusion(**told, site=_site(typed) if typed.monitored_items else None)


def _site(typed: Concluding) -> NewLegacySite:
    """Raises Malformed for what is told by half."""
    items = [item.strip() for item in (typed.monitored_items or "").replace("、", "\n").splitlines() if item.strip()]
    reviews = []
    for aspect in Aspect:
        name = aspect.lower()
        if getattr(typed, f"{name}_no") or getattr(typed, f"{name}_on"):
            reviews.append(
                NewLegacyReview(
                    aspect=aspect,
                    reviewing_body=_told(typed, f"{name}_body"),
                    document_no=_told(typed, f"{name}_no"),
                    reviewed_on=_told(typed, f"{name}_on"),
                    opinion=_told(typed, f"{name}_opinion"),
                    points=getattr(typed, f"{name}_points"),
                )
            )
    announcement = None
    if typed.announced_on or typed.announced_by:
        announcement = NewLegacyAnnouncement(
            announced_on=_told(typed, "announced_on"),
            channel=_told(typed, "announced_by"),
            content=_told(typed, "announced_words"),
        )
    return NewLegacySite(
        monitored_items=items,
        basis_name=_told(typed, "basis_name"),
        basis_article=_told(typed, "basis_article"),
        basis_level=_told(typed, "basis_level"),
        direction=typed.direction,
        reviews=reviews,
        announcement=announcement,
    )


def _told(typed: Concluding, name: str) -> Any:
    value = getattr(typed, name)
    if value is None:
        raise Malformed(field=name, what=Spoken("malformed.missing"))
    return value


ROUTES: list[HTTPRouteHandler] = [
    campaigns_page,
    open_at_page,
    campaign_page,
    conclusion_form,
    conclude_at_page,
    confirm_at_page,
    give_back_at_page,
    close_at_page,
    result_at_page,
]
