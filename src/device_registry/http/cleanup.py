"""The clean-up campaign at the desk: opened and closed by supervisors, concluded by managers, confirmed by others."""

from typing import Annotated, Any
from uuid import UUID

import anyio.to_thread
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import reach
from device_registry.cleanup import campaign as use_cases
from device_registry.cleanup import queries, result
from device_registry.cleanup.model import (
    Campaign,
    FollowUp,
    Progress,
)
from device_registry.cleanup.problems import (
    CampaignClosed,
    CampaignEmpty,
    CampaignIncomplete,
    CampaignNotFound,
    CampaignOpen,
    ConclusionDecided,
    ConclusionNotFound,
    ConfirmerIsDrafter,
    DeviceNamedTwice,
    DeviceNotKeepable,
    EffectiveDayTooEarly,
    LegacySiteIncomplete,
    RectificationIncomplete,
    SiteKnownAlready,
)
from device_registry.http.cleanup_contract import (
    MOST_AT_ONCE,
    CampaignDevicePage,
    CampaignDeviceShown,
    CampaignShown,
    Chosen,
    Decided,
    DrawnUp,
    GivenBack,
    NewCampaign,
    NewConclusions,
    draft,
)
from device_registry.http.reaching import READERS, tidy
from device_registry.life_cycle import Desk
from device_registry.problems import (
    DateNotPlausible,
    DeviceNotFound,
    FactAlreadyRecorded,
    ReviewIncomplete,
    SupervisorMustRelease,
    UnitUnknown,
)
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge, UnsupportedContentType

LEADERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
WHO_READS = (*READERS, Role.ADMINISTRATOR)
MOST_BODY_BYTES = 16 << 20
"""So many conclusions of 5 kB each."""
MOST_ON_A_PAGE = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


_PROBLEMS = (Malformed, NotSignedIn, NotAllowed, CampaignNotFound)
_WRITING = (*_PROBLEMS, TooLarge, UnsupportedContentType, CampaignClosed)
_CONCLUDING = (
    *_WRITING, ConclusionDecided, DeviceNotKeepable, SiteKnownAlready, LegacySiteIncomplete, RectificationIncomplete,
    ReviewIncomplete, EffectiveDayTooEarly, SupervisorMustRelease, DateNotPlausible, FactAlreadyRecorded,
)  # fmt: skip


@post(
    "/cleanup-campaigns",
    guards=[requires(*LEADERS)],
    summary="Open a clean-up campaign over a unit and all below it",
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, TooLarge, UnsupportedContentType, UnitUnknown, DateNotPlausible,
        CampaignEmpty,
    ),
)  # fmt: skip
async def open_campaign(
    data: JSONBody[NewCampaign], request: Request[Actor, Any, State], desk: NamedDependency[Desk]
) -> Campaign:
    async with desk.database.connection() as db:
        if data.unit_id not in await _reach(db, request, LEADERS, desk.clock):
            raise UnitUnknown(field="unit_id")
    return await use_cases.open_campaign(
        desk, data.unit_id, name=tidy(data.name), basis=tidy(data.basis), deadline=data.deadline
    )


@get(
    "/cleanup-campaigns",
    guards=[requires(*WHO_READS)],
    summary="Clean-up campaigns over my units, newest first",
    responses=declared(NotSignedIn, NotAllowed),
)
async def list_campaigns(
    request: Request[Actor, Any, State], database: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[Campaign]:
    async with database.connection() as db:
        return await queries.campaigns(db, await _reach(db, request, WHO_READS, clock))


@get(
    "/cleanup-campaigns/{campaign_id:uuid}",
    guards=[requires(*WHO_READS)],
    summary="A campaign with its progress, unit by unit",
    responses=declared(*_PROBLEMS),
)
async def show_campaign(
    campaign_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> CampaignShown:
    async with database.connection() as db:
        return await _shown(db, campaign_id, await _reach(db, request, WHO_READS, clock))


@get(
    "/cleanup-campaigns/{campaign_id:uuid}/devices",
    guards=[requires(*WHO_READS)],
    summary="The devices of a campaign with their conclusions",
    responses=declared(*_PROBLEMS),
)
async def campaign_devices(
    campaign_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    progress: Annotated[Progress | None, QueryParameter(description="Only those that have come this far")] = None,
    text: Annotated[str | None, QueryParameter(max_length=100)] = None,
    after: Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before")] = None,
    most: Annotated[int, QueryParameter(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> CampaignDevicePage:
    async with database.connection() as db:
        reached = await _reach(db, request, WHO_READS, clock)
        await use_cases.known_campaign(db, campaign_id, reached)
        found = await queries.campaign_devices(
            db, campaign_id, reached, progress=progress, text=text, after=after, most=most + 1
        )
    shown = [
        CampaignDeviceShown(
            device_id=row.device_id,
            tag=row.tag,
            unit_id=row.unit_id,
            address=row.address,
            progress=row.progress,
            legacy=row.legacy,
            conclusion_id=row.shown.id if row.shown else None,
            conclusion=row.shown.draft if row.shown else None,
            assessment=row.shown.assessment if row.shown else None,
        )
        for row in found[:most]
    ]
    return CampaignDevicePage(shown, found[most - 1].tag if len(found) > most else None)


@post(
    "/cleanup-campaigns/{campaign_id:uuid}/conclusions",
    guards=[requires(Role.DEVICE_MANAGER)],
    summary="Draw up conclusions for devices of the campaign, up to 3,000 at once",
    request_max_body_size=MOST_BODY_BYTES,
    responses=declared(*_CONCLUDING, DeviceNotFound, DeviceNamedTwice),
)
async def draw_up_conclusions(
    campaign_id: FromPath[UUID],
    data: JSONBody[NewConclusions],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> DrawnUp:
    found, reached = await _campaign(desk, request, (Role.DEVICE_MANAGER,), campaign_id)
    drafts = [(device_id, draft(new)) for new in data.conclusions for device_id in new.device_ids]
    if len(drafts) > MOST_AT_ONCE:
        raise TooLarge(most=MOST_BODY_BYTES)
    return DrawnUp(await use_cases.draw_up(desk, found, drafts, reached))


@post(
    "/cleanup-campaigns/{campaign_id:uuid}/confirmations",
    guards=[requires(Role.LEGAL_REVIEWER)],
    summary="Confirm conclusions that somebody else drew up; the register says so at once",
    responses=declared(*_CONCLUDING, ConclusionNotFound, ConfirmerIsDrafter),
)
async def confirm_conclusions(
    campaign_id: FromPath[UUID],
    data: JSONBody[Chosen],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Decided:
    found, reached = await _campaign(desk, request, (Role.LEGAL_REVIEWER,), campaign_id)
    await use_cases.confirm(desk, found, data.conclusion_ids, reached)
    return Decided(len(set(data.conclusion_ids)))


@post(
    "/cleanup-campaigns/{campaign_id:uuid}/returns",
    guards=[requires(Role.LEGAL_REVIEWER)],
    summary="Give conclusions back with a reason",
    responses=declared(*_WRITING, ConclusionDecided, ConclusionNotFound, ConfirmerIsDrafter),
)
async def give_conclusions_back(
    campaign_id: FromPath[UUID],
    data: JSONBody[GivenBack],
    request: Request[Actor, Any, State],
    desk: NamedDependency[Desk],
) -> Decided:
    found, reached = await _campaign(desk, request, (Role.LEGAL_REVIEWER,), campaign_id)
    await use_cases.give_back(desk, found, data.conclusion_ids, data.reason.strip(), reached)
    return Decided(len(set(data.conclusion_ids)))


@get(
    "/cleanup-campaigns/{campaign_id:uuid}/follow-ups",
    guards=[requires(*WHO_READS)],
    summary="Rectifications and removals that were decided, and how they ended",
    responses=declared(*_PROBLEMS),
)
async def campaign_follow_ups(
    campaign_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> list[FollowUp]:
    async with database.connection() as db:
        reached = await _reach(db, request, WHO_READS, clock)
        await use_cases.known_campaign(db, campaign_id, reached)
        return await queries.follow_ups(db, campaign_id, reached, day_of(clock.now()))


@post(
    "/cleanup-campaigns/{campaign_id:uuid}/closings",
    guards=[requires(*LEADERS)],
    summary="Close a campaign in which every device has a conclusion: its result is frozen",
    responses=declared(*_PROBLEMS, CampaignClosed, CampaignIncomplete, ConclusionDecided),
)
async def close_campaign(
    campaign_id: FromPath[UUID], request: Request[Actor, Any, State], desk: NamedDependency[Desk]
) -> CampaignShown:
    async with desk.database.connection() as db:
        reached = await _reach(db, request, LEADERS, desk.clock)
        found = await queries.campaign_by_id(db, campaign_id)
        if found is None or found.unit_id not in reached:
            raise CampaignNotFound
    await use_cases.close(desk, found)
    async with desk.database.connection() as db:
        return await _shown(db, campaign_id, reached)


@get(
    "/cleanup-campaigns/{campaign_id:uuid}/result",
    guards=[requires(*WHO_READS)],
    summary="The result list as it was frozen",
    responses=declared(*_PROBLEMS, CampaignOpen),
)
async def campaign_result(
    campaign_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> result.Result:
    return result.read((await frozen_result(database, request, campaign_id, clock)).result)


@get(
    "/cleanup-campaigns/{campaign_id:uuid}/result.xlsx",
    guards=[requires(*WHO_READS)],
    media_type=XLSX,
    summary="The same as a spreadsheet, for the government",
    responses={
        200: ResponseSpec(
            bytes, media_type=XLSX, generate_examples=False, description="Made of the frozen list alone."
        ),
        **declared(*_PROBLEMS, CampaignOpen),
    },
)
async def campaign_table(
    campaign_id: FromPath[UUID],
    request: Request[Actor, Any, State],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[bytes]:
    closing = await frozen_result(database, request, campaign_id, clock)
    return await table_of(campaign_id, closing)


async def _shown(db: Connection, campaign_id: UUID, reached: frozenset[UUID]) -> CampaignShown:
    """Raises CampaignNotFound."""
    found = await use_cases.known_campaign(db, campaign_id, reached)
    closing = await queries.closing_of(db, campaign_id)
    return CampaignShown(
        campaign=found,
        units=await queries.progress(db, campaign_id, reached),
        result_sha256=closing.result_sha256.hex() if closing else None,
        table_sha256=closing.table_sha256.hex() if closing else None,
    )


async def table_of(campaign_id: UUID, closing: queries.Closing) -> Response[bytes]:
    return Response(
        await anyio.to_thread.run_sync(result.table, closing.result),
        media_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="cleanup-{campaign_id}.xlsx"'},
    )


async def frozen_result(
    database: Database, request: Request[Actor, Any, State], campaign_id: UUID, clock: Clock
) -> queries.Closing:
    """Raises CampaignNotFound, CampaignOpen. The whole list: it went to a government, and is public besides persons."""
    async with database.connection() as db:
        await use_cases.known_campaign(db, campaign_id, await _reach(db, request, WHO_READS, clock))
        closing = await queries.closing_of(db, campaign_id)
    if closing is None:
        raise CampaignOpen
    return closing


async def _reach(
    db: Connection, request: Request[Actor, Any, State], roles: tuple[Role, ...], clock: Clock
) -> frozenset[UUID]:
    return await reach(db, request.user, roles, day_of(clock.now()))


async def _campaign(
    desk: Desk, request: Request[Actor, Any, State], roles: tuple[Role, ...], campaign_id: UUID
) -> tuple[Campaign, frozenset[UUID]]:
    """Raises CampaignNotFound."""
    async with desk.database.connection() as db:
        reached = await _reach(db, request, roles, desk.clock)
        return await use_cases.known_campaign(db, campaign_id, reached), reached


ROUTES: list[ControllerRouterHandler] = [
    open_campaign,
    list_campaigns,
    show_campaign,
    campaign_devices,
    draw_up_conclusions,
    confirm_conclusions,
    give_conclusions_back,
    campaign_follow_ups,
    close_campaign,
    campaign_result,
    campaign_table,
]
