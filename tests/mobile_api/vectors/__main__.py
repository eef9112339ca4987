"""Writes the vectors anew: `python -m tests.mobile_api.vectors`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.mobile_api.vectors import keys, reckoning, statements

FOLDER = Path(__file__).parent
FILES: dict[str, Callable[[], Any]] = {
    "keys": keys.keys,
    "operations": statements.operations,
    "commitments": statements.commitments,
    "evidence": statements.evidence,
    "receipts": statements.receipts,
    "hand_in": statements.hand_in,
    "intervals": reckoning.intervals,
    "merge": reckoning.merges,
    "standings": reckoning.standings,
    "codes": reckoning.codes,
}


def made(name: str) -> bytes:
    """The text of a file as the code makes it now."""
    return msgspec.json.format(msgspec.json.encode(FILES[name]()), indent=1) + b"\n"


if __name__ == "__main__":
    for name in FILES:
        (FOLDER / f"{name}.json").write_bytes(made(name))
