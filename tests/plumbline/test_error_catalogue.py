"""docs/errors.md says what the code says."""

from pathlib import Path

from plumbline.error_catalogue import document

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_of_errors_is_what_the_code_can_answer() -> None:
    assert PAGE.read_text("utf-8") == document(), "run: python -m plumbline.error_catalogue > docs/errors.md"
