"""`/desk/evidence/{id}`: the picture, when and where and with what it was captured, the verdict, and its custody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State as Scope
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from markupsafe import escape
from msgspec import Struct

from agency.http import requires
from agency.model import Actor, Role
from agency.queries import people_by_id, phone_labels, reach, tree
from console.forms import Form, choices
from console.map import Map, MapSettings, Point, map_of
from console.pages import page, redirect
from console.visit import Visit
from device_registry.model import Place as SitePlace
from evidence import queries
from evidence.access import Look, Purpose, permit, permit_copy
from evidence.case_files import queries as cases
from evidence.clues.access import DECIDERS, access_of, known_of
from evidence.clues.queries import clues_about
from evidence.content_review import queries as reviews
from evidence.content_review.model import ReviewStanding
from evidence.content_review.review import REVIEWERS, reviewable
from evidence.court_bundle.exporting import WHO_EXPORTS
from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.explanation import explain
from evidence.fixity import queries as fixity
from evidence.model import CustodyEntry, Place, Verdict
from evidence.preview import has_preview, preview, preview_of
from evidence.problems import ReasonNeeded
from evidence.queries import Sought, Summary
from evidence.retention import queries as retention
from evidence.retention.holding import WHO_HOLDS
from evidence.retention.model import HoldSource
from evidence.transparency_log import queries as log
from foundation.civil import day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.object_store import begun
from foundation.problem import NotFound, TryLater
from foundation.words import Language, say
from inspection.watching.model import Kind as Watched
from inspection.watching.queries import watch_of

READERS = (Role.SUPERVISOR, Role.LEGAL_REVIEWER, Role.TECHNICAL_REVIEWER)
GUARDS = [requires(*READERS)]
PLAYED = ("audio/mp4", "audio/mpeg", "audio/wav", "video/mp4", "video/quicktime")
"""What browsers play. A page cannot hide in any of them: their types are decided by their bytes."""


class Told(Struct, frozen=True):
    """One custody entry: `index` is its leaf in the log, None while it is not integrated."""

    at: datetime
    words: str
    by: str
    phone: str
    details: list[tuple[str, str]]
    index: int | None


class Judged(Struct, frozen=True):
    verdict: Verdict
    reasons: list[str]


@get("/evidence/{evidence_id:uuid}", guards=GUARDS)
async def evidence_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[MapSettings],
) -> Response[Any]:
    try:
        return await shown(evidence_id, visit, request, database, clock, settings, Form())
    except ReasonNeeded:
        return redirect(f"/desk/evidence/{evidence_id}/reason")


@get("/evidence/{evidence_id:uuid}/preview", guards=GUARDS)
async def preview_at_page(
    evidence_id: FromPath[UUID],
    visit: NamedDependency[Visit],
    request: Request[Actor, Any, Scope],
    custodian: NamedDependency[Custodian],
) -> Response[bytes]:
    """Part of the page that was told as viewed; the original is another matter."""
    async with custodian.database.connection() as db:
        summary = await within_reach(db, request.user, custodian.clock, evidence_id)
        await permit_copy(db, request.user, evidence_id, summary.unit_id, custodian.clock.now())
        found = await queries.content_of(db, evidence_id)
    if found is None or not has_preview(found[0].media_type, found[1].size):
        raise NotFound
    try:
        return _picture(await preview(custodian.store, found[1]))
    except TryLater as later:
        return _no_picture_now(later, visit.language)


@get("/evidence/{evidence_id:uuid}/thumbnail", guards=GUARDS)
async def thumbnail_at_page(
    evidence_id: FromPath[UUID], request: Request[Actor, Any, Scope], custodian: NamedDependency[Custodian]
) -> Response[bytes]:
    """What the phone made of it, until the original is here. It is made anew: no stranger's bytes reach a browser."""
    async with custodian.database.connection() as db:
        summary = await within_reach(db, request.user, custodian.clock, evidence_id)
        await permit_copy(db, request.user, evidence_id, summary.unit_id, custodian.clock.now())
        sent = await queries.thumbnail_of(db, evidence_id)
    return _picture(await preview_of(sent) if sent else None)


@get("/evidence/{evidence_id:uuid}/original", guards=GUARDS)
async def original_at_page(
    evidence_id: FromPath[UUID],
    request: Request[Actor, Any, Scope],
    custodian: NamedDependency[Custodian],
    play: FromQuery[bool] = False,
) -> Stream | Redirect:
    """Its bytes, unaltered; that they were read is in the custody chain before the first goes out."""
    async with custodian.database.transaction() as db:
        summary = await within_reach(db, request.user, custodian.clock, evidence_id)
        found = await queries.content_of(db, evidence_id)
        if found is None:
            raise NotFound
        content, stored, _ = found
        by, now = request.user.person_id, custodian.clock.now()
        try:
            await permit(db, request.user, evidence_id, summary.unit_id, now, Look.ORIGINAL)
        except ReasonNeeded:
            return redirect(f"/desk/evidence/{evidence_id}/reason")
        await tell(db, Event.CONTENT_READ, now, evidence_id=evidence_id, actor_id=by)
    played = play and content.media_type in PLAYED
    headers = {"X-Content-Type-Options": "nosniff", "Content-Length": str(stored.size), "Cache-Control": "no-store"}
    if not played:
        headers["Content-Disposition"] = f'attachment; filename="{evidence_id}"'
    return Stream(
        await begun(custodian.store.read(stored.key, stored.version_id)),
        media_type=content.media_type if played else "application/octet-stream",
        headers=headers,
    )


async def shown(
    evidence_id: UUID,
    visit: Visit,
    request: Request[Actor, Any, Scope],
    database: Database,
    clock: Clock,
    settings: MapSettings,
    form: Form,
    status: int = 200,
    following: UUID | None = None,
    *,
    reviewing: bool = False,
) -> Response[str]:
    """The page; looking at it becomes a custody entry. `following` is the next to review; `reviewing`: whoever comes
    by the queue of reviews has said for what. Raises ReasonNeeded.
    """
    now = clock.now()
    today = day_of(now)
    async with database.transaction() as db:
        summary = await within_reach(db, request.user, clock, evidence_id)
        if not reviewing:
            await permit(db, request.user, evidence_id, summary.unit_id, now, Look.RECORD)
        purpose = {"purpose": Purpose.REVIEW} if reviewing else {}
        await tell(db, Event.VIEWED, now, evidence_id=evidence_id, actor_id=request.user.person_id, details=purpose)
        evidence = await queries.evidence_by_id(db, evidence_id)
        assert evidence is not None
        received = await queries.content_of(db, evidence_id)
        receipts = await queries.receipts_of(db, evidence_id)
        verdicts = await queries.verdicts_of(db, evidence_id)
        custody = await queries.custody_of(db, evidence_id)
        leaves = await log.leaves_of(db, [entry.id for entry in custody])
        thumbnails = await queries.with_thumbnails(db, [evidence_id], [summary.unit_id])
        read = await fixity.last_read(db, summary.sha256) if received else None
        standing = (await reviews.standings(db, [evidence_id]))[evidence_id]
        reviewed = await reviews.reviews_of(db, evidence_id)
        may_review = summary.unit_id in await reviewable(db, request.user, clock)
        same = [
            one
            for one in await queries.search(db, Sought(units=None, sha256=summary.sha256, most=20))
            if one.id != evidence_id
        ]
        bases = await retention.bases_of(db, evidence_id)
        holds = await retention.holds_of(db, [evidence_id])
        disposed = await retention.disposed_at(db, summary.sha256)
        reached = await reach(db, request.user, READERS, today)
        in_cases = await cases.cases(db, reached, evidence_id=evidence_id)
        people = await people_by_id(
            db,
            {summary.officer_id, *(one.reviewer_id for one in reviewed), *(e.actor_id for e in custody if e.actor_id)},
        )
        phones = await phone_labels(db, [evidence.phone_id, *(e.phone_id for e in custody if e.phone_id)])
        units = {one.id: visit.named(one) for one in await tree(db, today)}
        clues = await known_of(db, await access_of(db, request.user, clock), await clues_about(db, evidence_id))
        watched = await watch_of(db, request.user.person_id, Watched.EVIDENCE, evidence_id)
    names = {one.id: visit.named(one) for one in people.values()}
    mine = any(one.reviewer_id == request.user.person_id for one in reviewed)
    return page(
        visit,
        "evidence/item.html",
        status=status,
        images_from=settings.map_tiles_origin,
        form=form,
        map=_map(summary, evidence.facts.place, settings),
        following=following,
        watched=watched,
        clues=clues,
        may_register=visit.may(*DECIDERS),
        summary=summary,
        evidence=evidence,
        content=received[0] if received else None,
        stored=received[1] if received else None,
        has_thumbnail=bool(thumbnails),
        has_preview=bool(received) and has_preview(summary.media_type, summary.size),
        played=bool(received) and summary.media_type in PLAYED,
        receipts=receipts,
        read=read,
        reasons=[explain(reason, visit.language) for reason in summary.reasons],
        verdicts=[Judged(one, [explain(reason, visit.language) for reason in one.reasons]) for one in verdicts],
        device=verdicts[-1].inputs.get("device") if verdicts else None,
        standing=standing,
        reviewed=reviewed,
        may_review=may_review
        and standing is ReviewStanding.AWAITED
        and not mine
        and summary.officer_id != request.user.person_id
        and visit.may(*REVIEWERS),
        may_export=visit.may(*WHO_EXPORTS),
        bases=bases,
        holds=holds,
        disposed=disposed,
        sources=choices(visit.language, "retention.source", HoldSource),
        may_hold=visit.may(*WHO_HOLDS) and disposed is None,
        done=done if (done := request.query_params.get("done")) in ("held", "lifted") else None,
        same=[one for one in same if one.unit_id in reached],
        same_elsewhere=sum(one.unit_id not in reached for one in same),
        cases=in_cases,
        custody=_told(visit, custody, leaves, names, phones),
        officer=names.get(summary.officer_id, "—"),
        phone=phones.get(evidence.phone_id, "—"),
        unit=units.get(summary.unit_id, "—"),
        names=names,
        units=units,
    )


async def within_reach(db: Connection, actor: Actor, clock: Clock, evidence_id: UUID) -> Summary:
    """Raises NotFound, also for what exists beyond the reader's units."""
    units = await reach(db, actor, READERS, day_of(clock.now()))
    found = await queries.search(db, Sought(evidence_id=evidence_id, units=list(units), most=1))
    if not found:
        raise NotFound
    return found[0]


def _map(summary: Summary, place: Place | None, settings: MapSettings) -> Map:
    """Where it was captured, and nothing where the phone did not know."""
    if place is None or abs(place.longitude) > 180 or abs(place.latitude) > 90:  # taken as claimed
        return map_of([], settings)
    at = SitePlace(place.longitude, place.latitude, place.datum)
    return map_of([Point(summary.device_tag or "", "", at, in_force=True)], settings)


def _picture(made: bytes | None) -> Response[bytes]:
    """Raises NotFound where none could be made."""
    if made is None:
        raise NotFound
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(made, media_type="image/jpeg", headers=headers)


def _no_picture_now(later: TryLater, language: Language) -> Response[bytes]:
    """In the place of the picture a sentence, as a picture: the page around it is there, and browsers show it."""
    drawn = _SENTENCE.format(escape(say(language, "page.evidence.store-away")))
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **later.headers}
    return Response(drawn.encode(), status_code=later.status, media_type="image/svg+xml", headers=headers)


_SENTENCE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 120" width="640" height="120" role="img">'
    '<rect width="640" height="120" fill="#f4f4f2"/><text x="320" y="66" text-anchor="middle" font-size="18"'
    ' font-family="sans-serif" fill="#444">{}</text></svg>'
)


def _told(
    visit: Visit,
    custody: Sequence[CustodyEntry],
    leaves: dict[int, int],
    names: dict[UUID, str],
    phones: dict[UUID, str],
) -> list[Told]:
    """Newest first."""
    return [
        Told(
            entry.at,
            say(visit.language, f"custody.{entry.event}"),
            names.get(entry.actor_id, "—") if entry.actor_id else "",
            phones.get(entry.phone_id, "—") if entry.phone_id else "",
            [(name, str(value)) for name, value in entry.details.items() if value not in (None, "", [], {})],
            leaves.get(entry.id),
        )
        for entry in reversed(custody)
    ]


ROUTES = [evidence_page, preview_at_page, thumbnail_at_page, original_at_page]
