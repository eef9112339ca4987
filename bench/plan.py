"""How much is done: sizes and counts of a run, and the goals it is held against."""

import msgspec

MB = 1_000_000
MIB = 1 << 20


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Sizes in bytes, times in seconds."""

    rounds: int = 5
    photograph_clients: int = 16
    photographs: int = 128
    """Sent by every contender in every round."""
    photograph_bytes: int = 2 * MB
    video_clients: int = 2
    videos: int = 2
    video_bytes: int = 256 * MIB
    chunk_bytes: int = 8 * MIB
    asking_clients: int = 64
    """Of the sections standing and pull."""
    asking_phones: int = 16
    """Of as many officers; the clients send their tokens in turn."""
    asking_seconds: float = 5.0
    page_inspections: int = 500
    page_seconds: float = 10.0
    """One client, one page after the other: of a page that takes seconds none is left uncounted at the end but one."""
    first_round_uncounted: bool = True
    shift_phones: int = 10
    shift_inspections: int = 20
    """Of each phone; so, too, the photographs."""
    shift_photographs: int = 60
    shift_window_seconds: float = 10.0
    slow_bits_per_second: int = 64_000
    queue_bytes: int = 2 << 30
    """Of the captures that wait behind the facts of the phone on a slow line."""
    devices: int = 100_000
    certificates: int = 5
    """Of each device of the register sections."""
    register_requests: int = 40
    """For each page."""
    import_rows: int = 50_000
    section_seconds: float = 140.0
    """No round of a section begins after this, so that a slow machine ends too."""

    @property
    def disk_bytes(self) -> int:
        """About what all rounds leave behind until the end: nothing that is locked can be removed before."""
        return (self.rounds + 1) * (4 * self.photographs * self.photograph_bytes + 3 * self.videos * self.video_bytes)


FULL = Plan()
QUICK = Plan(
    rounds=1,
    first_round_uncounted=False,
    photograph_clients=2,
    photographs=4,
    video_clients=2,
    videos=2,
    video_bytes=16 * MIB,
    asking_clients=4,
    asking_phones=2,
    asking_seconds=0.5,
    page_inspections=20,
    page_seconds=1.0,
    shift_phones=2,
    shift_inspections=2,
    shift_photographs=2,
    shift_window_seconds=0.5,
    queue_bytes=4 * MB,
    devices=400,
    register_requests=3,
    import_rows=300,
)


class Goal(msgspec.Struct, frozen=True):
    """What was promised of a contender: a figure (`of`) at least or at most so much."""

    section: str
    contender: str
    of: str
    least: float | None = None
    most: float | None = None

    def met(self, reached: float) -> bool:
        return (self.least is None or reached >= self.least) and (self.most is None or reached <= self.most)


PHOTOGRAPHS, VIDEOS, STANDING = "photographs", "videos", "standing"
PULL, PAGE, SHIFT = "pull", "page", "shift"
REGISTER, IMPORT, ROLL_UP = "register", "import", "roll-up"
RAW_PUT, RAW_LOCKED_PUT, RAW_PARTS = "raw S3 PUT", "raw S3 PUT, checked and locked", "raw S3 multipart"
TO_RECEIPT, TO_SUBMISSION = "Plumbline, to the receipt", "Plumbline, to the submission"
BARE, BARE_SIGNED_IN = "bare SELECT", "bare SELECT behind sign-in"
STANDING_ROUTE, PULL_ROUTE = "Plumbline, standing", "Plumbline, pull with nothing new"
ORM_PAGE, OUR_PAGE = "SQLAlchemy selectinload + pydantic", "Plumbline, pull of a full page"

GOALS = (
    Goal(PHOTOGRAPHS, TO_RECEIPT, f"ratio to {RAW_PUT}", least=0.75),
    Goal(PHOTOGRAPHS, TO_RECEIPT, "server CPU s/GB", most=3),
    Goal(PHOTOGRAPHS, TO_RECEIPT, "resident growth MB", most=60),
    Goal(VIDEOS, TO_RECEIPT, f"ratio to {RAW_PARTS}", least=0.85),
    Goal(VIDEOS, TO_RECEIPT, f"ratio to {RAW_PUT}", least=0.85),
    Goal(VIDEOS, TO_RECEIPT, "server CPU s/GB", most=3),
    Goal(VIDEOS, TO_RECEIPT, "resident growth MB", most=60),
    Goal(STANDING, STANDING_ROUTE, f"ratio to {BARE}", least=0.85),
    Goal(PULL, PULL_ROUTE, f"ratio to {BARE}", least=0.8),
    Goal(PAGE, OUR_PAGE, f"ratio to {ORM_PAGE}", least=8),
)
