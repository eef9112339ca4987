"""A custody entry has one form; what it tells of persons is behind commitments."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from evidence.transparency_log.model import Commitments, Field, LoggedEntry, Salts
from evidence.transparency_log.rules.leaf import commitment, committed, leaf_bytes, leaf_hash

ACTOR = UUID("0198f3a2-0000-7000-8000-000000000001")
ENTRY = LoggedEntry(
    id=42,
    evidence_id=UUID("0198f3a2-0000-7000-8000-0000000000ee"),
    event="evidence:bytes:received",
    actor_id=ACTOR,
    phone_id=None,
    at=datetime(2026, 6, 15, 12, 0, 0, 1, timezone(timedelta(hours=8))),
    details='{"sha256": "00"}',
)
SALTS = Salts(b"a" * 16, b"p" * 16, b"d" * 16)


def test_the_form_is_eight_lines() -> None:
    assert leaf_bytes(ENTRY, committed(ENTRY, SALTS)).decode() == (
        "plumbline-custody/v1\n"
        "42\n"
        "2026-06-15T04:00:00.000001Z\n"
        "evidence:bytes:received\n"
        "0198f3a2-0000-7000-8000-0000000000ee\n"
        f"{hashlib.sha256(b'a' * 16 + str(ACTOR).encode()).hexdigest()}\n"
        f"{hashlib.sha256(b'p' * 16 + b'-').hexdigest()}\n"
        f"{hashlib.sha256(b'd' * 16 + ENTRY.details.encode()).hexdigest()}\n"
    )


def test_nothing_about_persons_stands_in_it() -> None:
    content = leaf_bytes(ENTRY, committed(ENTRY, SALTS)).decode()
    assert str(ACTOR) not in content
    assert "sha256" not in content


@pytest.mark.parametrize(
    "changed",
    [
        {"id": 43},
        {"evidence_id": None},
        {"event": "evidence:verdict:held"},
        {"actor_id": None},
        {"phone_id": ACTOR},
        {"at": ENTRY.at + timedelta(microseconds=1)},
        {"details": "{}"},
    ],
)
def test_any_other_value_is_another_leaf(changed: dict[str, object]) -> None:
    other = ENTRY._replace(**changed)  # type: ignore[arg-type]
    assert leaf_bytes(other, committed(other, SALTS)) != leaf_bytes(ENTRY, committed(ENTRY, SALTS))


def test_the_same_instant_is_the_same_leaf_in_any_zone() -> None:
    utc = ENTRY._replace(at=ENTRY.at.astimezone(UTC))
    assert leaf_bytes(utc, committed(utc, SALTS)) == leaf_bytes(ENTRY, committed(ENTRY, SALTS))


def test_the_same_value_under_another_salt_looks_unlike() -> None:
    assert commitment(b"1" * 16, str(ACTOR)) != commitment(b"2" * 16, str(ACTOR))


def test_after_erasing_the_leaf_is_the_same() -> None:
    whole = committed(ENTRY, SALTS)
    erased = ENTRY._replace(actor_id=None, details="{}")
    kept = {Field.ACTOR: whole.actor, Field.DETAILS: whole.details}
    assert committed(erased, Salts(None, SALTS.phone, None), kept) == whole


def test_a_salt_that_is_gone_without_a_kept_commitment_is_told() -> None:
    with pytest.raises(KeyError):
        committed(ENTRY, SALTS._replace(actor=None))


def test_a_leaf_is_no_inner_node() -> None:
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()


def test_commitments_are_in_the_order_of_the_fields() -> None:
    assert Commitments._fields == Salts._fields == tuple(Field)
