"""Every sentence that people read, from one catalogue a language: `zh-CN.toml` and `en.toml` beside this file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

Language = Literal["zh-CN", "en"]
DEFAULT: Language = "zh-CN"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All sentences of a language under dotted keys, such as `problem.not-found.title`."""
    text = files(__name__).joinpath(f"{language}.toml").read_text("utf-8")
    return dict(_flatten("", tomllib.loads(text)))


def say(language: Language, key: str, /, **values: object) -> str:
    """The sentence under `key`, its `{placeholders}` filled in. Raises KeyError where the key or a value is missing."""
    return catalogue(language)[key].format_map(values) if values else catalogue(language)[key]


def negotiate(accept_language: str | None) -> Language:
    """The language a reader prefers (RFC 9110, 12.5.4), of those there are; Chinese where nothing fits."""
    best: tuple[float, Language] = (0.0, DEFAULT)
    for wish in (accept_language or "").split(","):
        tag, _, quality = wish.lower().replace(" ", "").replace("\t", "").partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        for language in get_args(Language):
            if tag.split("-")[0] == language.lower().split("-")[0] and weight > best[0]:
                best = (weight, language)
    return best[1]


def _flatten(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        found += _flatten(f"{prefix}{name}.", value) if isinstance(value, dict) else [(prefix + name, value)]
    return found
