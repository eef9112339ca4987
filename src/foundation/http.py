"""How problems leave: each failure of a request is one `application/problem+json` answer in the reader's language."""

import traceback
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.enums import RequestEncodingType
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg
from litestar.types import ExceptionHandlersMap

from foundation.civil import FIRST_DAY, LAST_DAY, within_calendar
from foundation.misfit import misfit, not_json
from foundation.problem import (
    Malformed,
    MethodNotAllowed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Problem,
    Spoken,
    TooLarge,
    TryLater,
    Unexpected,
    UnsupportedContentType,
)
from foundation.words import DEFAULT, Language, negotiate

PROBLEM_JSON = "application/problem+json"
MAX_JSON_BYTES = 1 << 20
"""Largest JSON body of the ordinary routes. The longest legitimate one, a commitment, is below 16 KiB."""

_BY_STATUS: dict[int, type[Problem]] = {
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    405: MethodNotAllowed,
}

_BAD_CHARACTER = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
_BAD_NUMBER = (asyncpg.NumericValueOutOfRangeError, asyncpg.DatetimeFieldOverflowError)
"""What the server says; asyncpg itself says DataError with a sentence, before anything is sent."""

Answered = Callable[[Request[Any, Any, Any], Problem], Response[Any]]
"""How a problem leaves: `answer` for programs, a page for people."""

log = structlog.get_logger("plumbline")


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem as it leaves (RFC 9457). Each type may have more members of its own; its page tells them."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None


def declared(*problems: type[Problem]) -> dict[int, ResponseSpec]:
    """For a route's `responses`: every problem it can answer with, under its status, with an example of each.

    That the database is away, or that we fail, any route may have to say.
    """
    by_status: dict[int, list[type[Problem]]] = defaultdict(list)
    anywhere: tuple[type[Problem], ...] = (TryLater, Unexpected)
    for problem in dict.fromkeys((*problems, *anywhere)):
        by_status[int(problem.status)].append(problem)
    return {
        status: ResponseSpec(
            ProblemDetails,
            description=" / ".join(problem.title(DEFAULT) for problem in found),
            media_type=PROBLEM_JSON,
            generate_examples=False,
            examples=[Example(id=problem.slug, value=problem.example(DEFAULT)) for problem in found],
        )
        for status, found in by_status.items()
    }


async def json_only(request: Request[Any, Any, Any]) -> None:
    """For the app's `before_request`: Litestar reads a JSON body whatever its Content-Type says.

    Raises UnsupportedContentType.
    """
    body = request.route_handler.parsed_data_field
    if (
        body is not None
        and isinstance(body.kwarg_definition, BodyKwarg)
        and body.kwarg_definition.media_type == RequestEncodingType.JSON
        and request.content_type[0] != RequestEncodingType.JSON
    ):
        raise UnsupportedContentType(expected=RequestEncodingType.JSON.value)


def language_of(request: Request[Any, Any, Any]) -> Language:
    """The language in which the reader of the answer is spoken to."""
    return negotiate(request.headers.get("accept-language"))


def checked_instant(field: str, instant: datetime) -> datetime:
    """An instant out of a request, if it is one that can be reckoned with. Raises Malformed."""
    if instant.tzinfo is None:
        raise Malformed(field=field, what=Spoken("malformed.timezone"))
    if not within_calendar(instant):
        raise Malformed(field=field, what=Spoken("malformed.calendar", first=FIRST_DAY, last=LAST_DAY))
    return instant


def answer(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    """The problem as an HTTP answer to a program."""
    language = language_of(request)
    return Response(
        problem.spoken(language),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers={"Content-Language": language, "Vary": "Accept-Language", **_challenge(problem), **problem.headers},
    )


def exception_handlers(answered: Answered = answer) -> ExceptionHandlersMap:
    """For the app: what a request fails with becomes a problem, and `answered` makes it what the caller can read."""

    def handler(problem_of: Callable[[Request[Any, Any, Any], Any], Problem]) -> Any:
        return lambda request, error: answered(request, problem_of(request, error))

    return {kind: handler(problem_of) for kind, problem_of in _PROBLEMS.items()}


def refused(_: Request[Any, Any, Any], problem: Problem) -> Problem:
    """A problem that one of our rules raised."""
    return problem


def malformed(request: Request[Any, Any, Any], error: HTTPException) -> Problem:
    """What the framework refused before any of our code ran."""
    if error.detail == "client disconnected prematurely":  # Litestar calls it a 500; nobody is there to read it
        return Malformed(what=Spoken("malformed.cut"))
    if error.status_code >= 500:
        return crashed(request, error)
    if error.status_code == 413:
        return TooLarge(most=request.route_handler.resolve_request_max_body_size())
    if error.status_code == 415:
        return UnsupportedContentType(expected="application/json")
    if error.status_code in _BY_STATUS:
        return _BY_STATUS[error.status_code](headers=dict(error.headers or {}))
    return misfit(error)


def unreadable(request: Request[Any, Any, Any], error: Exception) -> Problem:
    """JSON with bytes that are no UTF-8, or nested beyond measure: msgspec lets these two through as they are."""
    return not_json() if _came_through(error, "litestar.serialization") else crashed(request, error)


def out_of_reach(request: Request[Any, Any, Any], error: Exception) -> Problem:
    """The database does not answer, or left in the middle of a sentence. Other failures of its kind are ours."""
    if not _came_through(error, "asyncpg") or (
        isinstance(error, asyncpg.InterfaceError) and "closed" not in str(error)
    ):
        return crashed(request, error)
    log.error("database out of reach", method=request.method, path=request.url.path, error=type(error).__name__)
    return TryLater()


def unstorable(request: Request[Any, Any, Any], error: asyncpg.DataError) -> Problem:
    """Well-formed input that PostgreSQL cannot hold: a NUL in a text, half a surrogate pair, a number too large."""
    if isinstance(error, _BAD_CHARACTER) or "surrogates not allowed" in str(error):
        key = "malformed.character"
    elif isinstance(error, _BAD_NUMBER) or "value out of" in str(error):
        key = "malformed.range"
    else:
        return crashed(request, error)
    log.warning("not storable", method=request.method, path=request.url.path, error=type(error).__name__)
    return Malformed(what=Spoken(key))


def crashed(request: Request[Any, Any, Any], error: Exception) -> Problem:
    """An unexpected failure: told to the log in full, to the caller only by its id.

    The traceback is written here and without the values of variables: a password is one of them.
    """
    failure = str(uuid4())
    log.error(
        "unexpected failure",
        id=failure,
        method=request.method,
        path=request.url.path,
        traceback="".join(traceback.format_exception(error)),
    )
    return Unexpected(id=failure, members={"id": failure})


_PROBLEMS: dict[type[Exception], Callable[[Request[Any, Any, Any], Any], Problem]] = {
    Problem: refused,
    NotFoundException: malformed,
    MethodNotAllowedException: malformed,
    ValidationException: malformed,
    ClientException: malformed,
    HTTPException: malformed,
    UnicodeDecodeError: unreadable,
    RecursionError: unreadable,
    asyncpg.DataError: unstorable,
    asyncpg.PostgresConnectionError: out_of_reach,
    asyncpg.OperatorInterventionError: out_of_reach,
    asyncpg.InsufficientResourcesError: out_of_reach,
    asyncpg.InterfaceError: out_of_reach,
    OSError: out_of_reach,
    Exception: crashed,
}
EXCEPTION_HANDLERS = exception_handlers()
"""Of an application that speaks to programs alone."""


def _came_through(error: Exception, package: str) -> bool:
    """Whether the exception was raised inside a package, or in something that it called."""
    names = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(f"{name}.".startswith(f"{package}.") for name in names)


def _challenge(problem: Problem) -> dict[str, str]:
    """A 401 has to say how to authenticate (RFC 9110, 15.5.2)."""
    return {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
