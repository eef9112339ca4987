"""The catalogues hold the same sentences, and readers get theirs."""

import string
from collections.abc import Iterator

import pytest

import plumbline.app  # noqa: F401 - with everything it can answer
from foundation.problem import Problem, Spoken, known
from foundation.words import catalogue, negotiate, say


def placeholders(sentence: str) -> set[str]:
    """The values that a sentence needs; of one value languages may use different parts, such as a date's month."""
    return {name.partition(".")[0] for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_catalogues_have_the_same_keys() -> None:
    assert catalogue("zh-CN").keys() == catalogue("en").keys()


@pytest.mark.parametrize("key", catalogue("en"))
def test_a_sentence_has_the_same_placeholders_in_both_languages(key: str) -> None:
    assert placeholders(catalogue("zh-CN")[key]) == placeholders(catalogue("en")[key])


@pytest.mark.parametrize("slug", known())
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_problem_has_words(language: str, slug: str) -> None:
    assert catalogue(language)[f"problem.{slug}.title"]
    assert catalogue(language)[f"problem.{slug}.detail"]


def test_every_sentence_of_a_problem_belongs_to_one() -> None:
    spoken = {key.split(".")[1] for key in catalogue("en") if key.startswith("problem.")}
    assert spoken == known().keys()


def test_slugs_are_not_shared() -> None:
    every = [problem.slug for problem in _all_problems()]
    assert sorted(every) == sorted(set(every))


def _all_problems() -> Iterator[type[Problem]]:
    waiting = Problem.__subclasses__()
    while waiting:
        problem = waiting.pop()
        yield problem
        waiting += problem.__subclasses__()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh-CN"),
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("EN-us", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh;q=0.3, en;q=0.7", "en"),
        ("zh; q=0.3, en; q=0.7", "en"),
        ("en;q=0.7;x=1, zh;q=0.3", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("fr, de;q=0.5", "zh-CN"),
        ("fr, en;q=0.1", "en"),
        ("en;q=0", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=x", "zh-CN"),
        ("en;q=nan", "zh-CN"),
        (",;,q=,;q=1,", "zh-CN"),
        ("english", "zh-CN"),
    ],
)
def test_readers_get_the_language_they_prefer_of_those_there_are(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_words_within_words_are_said_in_the_same_language() -> None:
    spoken = Spoken("malformed.type", type=Spoken("json-type.int"))
    assert (spoken("zh-CN"), spoken("en")) == ("应为整数。", "this must be an integer.")


def test_what_people_wrote_is_never_read_as_a_placeholder() -> None:
    assert (
        say("en", "malformed.choice", value="{0.__class__} {x}")
        == "“{0.__class__} {x}” is not one of the possible values."
    )
