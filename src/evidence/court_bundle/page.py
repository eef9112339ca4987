"""The page of a bundle that a judge reads: PDF/A in Chinese, of what lies beside it."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import anyio
import anyio.to_thread
from msgspec import Struct

from evidence.court_bundle.item import Item
from evidence.court_bundle.model import Export, Stamp
from foundation.civil import day_of, spoken
from foundation.confinement import bare_environment
from foundation.printable import printable
from foundation.words import say


class PageNotSet(Exception):
    """The message is the last that the process said."""


class Page(Struct, frozen=True, kw_only=True):
    export: Export
    items: Sequence[Item]
    stamp: Stamp | None
    verifier: str
    """SHA-256 of verify.py in hexadecimal."""


async def page(told: Page) -> bytes:
    """The same export gives the same bytes. Set in a process apart, which takes a second or more.

    Raises PageNotSet.
    """
    asked = {"at": int(told.export.made_at.timestamp()), "data": await anyio.to_thread.run_sync(_data, told)}
    command = [sys.executable, "-P", "-m", "evidence.court_bundle.page_worker"]
    ended = await anyio.run_process(
        command, input=json.dumps(asked, ensure_ascii=False).encode(), check=False, env=bare_environment()
    )
    if ended.returncode or not ended.stdout:
        raise PageNotSet(ended.stderr.decode(errors="replace")[-500:])
    return ended.stdout


def _data(told: Page) -> dict[str, Any]:
    made_on = day_of(told.export.made_at)
    _, size, root = told.export.note.split("\n")[:3]
    return {
        "title": _word("title"),
        "date": [made_on.year, made_on.month, made_on.day],
        "head": [
            [_word("id"), str(told.export.id)],
            [_word("made-at"), spoken(told.export.made_at)],
            [_word("made-by"), printable(told.export.made_by_name)],
            [_word("reason"), printable(told.export.reason)],
            [_word("checkpoint"), f"{size} · {root}"],
            *_stamped(told),
            *[[_word("log-key"), key] for key in told.export.log_keys],
            [_word("verifier"), told.verifier],
        ],
        "how": [_word("how"), _word("how-text")],
        "how_time": [_word("how-time"), verifying(told.stamp)] if told.stamp else [],
        "items": [_shown(number, item) for number, item in enumerate(told.items, 1)],
    }


def _stamped(told: Page) -> list[list[str]]:
    stamp = told.stamp
    if stamp is None:
        return [[_word("time-token"), _word("no-time-token")]]
    return [
        [_word("time-token"), spoken(stamp.at)],
        [_word("time-authority"), printable(stamp.authority)],
        [_word("time-over"), _word("time-over-text", size=f"{stamp.size:,}")],
    ]


def verifying(stamp: Stamp) -> str:
    """What checks the authority's signature, run where the bundle was unpacked."""
    return (
        "openssl ts -verify -data data/time/stamped.txt -in data/time/token.tsr "
        f"-CAfile data/time/authority.pem -attime {int(stamp.at.timestamp())}"
    )


def _shown(number: int, item: Item) -> dict[str, Any]:
    return {
        "title": _word("item", number=number),
        "pairs": [
            [_word("evidence"), str(item.evidence_id)],
            [_word("captured"), f"{spoken(item.earliest)} — {spoken(item.latest)}"],
            [_word("officer"), printable(item.officer)],
            [_word("device"), printable(item.device_tag or _word("none"))],
            [_word("verdict"), printable(item.outcome or _word("none"))],
            *[[_word("why"), printable(reason)] for reason in item.reasons],
            ["SHA-256", item.sha256],
            [_word("size"), f"{item.size:,}"],
            *([[_word("read-back"), f"{spoken(item.read_back[0])} · {item.read_back[1]}"]] if item.read_back else []),
        ],
        "certificates": [
            [_word("certificate"), _word("issued-by"), _word("verified-on"), _word("valid-until")],
            *[[printable(cell) for cell in one] for one in item.certificates],
        ]
        if item.certificates
        else [],
        "custody": [
            [_word("when"), _word("what"), _word("leaf")],
            *[[printable(cell) for cell in one] for one in item.custody],
        ],
    }


def _word(key: str, **values: object) -> str:
    return say("zh-CN", f"bundle.{key}", **values)
