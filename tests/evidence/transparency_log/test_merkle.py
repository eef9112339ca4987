"""The tree of RFC 9162: against its published roots, and against the RFC's own recursion for any size."""

from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.transparency_log.rules import merkle
from evidence.transparency_log.rules.leaf import leaf_hash
from evidence.transparency_log.rules.merkle import Edge, Node, Span
from tests.evidence.transparency_log import reference

PUBLISHED = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
]
"""Leaves and the roots after each, as the tests of Certificate Transparency have them."""

sizes = st.one_of(st.integers(0, 40), st.integers(250, 260), st.integers(500, 1100))


@cache
def leaves(number: int) -> list[bytes]:
    return [leaf_hash(str(each).encode()) for each in range(number)]


def kept(number: int) -> dict[Node, bytes]:
    """What the database keeps of a log of that size."""
    grown = Edge(0, {})
    hashes = {Node(0, index): hash_ for index, hash_ in enumerate(leaves(number))}
    for leaf in leaves(number):
        hashes |= dict(grown.add(leaf))
    return hashes


def proven(spans: Sequence[Span], number: int) -> list[bytes]:
    """Made of what `rows_under` names and nothing else."""
    named = set(_nodes(spans))
    hashes = {node: hash_ for node, hash_ in kept(number).items() if node in named}
    return [merkle.root_over(span, hashes) for span in spans]


def _nodes(spans: Sequence[Span]) -> Iterator[Node]:
    for row in merkle.rows_under(spans):
        yield from (Node(row.level, index) for index in range(row.first, row.last))


def test_roots_are_the_published_ones() -> None:
    edge = Edge(0, {})
    for leaf, root in PUBLISHED:
        edge.add(leaf_hash(bytes.fromhex(leaf)))
        assert edge.root().hex() == root


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert Edge(0, {}).root() == reference.mth([])


@given(sizes)
@settings(deadline=None)
def test_the_root_is_that_of_the_rfc_whatever_was_kept_and_read_again(number: int) -> None:
    root = reference.mth(leaves(number))
    assert merkle.root_of(leaves(number)) == root
    assert Edge(number, kept(number)).root() == root


@pytest.mark.parametrize("number", [1, 2, 255, 256, 257, 511, 512, 1000])
def test_a_log_grown_in_two_is_the_log_grown_at_once(number: int) -> None:
    for begun in {0, 1, number // 2, number - 1}:
        hashes = kept(begun)
        edge = Edge(begun, hashes)
        for index in range(begun, number):
            hashes[Node(0, index)] = leaves(number)[index]
            hashes |= dict(edge.add(leaves(number)[index]))
        assert edge.root() == reference.mth(leaves(number))
        assert hashes == kept(number)


def test_a_whole_level_of_256_times_256_is_kept_as_one_hash() -> None:
    hashes = kept(256 * 256 + 1)
    assert hashes[Node(16, 0)] == reference.mth(leaves(256 * 256 + 1)[:-1])
    assert Edge(256 * 256 + 1, hashes).root() == reference.mth(leaves(256 * 256 + 1))


@given(sizes.filter(bool).flatmap(lambda number: st.tuples(st.integers(0, number - 1), st.just(number))))
@settings(deadline=None)
def test_an_inclusion_proof_is_that_of_the_rfc_and_proves_nothing_else(drawn: tuple[int, int]) -> None:
    index, number = drawn
    proof = proven(merkle.inclusion(index, number), number)
    root, leaf = reference.mth(leaves(number)), leaves(number)[index]
    assert proof == reference.path(index, leaves(number))
    assert merkle.included(leaf, index, number, proof, root)
    assert not merkle.included(leaf_hash(b"another"), index, number, proof, root)
    assert not merkle.included(leaf, index, number, [*proof, root], root)
    assert not merkle.included(leaf, number, number, proof, root)
    for other in {index ^ 1, 0, number - 1} - {index}:
        assert not merkle.included(leaf, other, number, proof, root)
    for at in range(len(proof)):
        assert not merkle.included(leaf, index, number, [*proof[:at], leaf, *proof[at + 1 :]], root)


@given(sizes.filter(bool).flatmap(lambda number: st.tuples(st.integers(1, number), st.just(number))))
@settings(deadline=None)
def test_a_consistency_proof_is_that_of_the_rfc_and_proves_nothing_else(drawn: tuple[int, int]) -> None:
    earlier, later = drawn
    proof = proven(merkle.consistency(earlier, later), later)
    before, after = reference.mth(leaves(later)[:earlier]), reference.mth(leaves(later))
    assert proof == reference.proof(earlier, leaves(later))
    assert merkle.consistent(earlier, later, proof, before, after)
    assert not merkle.consistent(earlier, later, proof, before, leaf_hash(b"another"))
    assert not merkle.consistent(earlier, later, proof, leaf_hash(b"another"), after)
    assert not merkle.consistent(earlier, later, [*proof, after], before, after)
    assert not merkle.consistent(later + 1, later, proof, before, after)
    for at in range(len(proof)):
        assert not merkle.consistent(earlier, later, [*proof[:at], after, *proof[at + 1 :]], before, after)


def test_every_log_follows_from_the_empty_one() -> None:
    assert merkle.consistency(0, 5) == []
    assert merkle.consistent(0, 5, [], merkle.EMPTY_ROOT, reference.mth(leaves(5)))
    assert not merkle.consistent(0, 5, [], leaves(1)[0], reference.mth(leaves(5)))
    assert not merkle.consistent(0, 0, [], merkle.EMPTY_ROOT, leaves(1)[0])


def test_a_proof_needs_few_hashes_however_large_the_log() -> None:
    size = 50_000_000
    rows = merkle.rows_under(merkle.inclusion(31_415_926, size))
    assert sum(row.last - row.first for row in rows) < 256 * 6
