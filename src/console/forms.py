"""What somebody typed into a form: read as the type it should be, and shown again beside what was refused."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self, TypeVar, get_args

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from console.problems import FormExpired
from console.visit import A_YEAR, FORM_COOKIE, LANGUAGE_COOKIE, chosen, stranger
from foundation.misfit import not_decoded
from foundation.problem import Malformed, Problem, Spoken
from foundation.words import Language, say

TOKEN = "form_token"  # noqa: S105 - the name of a field
BETWEEN = re.compile(r"\s*[\t,，;；]\s*")
"""Between the cells of a line: as pasted from a spreadsheet, or as typed."""
LOCAL_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d+)?)?")
"""What `<input type="datetime-local">` sends. At a desk it is Beijing time."""

T = TypeVar("T")


class Refusal(msgspec.Struct, frozen=True):
    """A sentence, and the field it stands beside; None: above the form."""

    field: str | None
    sentence: str


class Form:
    """Empty, filled in beforehand with `values`, or as it was `sent`."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._typed: dict[str, list[str]] = {
            name: [str(one) for one in (value if isinstance(value, list | tuple) else [value])]
            for name, value in (values or {}).items()
            if value is not None
        }
        self.files: dict[str, UploadFile] = {}
        self.refusals: list[Refusal] = []

    @classmethod
    async def sent(cls, request: Request[Any, Any, Any]) -> Self:
        form, fields = cls(), await request.form()
        for name, value in fields.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    form.files[name] = value
            elif name != TOKEN:
                form._typed.setdefault(name, []).append(str(value))
        return form

    def read(self, kind: type[T]) -> T:
        """Everything typed, as one Struct: fields left empty are left out, a dot in a name leads into a Struct,
        every line of a text for a list is one of its items.

        Raises Malformed with the field.
        """
        given: dict[str, Any] = {}
        hints = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}  # type: ignore[arg-type]
        for name, typed in self._typed.items():
            outer, _, inner = name.partition(".")
            if outer not in hints:
                continue
            texts = [text.strip() for text in typed if text.strip()]
            if not texts:
                continue
            if inner:
                given.setdefault(outer, {})[inner] = texts[-1]
            elif _speaks_of(hints[outer], list):
                given[outer] = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
            elif _speaks_of(hints[outer], datetime):
                local = LOCAL_TIME.fullmatch(texts[-1])
                given[outer] = f"{local[1]}{local[2] or ':00'}+08:00" if local else texts[-1]
            else:
                given[outer] = texts[-1]
        try:
            return msgspec.convert(given, kind, strict=False)
        except msgspec.ValidationError as error:
            raise not_decoded(error) from error

    def refused(self, problem: Problem, language: Language) -> Self:
        """The same form with what was wrong."""
        what = problem.values.get("what") if isinstance(problem, Malformed) else None
        sentence = what(language) if isinstance(what, Spoken) else problem.spoken(language)["detail"]
        self.refusals.append(Refusal(problem.field, sentence))
        return self

    def value(self, name: str, otherwise: Any = "") -> str:
        return self._typed[name][-1] if self._typed.get(name) else str(otherwise)

    def values(self, name: str) -> list[str]:
        return self._typed.get(name, [])

    def error(self, name: str) -> str | None:
        """The sentence that stands beside the field."""
        return next((refusal.sentence for refusal in self.refusals if refusal.field == name), None)

    @property
    def is_empty(self) -> bool:
        return not self._typed

    def put(self, name: str, value: str) -> None:
        """Says what is not for the reader to type."""
        self._typed[name] = [value]


async def before_page(request: Request[Any, Any, Any]) -> Redirect | None:
    """For the `before_request` of pages: `?language=en` is remembered, and a form must carry the browser's token.

    Raises FormExpired.
    """
    if request.method in ("GET", "HEAD"):
        language = chosen(request.query_params.get("language"))
        if language is None:
            return None
        visit = stranger(request)
        return Redirect(visit.link(), status_code=303, cookies=[visit.cookie(LANGUAGE_COOKIE, language, A_YEAR, "/")])
    given, kept = (await request.form()).get(TOKEN), request.cookies.get(FORM_COOKIE)
    if not isinstance(given, str) or not kept or not secrets.compare_digest(given.encode(), kept.encode()):
        raise FormExpired
    return None


def choices(language: Language, prefix: str, values: Any) -> list[tuple[str, str]]:
    """For a select: each value of an enum with its words, `<prefix>.<value>` of the catalogue."""
    return [(str(value), say(language, f"{prefix}.{value}")) for value in values]


def _speaks_of(hint: Any, kind: type) -> bool:
    return hint is kind or getattr(hint, "__origin__", None) is kind or any(_speaks_of(a, kind) for a in get_args(hint))
