"""Whatever order operations come in, the same holds; what two officers tell of one thing, both stands."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from inspection.model import Operation, Told
from inspection.rules.merging import conflicts, merged, value

A, B = UUID(int=1), UUID(int=2)
AT = datetime(2026, 6, 15, tzinfo=UTC)


def an_operation(number: int, *, author: UUID = A, replaces: tuple[int, ...] = (), **what: Any) -> Operation:
    return Operation(
        id=UUID(int=number),
        inspection_id=UUID(int=99),
        author=author,
        phone=UUID(int=50),
        replaces=frozenset(UUID(int=one) for one in replaces),
        earliest=AT,
        latest=AT,
        what=msgspec.convert(what, Told),
    )


def test_a_later_operation_that_saw_the_earlier_one_holds() -> None:
    fields = merged(
        [
            an_operation(1, type="FINDING", item="F", result="CONFORMS"),
            an_operation(2, replaces=(1,), type="FINDING", item="F", result="DOES_NOT_CONFORM"),
        ]
    )
    assert value(fields, "finding:F", "result") == "DOES_NOT_CONFORM"
    assert conflicts(fields) == []


def test_what_two_officers_tell_of_different_members_is_merged() -> None:
    fields = merged(
        [
            an_operation(1, type="FINDING", item="F", result="CONFORMS"),
            an_operation(2, author=B, type="FINDING", item="F", note="灶台已清洗"),
        ]
    )
    assert value(fields, "finding:F", "result") == "CONFORMS"
    assert value(fields, "finding:F", "note") == "灶台已清洗"
    assert conflicts(fields) == []


def test_what_two_officers_tell_differently_of_one_member_stands_both_until_somebody_settles_it() -> None:
    both = [
        an_operation(1, type="FINDING", item="F", result="CONFORMS"),
        an_operation(2, author=B, type="FINDING", item="F", result="DOES_NOT_CONFORM"),
    ]
    fields = merged(both)
    assert conflicts(fields) == [("finding:F", "result")]
    assert [told.author for told in fields["finding:F"]["result"]] == [A, B]
    settled = an_operation(3, replaces=(1, 2), type="FINDING", item="F", result="DOES_NOT_CONFORM")
    assert conflicts(merged([*both, settled])) == []


def test_an_operation_replaces_nothing_about_another_thing() -> None:
    fields = merged(
        [
            an_operation(1, type="FINDING", item="F", result="CONFORMS"),
            an_operation(2, replaces=(1,), type="STATEMENT", text="—"),
        ]
    )
    assert value(fields, "finding:F", "result") == "CONFORMS"


def test_officers_each_sign_for_themselves() -> None:
    sha = "0" * 64
    fields = merged(
        [
            an_operation(1, type="SIGNATURE", document_sha256=sha, signer="OFFICER"),
            an_operation(2, author=B, type="SIGNATURE", document_sha256=sha, signer="OFFICER"),
        ]
    )
    assert fields.keys() == {f"signature:{sha}:OFFICER:{A}", f"signature:{sha}:OFFICER:{B}"}


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Two officers who each see some of what came before."""
    operations: list[Operation] = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        seen = draw(st.sets(st.sampled_from(range(1, number)), max_size=number)) if number > 1 else set()
        what: dict[str, Any] = {"type": "FINDING", "item": draw(st.sampled_from("FG"))}
        what |= draw(
            st.fixed_dictionaries(
                {},
                optional={"result": st.sampled_from(["CONFORMS", "DOES_NOT_CONFORM"]), "note": st.sampled_from("xy")},
            )
        )
        operations.append(an_operation(number, author=draw(st.sampled_from([A, B])), replaces=tuple(seen), **what))
    return operations


@given(histories(), st.data())
def test_neither_order_nor_repetition_matters(operations: list[Operation], data: st.DataObject) -> None:
    again = data.draw(st.permutations(operations + data.draw(st.lists(st.sampled_from(operations)))))
    assert merged(again) == merged(operations)


@given(histories())
def test_every_value_that_nobody_replaced_is_shown(operations: list[Operation]) -> None:
    fields = merged(operations)
    for operation in operations:
        told = msgspec.to_builtins(operation.what)
        for member in told.keys() - {"type"}:
            replaced = any(
                operation.id in other.replaces
                and other.key == operation.key
                and member in msgspec.to_builtins(other.what)
                for other in operations
            )
            shown = [one.value for one in fields.get(operation.key, {}).get(member, [])]
            assert replaced or told[member] in shown
