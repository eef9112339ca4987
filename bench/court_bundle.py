"""`python -m bench.court_bundle`: how long a bundle takes to make, and what memory it needs beside what was there."""

import argparse
import asyncio
import secrets
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from tests.builders import LONG_AGO, a_photo, a_unit, an_officer
from tests.evidence.test_admission import hand_in

from agency import queries as agency
from agency.model import Actor, PersonKind, Role, RoleGrant
from evidence.court_bundle import queries
from evidence.court_bundle.exporting import export
from evidence.court_bundle.making import make
from evidence.custodian import Custodian
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from foundation.civil import beginning_of
from foundation.clock import SystemClock
from plumbline.embedded.services import running
from plumbline.migrations import migrate
from plumbline.opening import opened
from plumbline.settings import Settings

MIB = 1 << 20


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pieces", type=int, default=500)
    asked.add_argument("--mib", type=float, default=2, help="of each original")
    given = asked.parse_args()
    asyncio.run(_measure(given.pieces, int(given.mib * MIB)))


async def _measure(pieces: int, size: int) -> None:
    with tempfile.TemporaryDirectory(prefix="plumbline-bundle-") as folder:
        async with running(Settings(data=Path(folder)), durable=False) as settings:
            await migrate(settings.migration_database_url)
            async with opened(settings, SystemClock()) as custodian:
                await _make(custodian, LogSigner.load_or_create(Path(folder) / "log.pem"), pieces, size)


async def _make(custodian: Custodian, signer: LogSigner, pieces: int, size: int) -> None:
    out = Console()
    await introduce(custodian.database, custodian.clock, signer)
    unit_id = await a_unit(custodian.database)
    officer = await an_officer(custodian.database, unit_id)
    async with custodian.database.transaction() as db:
        person = await agency.add_person(db, PersonKind.STAFF, "监督员", "Supervisor", unit_id)
        await agency.grant(db, person.id, Role.SUPERVISOR, unit_id, LONG_AGO)
    actor = Actor(person.id, PersonKind.STAFF, unit_id, None, (RoleGrant(Role.SUPERVISOR, unit_id),))
    captured, ids = beginning_of(date(2026, 3, 20)), []
    for _ in range(pieces):
        body = a_photo(1) + secrets.token_bytes(size)
        ids.append((await hand_in(custodian, officer, captured, body))[0])
    while await integrate(custodian.database, custodian.clock, signer):
        pass
    before = _kib("VmRSS")
    _forget_peak()
    ordered = await _timed(out, "order", export(custodian, actor, ids, "测量"))
    await _timed(out, "make", make(None, custodian, {"export_id": str(ordered.id)}))
    async with custodian.database.connection() as db:
        standing = await queries.standing_of(db, ordered.id)
    assert standing is not None
    assert standing.size is not None
    memory = f"{before / 1024:.0f} MiB before, {_kib('VmHWM') / 1024:.0f} MiB at most"
    out.print(f"{pieces} pieces, {standing.size / MIB:,.1f} MiB; memory {memory}")


async def _timed(out: Console, name: str, work: Any) -> Any:
    began = time.monotonic()
    done = await work
    out.print(f"{name} {time.monotonic() - began:.2f} s")
    return done


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _kib(name: str) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith(name)).split()[1])


if __name__ == "__main__":
    main()
