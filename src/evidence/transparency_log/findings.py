"""What an examination of the log can find, and where."""

from enum import StrEnum

from msgspec import Struct


class Fault(StrEnum):
    """Each has its sentence in the catalogues, `fsck.<fault>`."""

    LEAF_CHANGED = "LEAF_CHANGED"
    """The entry is not what was hashed."""
    ENTRY_GONE = "ENTRY_GONE"
    LEAF_GONE = "LEAF_GONE"
    ERASED_FIELD_FILLED = "ERASED_FIELD_FILLED"
    SUBTREE_CHANGED = "SUBTREE_CHANGED"
    ENTRY_SLIPPED_IN = "ENTRY_SLIPPED_IN"
    """In the table, neither in the log nor waiting for it."""
    WAITS_LONG = "WAITS_LONG"
    ROW_UNTOLD = "ROW_UNTOLD"
    """A row of evidence says otherwise than its entry in the log."""
    ERASED_UNTOLD = "ERASED_UNTOLD"
    CHECKPOINT_FORGED = "CHECKPOINT_FORGED"
    CHECKPOINT_DIFFERS = "CHECKPOINT_DIFFERS"
    """Kept in the database; the leaves do not lead to its root."""
    UNSIGNED = "UNSIGNED"
    CUT = "CUT"
    """A checkpoint counts more leaves than there are."""
    OUTSIDE_DIFFERS = "OUTSIDE_DIFFERS"
    """A checkpoint that was kept elsewhere."""
    OUTSIDE_OF_ANOTHER_LOG = "OUTSIDE_OF_ANOTHER_LOG"
    OUTSIDE_OF_LOST_HISTORY = "OUTSIDE_OF_LOST_HISTORY"
    """Signed after the backup that this came out of; somebody answered for that."""
    OUTSIDE_UNSIGNED = "OUTSIDE_UNSIGNED"
    PUBLISHED_DIFFERS = "PUBLISHED_DIFFERS"
    """Leaf hashes locked in the object store."""
    PUBLISHED_GONE = "PUBLISHED_GONE"
    TIME_TOKEN_FALSE = "TIME_TOKEN_FALSE"  # noqa: S105 - a time stamp
    """A kept time stamp does not hold over its checkpoint, or not at the time that is told."""
    OBJECT_GONE = "OBJECT_GONE"
    OBJECT_CHANGED = "OBJECT_CHANGED"


class Finding(Struct, frozen=True):
    """`index` is of the first bad leaf; with `until` it is one of those from index to before it. None: of no leaf."""

    fault: Fault
    index: int | None
    about: str = ""
    until: int | None = None


class Report(Struct, frozen=True):
    """`confirmed`: the largest size that somebody else's checkpoint, or a locked object, vouches for.

    `tokens`: time stamps that hold; `tokens_unchecked`: those about which nothing is known, for want of openssl or of
    certificates that vouch for the authority.
    """

    origin: str
    size: int
    root: bytes
    confirmed: int
    findings: list[Finding]
    tokens: int = 0
    tokens_unchecked: int = 0

    @property
    def first_bad(self) -> Finding | None:
        """The finding by whose end there must be a bad leaf before any other's; the closer one of two."""
        placed = [one for one in self.findings if one.index is not None]
        return min(placed, key=lambda one: (one.until or (one.index or 0) + 1, one.until is not None), default=None)
