"""How a template becomes an answer, and a problem becomes a page."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.response import Redirect
from markupsafe import Markup

from console import assets
from console.navigation import subjects_for
from console.visit import HOME, Visit, stranger
from foundation import http as problems
from foundation.civil import BEIJING
from foundation.problem import NotSignedIn, Problem
from foundation.words import Language, catalogue, say

PAGES = re.compile(r"/(desk|public|d)(?!/v\d)([/?]|$)")
"""Addresses that people open; what they cannot have is explained in a page, never in JSON."""
SIGN_IN = f"{HOME}/sign-in"
ITSELF = "'self'"


def page(visit: Visit, template: str, *, status: int = 200, images_from: str = "", **values: Any) -> Response[str]:
    """The template, rendered for this visit. `images_from` is an origin that images may also come from (map tiles)."""
    html = _environment(visit.language).get_template(template).render(visit=visit, **values)
    return Response(
        html,
        status_code=status,
        media_type=MediaType.HTML,
        headers={**_guarded(images_from), "Content-Language": visit.language},
        cookies=visit.cookies(),
    )


def answered(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    """For `foundation.http.exception_handlers`: a page where a person reads, problem+json for programs."""
    if not PAGES.match(request.url.path):
        return problems.answer(request, problem)
    visit = stranger(request)
    if isinstance(problem, NotSignedIn) and request.method in ("GET", "HEAD"):
        return Redirect(f"{SIGN_IN}?{urlencode({'next': visit.link()})}", status_code=303)
    response = page(visit, "problem.html", status=problem.status, problem=problem.spoken(visit.language))
    response.headers.update(problem.headers)
    return response


def redirect(path: str, **query: str) -> Redirect:
    """After a form was taken: the browser reads the page it leads to, so that reloading sends nothing twice."""
    return Redirect(f"{path}?{urlencode(query)}" if query else path, status_code=303)


def local(path: str | None) -> str:
    """The address if it is a page of the desk; otherwise its home. No address leads to another host."""
    fits = path and path.startswith(HOME) and PAGES.match(path) and not re.search(r"[\\\x00-\x20\x7f]|^//", path)
    return path if path and fits else HOME


def instant(moment: datetime | None) -> Markup | str:
    """As people in Beijing read it, to the minute; to the second where it has any."""
    if moment is None:
        return ""
    shown = moment.astimezone(BEIJING)
    words = shown.strftime("%Y-%m-%d %H:%M:%S" if shown.second else "%Y-%m-%d %H:%M")
    return Markup('<time datetime="{}">{}</time>').format(moment.astimezone(UTC).isoformat(), words)


def day(civil: date | None) -> Markup | str:
    """A Beijing civil day."""
    return "" if civil is None else Markup('<time datetime="{0}">{0}</time>').format(civil.isoformat())


def in_path(text: str) -> str:
    """A text as one segment of an address."""
    return quote(text, safe="")


def _guarded(images_from: str) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": ITSELF,
        "style-src": ITSELF,
        "img-src": f"{ITSELF} data: {images_from}".strip(),
        "media-src": ITSELF,
        "connect-src": ITSELF,
        "form-action": ITSELF,
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _choices(words: Callable[..., str], prefix: str, values: Iterable[str]) -> list[tuple[str, str]]:
    """For a select: each value with its words, or as it is where no prefix leads to any."""
    return [(str(value), words(f"{prefix}.{value}") if prefix else str(value)) for value in values]


@cache
def _environment(language: Language) -> Environment:
    """One a language, so that macros of `parts/` can say words wherever they are imported."""
    environment = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words: Callable[..., str] = partial(say, language)
    environment.globals |= {
        "say": words,
        "language": language,
        "asset": assets.address,
        "subjects_for": subjects_for,
        "has": catalogue(language).__contains__,
        "words_of": partial(_choices, words),
    }
    environment.filters |= {"instant": instant, "day": day, "in_path": in_path}
    return environment
