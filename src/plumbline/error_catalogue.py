"""Writes docs/errors.md: every problem this program can answer with. `python -m plumbline.error_catalogue`."""

from collections.abc import Iterator

from foundation.problem import Problem, known
from foundation.words import say
from plumbline import app  # noqa: F401 - importing the whole application makes every problem known

_HEAD = """\
# Errors

Every failure is a problem (RFC 9457), `application/problem+json`, in the reader's language (`Accept-Language`, zh-CN by
default). `type` never changes and leads to an explanation: `GET /problems/<slug>`. `field` names what is wrong in the
request. A failure of ours is a 500 whose `id` finds its line in the log.

This page is written by `python -m plumbline.error_catalogue > docs/errors.md`; a test compares it with the code.
"""


def document() -> str:
    """The whole page, problems in the order of their status."""
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for problem in sorted(known().values(), key=lambda problem: (problem.status, problem.slug)):
        yield f"## `{problem.slug}` · {int(problem.status)}\n"
        yield f"{say('zh-CN', f'problem.{problem.slug}.title')} / {say('en', f'problem.{problem.slug}.title')}\n"
        yield f"{_meaning(problem)}\n"
        chinese, english = (say(language, f"problem.{problem.slug}.detail") for language in ("zh-CN", "en"))
        yield f"> {chinese}\n>\n> {english}\n"


def _meaning(problem: type[Problem]) -> str:
    return " ".join((problem.__doc__ or "").split())


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - this is its output
