"""Whatever call of an evidence's life goes wrong, its phone tries again and it ends as if nothing had."""

import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from bench.faults.life import clean, every_fault, sample, stage, with_fault
from msgspec.structs import replace

from plumbline.settings import Settings

LIVES = 30
"""So many of some two hundred; `python -m bench.faults --each` has them all."""


async def test_a_fault_at_any_call_leaves_one_evidence_one_admission_and_one_receipt_of_each_kind(
    services: Settings, database_url: str, owner_url: str, subtests: pytest.Subtests
) -> None:
    seed, happened = uuid4().int % 100_000, 0
    settings = replace(services, database_url=database_url, migration_database_url=owner_url)
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        async with stage(settings, Path(folder)) as on:
            faults = await every_fault(on)
            assert len(faults) > 100
            for fault in sample(faults, LIVES, seed):
                with subtests.test(f"{fault}, seed {seed}"):
                    result = await with_fault(on, fault)
                    happened += bool(result.what)
                    assert not result.wrong, result
            assert happened > LIVES * 0.8
            assert not await clean(on)


def test_a_city_that_is_maltreated_for_a_while_loses_nothing_and_comes_back_by_itself() -> None:
    command = [sys.executable, "-m", "bench.faults", "--minutes", "0.25", "--phones", "3"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "nothing acknowledged is lost" in ended.stdout
