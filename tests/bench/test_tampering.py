"""Whatever a superuser of the database does to the log is found, at the leaf where it begins."""

from pathlib import Path

import pytest
from bench.tampering import ATTACKS, held

from evidence.transparency_log.signing import LogSigner
from plumbline.settings import Settings


async def test_every_attack_is_found_and_where_it_begins_and_some_only_by_what_was_kept_elsewhere(
    services: Settings, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    outcomes = await held(services, LogSigner.load_or_create(tmp_path / "keys.pem"))
    assert len(outcomes) == len(ATTACKS) == 20
    for outcome in outcomes:
        with subtests.test(outcome.attack.name):
            assert outcome.as_expected, outcome
    assert sum(not outcome.attack.alone for outcome in outcomes) == 3
