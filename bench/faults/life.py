"""One evidence's life, from commitment to published log, with one fault at one of its calls; the phone tries again."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import asyncpg
import httpx
import msgspec
from joserfc import jws
from msgspec.structs import replace

from agency import queries as agency
from agency.model import UnitKind
from bench.faults.database_proxy import DatabaseFault, DatabaseProxy, before_database
from bench.faults.store_proxy import StoreFault, StoreProxy, before_store
from evidence.custodian import Custodian
from evidence.transparency_log.findings import Finding
from evidence.transparency_log.fsck import examine
from evidence.transparency_log.published import publish
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from evidence.upload_writer import PART_BYTES
from foundation.clock import SystemClock
from foundation.object_store import LEAST_PART_BYTES
from foundation.problem import Problem
from plumbline.app import create_app
from plumbline.opening import opened
from plumbline.phone_simulator import officers
from plumbline.phone_simulator.officers import SimulatedOfficer
from plumbline.phone_simulator.store import picture
from plumbline.settings import Settings

SIZES = {"photograph": 30_000, "in parts": PART_BYTES + 70_000}
ATTEMPTS = 12
"""A phone goes on for ever; one fault must not cost it more than this."""
PATIENCE_SECONDS = 4.0
"""A phone gives up on an answer. Longer than an honest answer takes on a busy machine."""
TELLS = ["commitment:received", "upload:begun", "bytes:received", "verdict:admitted"]
FAULTS_OF_STORE = tuple(fault for fault in StoreFault if fault is not StoreFault.HANG)

T = TypeVar("T")


class Fault(NamedTuple):
    """`number`: of the call, from 1 on."""

    life: str
    kind: StoreFault | DatabaseFault
    number: int


class Result(NamedTuple):
    """`wrong`: nothing, where the life came to its end as if there had been no fault. `what`: the call that failed."""

    fault: Fault | None
    what: str
    wrong: list[str]


class Told(NamedTuple):
    """What a phone was acknowledged."""

    evidence_id: str
    body: bytes
    committed: str
    received: str
    wrong: list[str]


class Stage(NamedTuple):
    client: httpx.AsyncClient
    custodian: Custodian
    signer: LogSigner
    officer: SimulatedOfficer
    store: StoreProxy
    database: DatabaseProxy
    direct: "asyncpg.Connection[Any]"


@asynccontextmanager
async def stage(settings: Settings, folder: Path) -> AsyncIterator[Stage]:
    """The application behind both proxies. `settings` are of servers and a database that may be thrown away."""
    owner = await asyncpg.connect(settings.migration_database_url)
    await owner.execute("update log_identity set origin = 'plumbline/custody/' || gen_random_uuid()")
    async with (
        before_store(settings.s3_endpoint) as store,
        before_database(settings.database_url, folder) as (
            database,
            url,
        ),
    ):
        through = replace(
            settings, data=folder, database_url=url, s3_endpoint=store.url, retention_days=1, database_connections=4
        )
        app, signer = create_app(through), LogSigner.load_or_create(through.log_signing_key_file)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        async with (
            app.lifespan(),
            opened(through, SystemClock()) as custodian,
            httpx.AsyncClient(transport=transport, base_url="http://plumbline.test") as client,
        ):
            async with custodian.database.transaction() as db:
                unit = await agency.add_unit(
                    db, UnitKind.CITY, "武汉市", "Wuhan", date(2020, 1, 1), division_code="420100"
                )
            (officer,) = await officers.make(custodian.database, custodian.clock, unit.id, 1)
            client.headers["Authorization"] = f"Bearer {officer.token}"
            await introduce(custodian.database, custodian.clock, signer)
            yield Stage(client, custodian, signer, officer, store, database, owner)
    await owner.close()


async def calls(on: Stage, life: str) -> tuple[int, int]:
    """How many requests to the store and statements a life has when nothing goes wrong."""
    on.store.begin()
    on.database.begin()
    told = await live(on, SIZES[life])
    assert not (wrong := told.wrong + await compared(on, told)), wrong
    return len(on.store.seen), on.database.seen


async def every_fault(on: Stage) -> list[Fault]:
    """At every call of every life, each that can happen there."""
    found = []
    for life in SIZES:
        await calls(on, life)  # the first opens connections, and asks what is asked once
        requests, statements = await calls(on, life)
        found += [Fault(life, kind, number + 1) for number in range(requests) for kind in FAULTS_OF_STORE]
        found += [Fault(life, kind, number + 1) for number in range(statements) for kind in DatabaseFault]
    return found


def sample(faults: Sequence[Fault], most: int, seed: int) -> list[Fault]:
    return Random(seed).sample(faults, min(most, len(faults)))


async def with_fault(on: Stage, fault: Fault) -> Result:
    """A life with that fault in it, once."""
    what = ""

    def at_store(number: int, request: str) -> StoreFault | None:
        nonlocal what
        if not what and number == fault.number and isinstance(fault.kind, StoreFault):
            what = request
            return fault.kind
        return None

    def at_database(number: int) -> DatabaseFault | None:
        nonlocal what
        if not what and number == fault.number and isinstance(fault.kind, DatabaseFault):
            what = f"statement {number}"
            return fault.kind
        return None

    on.store.begin(at_store)
    on.database.begin(at_database)
    try:
        told = await live(on, SIZES[fault.life])
    except Exception as error:  # noqa: BLE001 - the walk goes on, and tells it at the end
        return Result(fault, what, [repr(error)])
    finally:
        on.store.begin()
        on.database.begin()
    return Result(fault, what, told.wrong + await compared(on, told))


async def clean(on: Stage) -> list[Finding]:
    """What `plumbline fsck --objects` finds wrong."""
    report = await examine(on.custodian.database, on.custodian.store, on.custodian.clock, objects=True)
    return report.findings


async def live(on: Stage, size: int) -> Told:
    """As a phone, and a worker beside it, live it: whatever is not acknowledged is asked for again."""
    phone = _Phone(on, size)
    committed, received = await _again(phone.committed), await _again(phone.received)
    for known, asked in ((committed, phone.committed), (received, phone.received)):
        if await _again(asked) != known:
            phone.wrong.append("asked again, another receipt is given")
    await _again(partial(_published, on))
    return Told(phone.evidence_id, phone.body, committed, received, phone.wrong)


class _Phone:
    """With one picture. Each step gives None where it has to be asked again."""

    def __init__(self, on: Stage, size: int) -> None:
        self._client = on.client
        self.body = picture(7, int.from_bytes(uuid4().bytes[:6]), size)
        self.evidence_id, self.wrong = str(uuid4()), list[str]()
        self._place = f"/mobile/v1/uploads/{self.evidence_id}"
        self._commitment = {"jws": _commitment(on.officer, self.evidence_id, self.body)}

    async def committed(self) -> str | None:
        answer = await self._ask("POST", "/mobile/v1/commitments", json=self._commitment)
        return None if answer is None else str(answer.raise_for_status().json()["receipt"])

    async def received(self) -> str | None:
        at = await self._offset()
        if at is None:
            return None
        if at < len(self.body):
            part = self.body[at : at + LEAST_PART_BYTES + 1000]
            headers = _OCTETS | {"Upload-Offset": str(at)}
            answer = await self._ask("PATCH", self._place, headers=headers, content=part)
            if answer is None or answer.status_code == 409:
                return None
            if receipt := answer.raise_for_status().headers.get("Plumbline-Receipt"):
                return str(receipt)
        answer = await self._ask("POST", f"/mobile/v1/evidence/{self.evidence_id}/submission")
        return None if answer is None or answer.status_code == 409 else str(answer.raise_for_status().json()["receipt"])

    async def _offset(self) -> int | None:
        answer = await self._ask("HEAD", self._place, headers=_TUS)
        if answer is not None and answer.status_code == 404:
            answer = await self._ask("POST", "/mobile/v1/uploads", headers=_creation(self.evidence_id, len(self.body)))
        return None if answer is None else int(answer.raise_for_status().headers["Upload-Offset"])

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._client.request(method, path, **request)
        except TimeoutError:
            return None
        if answer.status_code < 500:
            return answer
        if answer.status_code != 503 or "Retry-After" not in answer.headers:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text}, no word of when to try again")
        return None


async def _published(on: Stage) -> bool | None:
    try:
        await integrate(on.custodian.database, on.custodian.clock, on.signer)
        await publish(on.custodian)
    except (Problem, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    return True


async def compared(on: Stage, told: Told) -> list[str]:
    """What is there otherwise than it was told; each thing exactly once."""
    expected = {
        "receipts": [told.committed, told.received],
        "told": TELLS,
        "verdicts": 1,
        "admissions": 1,
        "receptions": 1,
        "pieces": 0,
        "in the log": len(TELLS),
    }
    row = await on.direct.fetchrow(
        """
        select array(select jws from receipt where evidence_id = $1 order by kind) as receipts,
               array(select event from custody_entry where evidence_id = $1 order by id) as told,
               (select count(*) from verdict where evidence_id = $1) as verdicts,
               (select count(*) from admission where evidence_id = $1) as admissions,
               (select count(*) from reception where evidence_id = $1) as receptions,
               (select count(*) from upload_piece where evidence_id = $1) as pieces,
               (select count(*) from log_leaf join custody_entry on id = entry_id
                 where evidence_id = $1) as "in the log"
        """,
        told.evidence_id,
    )
    found = dict(row or {}) | {"told": [event.partition(":")[2] for event in (row or {})["told"]]}
    wrong = [f"{name}: {found[name]}, not {value}" for name, value in expected.items() if found[name] != value]
    stored = await on.custodian.store.find(hashlib.sha256(told.body).digest())
    if stored is None or stored.retained_until is None:
        wrong.append("the bytes are not there, or not locked")
    return wrong


async def _again(ask: Callable[[], Awaitable[T | None]]) -> T:
    for _ in range(ATTEMPTS):
        if (told := await ask()) is not None:
            return told
    raise TimeoutError(f"not after {ATTEMPTS} attempts: {ask}")


_TUS = {"Tus-Resumable": "1.0.0"}
_OCTETS = _TUS | {"Content-Type": "application/offset+octet-stream"}


def _creation(evidence_id: str, size: int) -> dict[str, str]:
    metadata = "evidence_id " + base64.b64encode(evidence_id.encode()).decode()
    return _TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata}


def _commitment(officer: SimulatedOfficer, evidence_id: str, body: bytes) -> str:
    now = datetime.now(UTC)
    facts = {
        "evidence_id": evidence_id,
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
        "media_type": "image/jpeg",
        "captured_earliest": now,
        "captured_latest": now,
    }
    header = {"alg": "ES256", "kid": str(officer.phone_id), "typ": "plumbline-commitment+jws"}
    return jws.serialize_compact(header, msgspec.json.encode(facts), officer.key)
