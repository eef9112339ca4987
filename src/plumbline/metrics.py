"""`/metrics`: what an operator's alarms watch, in the text format of Prometheus (0.0.4), written by hand.

Gauges only, all of them read from the database when asked: any process answers for the whole house, and none has to
remember anything. A library for that would bring counters of its own process, which nobody asked for.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.types import ControllerRouterHandler

from agency.http import ACROSS_UNITS, OPEN
from evidence.fixity import queries as fixity
from evidence.fixity.reading import Fixity
from evidence.self_proof import metrics as queries
from evidence.self_proof.queries import last_cycle
from evidence.self_proof.rules import OVERDUE
from evidence.transparency_log.queries import last_publication
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.http import declared
from foundation.problem import Malformed, NotFound
from plumbline.settings import Settings

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REFUSED_WITHIN = timedelta(days=1)


class Gauge(NamedTuple):
    """`values` by labels; empty where nothing is known, which an alarm can ask for (`absent`)."""

    name: str
    about: str
    values: Mapping[tuple[tuple[str, str], ...], float]


@get(
    "/metrics",
    opt=OPEN | {ACROSS_UNITS: "it counts, for whoever runs the whole house"},
    security=[{}],
    tags=["operation"],
    summary="Gauges for Prometheus; only where PLUMBLINE_METRICS_TOKEN is set, and only for its bearer",
    responses=declared(Malformed, NotFound),
)
async def metrics(
    settings: NamedDependency[Settings],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    authorization: Annotated[str, HeaderParameter(name="Authorization")] = "",
) -> Response[str]:
    wanted = f"Bearer {settings.metrics_token}"
    if not settings.metrics_token or not hmac.compare_digest(authorization.encode(), wanted.encode()):
        raise NotFound
    async with database.connection() as db:
        return Response("".join(text(await gauges(db, clock.now()))), media_type=MEDIA_TYPE)


async def gauges(db: Connection, now: datetime) -> list[Gauge]:
    """One indexed statement a subject."""
    cycle, backlog, jobs = await last_cycle(db), await queries.log_backlog(db), await queries.jobs_by_kind(db, now)
    found, refused = await queries.objects_by_fixity(db), await queries.refused_by_reason(db, now - REFUSED_WITHIN)
    return [
        Gauge(
            "plumbline_self_proof_held",
            "1 where the guard held when the last self-proof tried it",
            {(("step", one.step.value),): float(one.held) for one in (cycle.steps if cycle else ())},
        ),
        _age(
            "plumbline_self_proof_age_seconds",
            f"Since the last self-proof; {OVERDUE.total_seconds():.0f} is too long",
            cycle.ended_at if cycle else None,
            now,
        ),
        _one("plumbline_log_pending", "Custody entries without a place in the log", backlog.number),
        _lag("plumbline_log_lag_seconds", "How long the oldest of them waits", backlog.oldest, now),
        _age(
            "plumbline_log_published_age_seconds",
            "Since a checkpoint went into the object store",
            await last_publication(db),
            now,
        ),
        Gauge(
            "plumbline_objects",
            "Objects by what their last reading found",
            {(("fixity", one.value),): found.get(one, 0) for one in Fixity},
        ),
        _age(
            "plumbline_oldest_reading_age_seconds",
            "Since the longest unread object was read back",
            await fixity.oldest_reading(db),
            now,
        ),
        Gauge("plumbline_jobs_waiting", "Jobs that are due", {(("kind", one.kind),): one.waiting for one in jobs}),
        Gauge("plumbline_jobs_failed", "Jobs left for people", {(("kind", one.kind),): one.failed for one in jobs}),
        _lag(
            "plumbline_jobs_lag_seconds",
            "How long the job that is due longest waits",
            min((one.oldest_due for one in jobs if one.oldest_due), default=None),
            now,
        ),
        _one("plumbline_uploads_in_progress", "Uploads that are not whole yet", await queries.uploads_in_progress(db)),
        Gauge(
            "plumbline_refused",
            "Evidence judged within a day that does not count, by reason",
            {(("reason", code),): number for code, number in refused.items()},
        ),
    ]


def text(found: Iterable[Gauge]) -> Iterator[str]:
    for gauge in found:
        yield f"# HELP {gauge.name} {gauge.about}\n# TYPE {gauge.name} gauge\n"
        for labels, value in gauge.values.items():
            named = ",".join(f'{name}="{_escaped(told)}"' for name, told in labels)
            yield f"{gauge.name}{'{' + named + '}' if named else ''} {value:.10g}\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _one(name: str, about: str, value: float) -> Gauge:
    return Gauge(name, about, {(): value})


def _age(name: str, about: str, since: datetime | None, now: datetime) -> Gauge:
    """No value where it never was."""
    return Gauge(name, about, {} if since is None else {(): (now - since).total_seconds()})


def _lag(name: str, about: str, since: datetime | None, now: datetime) -> Gauge:
    """0 where nothing waits."""
    return _one(name, about, 0 if since is None else max(0.0, (now - since).total_seconds()))


ROUTES: list[ControllerRouterHandler] = [metrics]
