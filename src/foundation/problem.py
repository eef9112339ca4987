"""What goes wrong, as RFC 9457 problem details: a stable type, words in the reader's language, never an internal."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from foundation.words import Language, say

TYPE_PREFIX = "/problems/"
"""Problem types are relative references (RFC 9457, 3.1.1): `/problems/<slug>` is also a page that explains it."""

_PLACEHOLDER = re.compile(r"{\w+}")


class Problem(Exception):
    """Something a caller did or met, published in docs/errors.md.

    `field` names the offending member of the request as a path such as `device.serial`. `values` fill the
    placeholders of the detail sentence `problem.<slug>.detail`. `members` are the typed extension members.
    `headers` go out with the answer.
    """

    slug: ClassVar[str]
    status: ClassVar[int]

    def __init__(
        self,
        *,
        field: str | None = None,
        members: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **values: object,
    ) -> None:
        super().__init__(f"{self.slug} {values or ''}".strip())
        self.field = field
        self.members = members or {}
        self.headers = headers or {}
        self.values = values

    @classmethod
    def title(cls, language: Language) -> str:
        return say(language, f"problem.{cls.slug}.title")

    @classmethod
    def example(cls, language: Language) -> dict[str, Any]:
        """What the problem looks like, for its documentation: an ellipsis stands for each value."""
        detail = _PLACEHOLDER.sub("…", say(language, f"problem.{cls.slug}.detail"))
        return {
            "type": TYPE_PREFIX + cls.slug,
            "title": cls.title(language),
            "status": int(cls.status),
            "detail": detail,
        }

    def spoken(self, language: Language) -> dict[str, Any]:
        """The problem-details object in a language."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title(language),
            "status": self.status,
            "detail": say(language, f"problem.{self.slug}.detail", **_in_language(self.values, language)),
        }
        if self.field is not None:
            body["field"] = self.field
        return body | {name: _in_language(value, language) for name, value in self.members.items()}


class Spoken:
    """A member of a problem that is itself words: `say` with the reader's language still open."""

    def __init__(self, key: str, /, **values: object) -> None:
        self.key, self.values = key, values

    def __call__(self, language: Language) -> str:
        return say(language, self.key, **_in_language(self.values, language))


def listed(words: Sequence[Spoken]) -> Spoken:
    """Several words, at least one, as one: with what stands between the members of a list in the reader's language."""
    *before, found = words
    for word in reversed(before):
        found = Spoken("list", first=word, rest=found)
    return found


class Malformed(Problem):
    """The request does not have the form the contract asks for."""

    slug, status = "malformed", HTTPStatus.BAD_REQUEST


class NotSignedIn(Problem):
    """No token, or one that is unknown, revoked or expired."""

    slug, status = "not-signed-in", HTTPStatus.UNAUTHORIZED


class NotAllowed(Problem):
    """The person's roles do not reach this."""

    slug, status = "not-allowed", HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """There is no such thing, or nothing that this person may know of."""

    slug, status = "not-found", HTTPStatus.NOT_FOUND


class MethodNotAllowed(Problem):
    """The address exists, but not with this method."""

    slug, status = "method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED


class TooLarge(Problem):
    """The body is larger than this address takes."""

    slug, status = "too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedContentType(Problem):
    """The Content-Type of the request is not the one this address takes."""

    slug, status = "unsupported-content-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TryLater(Problem):
    """Something the answer depends on is out of reach for the moment; nothing was lost. It says when to ask again."""

    slug, status = "try-later", HTTPStatus.SERVICE_UNAVAILABLE
    AFTER_SECONDS: ClassVar[int] = 5
    """A restart of PostgreSQL or of the object store takes about that."""

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": str(self.AFTER_SECONDS)})


class Unexpected(Problem):
    """A failure of ours. The id finds its line in the log; nothing else about it is told."""

    slug, status = "unexpected", HTTPStatus.INTERNAL_SERVER_ERROR


def known() -> dict[str, type[Problem]]:
    """Every problem of the slices that are imported by now, by slug in order."""
    found, waiting = list[type[Problem]](), Problem.__subclasses__()
    while waiting:
        problem = waiting.pop()
        found.append(problem)
        waiting += problem.__subclasses__()
    return {problem.slug: problem for problem in sorted(found, key=lambda problem: problem.slug)}


def _in_language(value: Any, language: Language) -> Any:
    if isinstance(value, Spoken):
        return value(language)
    if isinstance(value, list):
        return [_in_language(item, language) for item in value]
    if isinstance(value, dict):
        return {name: _in_language(item, language) for name, item in value.items()}
    return value
