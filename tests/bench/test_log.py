"""The log's bench finds the log whole after every load."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="costs are read from /proc")
def test_all_that_was_written_is_in_the_log_in_the_end() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench.log", "--seconds=0.5", "--rounds=1"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "nothing wrong" in run.stdout, run.stdout + run.stderr
