"""How large a run is, and how bad its network."""

from msgspec import Struct


class Trouble(Struct, frozen=True, kw_only=True):
    """Shares (0 to 1) of requests that go wrong, each for itself."""

    cut: float = 0.02
    """Breaks off before the server has the whole of it."""
    lost: float = 0.02
    """The server did it, and its answer does not arrive."""
    twice: float = 0.02
    """Arrives twice, as from a proxy that tries again."""
    restart: float = 0.01
    """After it the phone starts anew, with what it had stored."""


NONE = Trouble(cut=0, lost=0, twice=0, restart=0)


class Plan(Struct, frozen=True, kw_only=True):
    """One run. The same seed gives the same pictures, and the same troubles as far as the network's order allows."""

    phones: int = 10
    inspections: int = 20
    """Led by each phone; the next phone joins each of them."""
    photographs: int = 60
    """Of each phone, spread over its inspections."""
    photograph_bytes: int = 50_000
    window_seconds: float = 10.0
    """Over which the phones come back into the network."""
    photographs_between_pulls: int = 10
    seed: int = 1
    trouble: Trouble = Trouble()
