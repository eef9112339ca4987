"""Signed: by each officer named in it, each with their own sign-in, and by the party, who may refuse."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from inspection.documents.content import content_of
from inspection.documents.signed import about, all_signed
from inspection.model import Operation, Told
from tests.inspection.builders import AT
from tests.inspection.documents.builders import VECTORS, a_text, digest, written

TEXT = VECTORS[0]["canonical"]
FIRST, SECOND = [UUID(officer["person_id"]) for officer in VECTORS[0]["content"]["officers"]]
STRANGER = UUID(int=99)


def signature(number: int, author: UUID, *, text: str = TEXT, replaces: tuple[int, ...] = (), **what: Any) -> Operation:
    told = {"type": "SIGNATURE", "document_sha256": digest(text), "signer": "OFFICER"} | what
    return Operation(
        id=UUID(int=number),
        inspection_id=UUID(int=1),
        author=author,
        phone=UUID(int=2),
        replaces=frozenset(UUID(int=one) for one in replaces),
        earliest=AT,
        latest=AT,
        what=msgspec.convert(told, Told),
    )


def refusal(number: int) -> Operation:
    told = {"type": "REFUSAL", "document_sha256": digest(TEXT), "reason": "不愿签名"}
    return replace(signature(number, FIRST), what=msgspec.convert(told, Told))


OFFICERS = [signature(1, FIRST), signature(2, SECOND)]
DRAWN = UUID(int=98)
PARTY = signature(3, FIRST, signer="PARTY", evidence_id=DRAWN)


@pytest.mark.parametrize(
    ("operations", "signed"),
    [
        ([], False),
        (OFFICERS, False),
        ([*OFFICERS, PARTY], True),
        ([PARTY, *reversed(OFFICERS)], True),
        ([*OFFICERS, refusal(3)], True),
        ([OFFICERS[0], PARTY], False),
        ([OFFICERS[0], signature(2, FIRST), PARTY], False),
        ([OFFICERS[0], signature(2, STRANGER), PARTY], False),
        ([*OFFICERS, signature(3, FIRST, signer="WITNESS", evidence_id=DRAWN)], False),
        ([*OFFICERS, signature(3, FIRST, signer="PARTY")], False),
        ([*OFFICERS, signature(3, FIRST, signer="PARTY", evidence_id=DRAWN, text=a_text(statement="别的"))], False),
    ],
)
def test_each_officer_and_the_party(operations: list[Operation], signed: bool) -> None:
    assert all_signed(content_of(TEXT), operations, digest(TEXT)) is signed


def test_a_signature_drawn_again_takes_the_place_of_the_first_in_any_order() -> None:
    again = signature(4, FIRST, signer="PARTY", name="现场负责人戊", replaces=(3,))
    assert about([again, PARTY], digest(TEXT)) == about([PARTY, again], digest(TEXT)) == [again]


def test_nobody_takes_away_anothers_signature() -> None:
    by_second = signature(4, SECOND, replaces=(1,))
    assert about([*OFFICERS, by_second], digest(TEXT)) == [*OFFICERS, by_second]


def test_what_is_only_handed_over_needs_no_signature() -> None:
    head = {name: VECTORS[1]["content"][name] for name in VECTORS[1]["content"].keys() & VECTORS[0]["content"].keys()}
    notice = head | {"kind": "INSPECTION_NOTICE", "place": "厨房", "begins_on": "2026-11-24", "ends_on": "2026-11-25"}
    assert all_signed(content_of(written(notice | {"scope": "噪声", "prepare": None})), [], "")
