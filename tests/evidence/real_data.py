"""Where the collected photographs and hostile files are: beside the checkout, or where PLUMBLINE_REAL_DATA says."""

import os
from pathlib import Path

import pytest

REAL_DATA = Path(os.environ.get("PLUMBLINE_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")

needs_real_data = pytest.mark.skipif(
    not (REAL_DATA / "expected.csv").exists(),
    reason="no collected files: put them into ../shared/data or name their folder in PLUMBLINE_REAL_DATA",
)


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REAL_DATA / folder).iterdir())]
