"""Merkle trees of RFC 9162, section 2.1, over hashes kept at every eighth level."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

STEP = 8
"""Levels between two that are kept: a kept hash stands for 256 below it, as in C2SP tlog-tiles."""
WIDTH = 1 << STEP
EMPTY_ROOT = hashlib.sha256().digest()


class Node(Struct, frozen=True):
    """The hash over the 2^level leaves from index * 2^level on. Level 0 is a leaf."""

    level: int
    index: int


class Span(NamedTuple):
    """Leaves `begins` to before `ends`."""

    begins: int
    ends: int


class Row(NamedTuple):
    """Kept hashes of one level, `first` to before `last`."""

    level: int
    first: int
    last: int


Hashes = Mapping[Node, bytes]


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes of equally large trees, the last of which may be smaller."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


class Edge:
    """The right edge of a growing tree: of every kept level the hashes that do not fill a group of 256 yet.

    All that is needed to add leaves and to know the root, however large the tree is: at most 255 hashes a level.
    """

    def __init__(self, size: int, hashes: Hashes) -> None:
        self.size = size
        self._levels = [
            [hashes[Node(row.level, index)] for index in range(row.first, row.last)] for row in edge_rows(size)
        ]

    def add(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Adds a leaf's hash; returns the hashes of higher kept levels that it completes."""
        completed = []
        carried, level = leaf, 0
        while True:
            if level == len(self._levels):
                self._levels.append([])
            group = self._levels[level]
            group.append(carried)
            if len(group) < WIDTH:
                break
            carried, level = root_of(group), level + 1
            group.clear()
            completed.append((Node(level * STEP, self.size >> level * STEP), carried))
        self.size += 1
        return completed

    def root(self) -> bytes:
        carried: list[bytes] = []
        for group in self._levels:
            if group or carried:
                carried = [root_of([*group, *carried])]
        return carried[0] if carried else EMPTY_ROOT


def edge_rows(size: int) -> list[Row]:
    """What an Edge of a tree of that size is made of, from the leaves up."""
    rows, level = [], 0
    while size >> level:
        number = size >> level
        rows.append(Row(level, number - number % WIDTH, number))
        level += STEP
    return rows


def inclusion(index: int, size: int) -> list[Span]:
    """PATH(index, D_size): the trees whose roots prove that the leaf is in, from the leaf up."""
    begins, ends, path = 0, size, []
    while ends - begins > 1:
        middle = begins + _split(ends - begins)
        if index < middle:
            path.append(Span(middle, ends))
            ends = middle
        else:
            path.append(Span(begins, middle))
            begins = middle
    return path[::-1]


def consistency(earlier: int, later: int) -> list[Span]:
    """PROOF(earlier, D_later): the trees whose roots prove that the earlier log begins the later one."""
    if earlier in (0, later):
        return []
    begins, ends, path, whole = 0, later, [], True
    while ends != earlier:
        middle = begins + _split(ends - begins)
        if earlier <= middle:
            path.append(Span(middle, ends))
            ends = middle
        else:
            path.append(Span(begins, middle))
            begins, whole = middle, False
    return [*([] if whole else [Span(begins, ends)]), *path[::-1]]


def rows_under(spans: Iterable[Span]) -> list[Row]:
    """Which kept hashes the roots of these trees are made of."""
    return [
        Row(
            kept := node.level - node.level % STEP, node.index << node.level - kept, node.index + 1 << node.level - kept
        )
        for span in spans
        for node in _complete(span)
    ]


def root_over(span: Span, hashes: Hashes) -> bytes:
    """The root of the tree over these leaves, from what `rows_under` named."""
    rows = rows_under([span])
    roots = [root_of([hashes[Node(row.level, index)] for index in range(row.first, row.last)]) for row in rows]
    root = roots.pop()
    while roots:
        root = node_hash(roots.pop(), root)
    return root


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or len(proof) != len(path := inclusion(index, size)):
        return False
    reached = leaf
    for sibling, span in zip(proof, path, strict=True):
        reached = node_hash(reached, sibling) if span.begins > index else node_hash(sibling, reached)
    return reached == root


def consistent(earlier: int, later: int, proof: Sequence[bytes], earlier_root: bytes, later_root: bytes) -> bool:
    """Whether the proof shows that the earlier log begins the later one (RFC 9162, 2.1.4.2)."""
    if not 0 <= earlier <= later:
        return False
    if earlier in (0, later):  # from nothing anything follows
        return not proof and earlier_root == (later_root if earlier == later else EMPTY_ROOT)
    if earlier & (earlier - 1) == 0:  # a complete tree: its root is where the proof begins
        proof = [earlier_root, *proof]
    if not proof:
        return False
    number, last = earlier - 1, later - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and before == earlier_root and after == later_root


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _complete(span: Span) -> list[Node]:
    """The complete trees that the tree over these leaves is made of, from left to right, each smaller than the last."""
    nodes, begins = [], span.begins
    while begins < span.ends:
        level = (span.ends - begins).bit_length() - 1
        nodes.append(Node(level, begins >> level))
        begins += 1 << level
    return nodes
