"""What the `type` of a problem leads to: each problem explained in the reader's language, for programs and people."""

from html import escape
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from foundation.http import declared, language_of
from foundation.problem import Malformed, NotFound, Problem, known
from foundation.words import Language, say


class ProblemType(msgspec.Struct, frozen=True):
    """A kind of problem. In `detail` an ellipsis stands for what differs from case to case."""

    type: str
    title: str
    status: int
    detail: str


@get("/problems", opt={"open": True}, security=[{}], tags=["problems"], summary="Every problem there is")
async def problem_types(request: Request[Any, Any, Any]) -> Response[list[ProblemType]]:
    language = language_of(request)
    return _page(request, [_explained(problem, language) for problem in known().values()])


@get(
    "/problems/{slug:str}",
    opt={"open": True},
    security=[{}],
    tags=["problems"],
    summary="What a problem's type leads to",
    responses=declared(Malformed, NotFound),
)
async def problem_type(slug: FromPath[str], request: Request[Any, Any, Any]) -> Response[ProblemType]:
    if slug not in known():
        raise NotFound
    return _page(request, _explained(known()[slug], language_of(request)))


ROUTES: list[ControllerRouterHandler] = [problem_types, problem_type]


def _explained(problem: type[Problem], language: Language) -> ProblemType:
    return ProblemType(**problem.example(language))


def _page(request: Request[Any, Any, Any], content: Any) -> Response[Any]:
    language = language_of(request)
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language"}
    if request.accept.best_match(["application/json", "text/html"]) != "text/html":
        return Response(content, headers=headers)
    return Response(
        _html(content if isinstance(content, list) else [content], language), media_type="text/html", headers=headers
    )


def _html(problems: list[ProblemType], language: Language) -> str:
    heading, intro = (escape(say(language, f"problems.{part}")) for part in ("heading", "intro"))
    rows = "".join(
        f'<dt><a href="{escape(problem.type)}">{escape(problem.title)}</a> <small>{problem.status}</small></dt>'
        f"<dd>{escape(problem.detail)}</dd>"
        for problem in problems
    )
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{heading}</title>'
        f'<body><h1><a href="/problems">{heading}</a></h1><p>{intro}</p><dl>{rows}</dl></body></html>'
    )
