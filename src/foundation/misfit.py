"""What the framework says about a request that does not fit, told again in the reader's language."""

import re

import msgspec
from litestar.exceptions import HTTPException

from foundation.problem import Malformed, Spoken

MOST_QUOTED = 200
"""Characters of what came that go back in an answer."""

_AT = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`$")
_SAID = [
    (re.compile(pattern, re.DOTALL), key)
    for pattern, key in (
        (r"Object missing required field `(?P<name>[^`]+)`", "malformed.missing"),
        (r"Object contains unknown field `(?P<name>[^`]+)`", "malformed.unknown"),
        (r"Expected `datetime` with a timezone component", "malformed.timezone"),
        (r"Expected `(?P<type>[^`]+)`(, got `[^`]+`)?$", "malformed.type"),
        (r"Expected `\w+` of (at \w+ )?length (?P<length>.+?)(, got \d+)?$", "malformed.length"),
        (r"Expected `\w+` (?P<bound>[<>]=? .+)$", "malformed.bound"),
        (r"Expected `int` that's a multiple of (?P<factor>\d+)", "malformed.multiple"),
        (r"Expected `str` matching regex '(?P<pattern>.+)'$", "malformed.pattern"),
        (r"Invalid (enum )?value '?(?P<value>.*?)'?$", "malformed.choice"),
        (r"Invalid RFC3339 encoded datetime", "malformed.datetime"),
        (r"Invalid RFC3339 encoded date", "malformed.date"),
        (r"Invalid UUID", "malformed.uuid"),
        (r"Invalid base64 encoded string", "malformed.base64"),
        (r"out of range", "malformed.range"),
        (r"JSON is malformed|Input data was truncated", "malformed.json"),
    )
]
"""The sentences of msgspec that requests bring about. One that is not here goes out as it is, in English."""
_TYPES = frozenset({"bool", "int", "float", "str", "datetime", "date", "uuid", "array", "object"})


def misfit(error: HTTPException) -> Malformed:
    """The problem for a request that does not fit a route's parameters or body."""
    if isinstance(error.__cause__, KeyError):
        return Malformed(field=str(error.__cause__.args[0]), what=Spoken("malformed.missing"))
    if isinstance(error.__cause__, msgspec.DecodeError):
        return not_decoded(error.__cause__)
    return _told(error.detail)


def not_decoded(error: msgspec.DecodeError) -> Malformed:
    """The problem for JSON, in a body or elsewhere, that msgspec could not make into what it should be."""
    return _told(str(error))


def not_json() -> Malformed:
    """The problem for a body that is not even JSON."""
    return Malformed(what=Spoken("malformed.json"))


def _told(message: str) -> Malformed:
    field = None
    if at := _AT.search(message):
        field, message = _field(at["path"]), message[: at.start()]
    for pattern, key in _SAID:
        if said := pattern.search(message):
            if name := said.groupdict().get("name"):
                # A body is the parameter `data` of our functions: without it, it is the body itself that is missing.
                field = None if at is None and name == "data" else f"{field}.{name}" if field else name
            return Malformed(field=field, what=Spoken(key, **_values(said)))
    return Malformed(field=field, what=Spoken("malformed.other", message=message[:MOST_QUOTED]))


def _field(path: str) -> str | None:
    """`$.data.inner.n` is inner.n to the caller; `[...]`, some value of an object, is told as the object."""
    return re.sub(r"^\.data\b", "", path).partition("[...]")[0].removeprefix(".") or None


def _values(said: re.Match[str]) -> dict[str, object]:
    values: dict[str, object] = {name: text[:MOST_QUOTED] for name, text in said.groupdict().items() if text}
    for name in values.keys() & {"length", "bound"}:
        values[name] = str(values[name]).replace(">=", "≥").replace("<=", "≤").replace(" to ", "–")
    if "type" in values:
        name = str(values["type"]).removesuffix(" | null")
        values["type"] = Spoken(f"json-type.{name}") if name in _TYPES else name
    return values
