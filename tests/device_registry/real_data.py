"""Real registers and crafted files that are not part of the project; tests that want them skip where they are not."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("PLUMBLINE_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")


def real_data(name: str) -> bytes:
    """The bytes of a file such as `registry/fr_fixed_radars_2018.csv`."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not here; PLUMBLINE_REAL_DATA names the folder it would be in")
    return path.read_bytes()
