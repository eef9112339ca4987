"""What a phone without a network needs to know of its unit's devices: signed, compact, right until a new fact comes."""

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import anyio
import msgspec

from device_registry import queries as registry
from device_registry.model import Device, Facts, Finding
from device_registry.rules import outlook
from evidence.signing import Signer
from foundation.civil import end_of
from foundation.clock import Clock
from foundation.database import Database, in_batches

LIST_TYPE = "plumbline-standings+jws"
BATCH = 500
"""Devices whose facts are in memory at a time."""
ANEW = timedelta(hours=24)
"""A list is made anew after so long though nothing changed, so that stages that have passed leave it."""
MOST_LISTS = 16
"""Sets of units whose list one process keeps; of 10,000 devices each takes about 5 MB."""


class Entry(NamedTuple):
    """A device: what changes by itself, as JSON, so that little is kept of many."""

    version: str
    tag: str
    kind: tuple[str, str]
    stages: msgspec.Raw


class Listed(NamedTuple):
    """A list as it is sent, with its detached signature. `etag` is quoted."""

    body: bytes
    packed: bytes
    signature: str
    etag: str
    made_at: datetime
    versions: dict[UUID, str]
    entries: dict[UUID, Entry]


class Why(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finding without what the list says anyway: the tag, the kind, and the days overdue, which grow."""

    reason: str
    channel: str = ""
    document_no: str | None = None
    valid_until: str | None = None
    """Left out where the stage begins when that day ends."""
    failed_on: str | None = None
    cause: str | None = None
    occurred_at: datetime | None = None
    automatic: bool = False
    usable_from: str | None = None


class OfflineStandings:
    """The lists, kept by the set of units they are for. Each look compares the versions of all devices in it."""

    def __init__(self, database: Database, clock: Clock, signer: Signer) -> None:
        self._database, self._clock, self._signer = database, clock, signer
        self._lists: OrderedDict[frozenset[UUID], Listed] = OrderedDict()
        self._making: dict[frozenset[UUID], anyio.Lock] = {}

    async def of(self, units: frozenset[UUID]) -> Listed:
        """All devices that the units hold. Only those about which something was recorded are reckoned anew."""
        async with self._making.setdefault(units, anyio.Lock()):  # ten phones at once: one makes it
            async with self._database.connection() as db:
                versions = await registry.overview_versions_of(db, units)
            now, kept = self._clock.now(), self._lists.get(units)
            fresh = kept is not None and now - kept.made_at < ANEW
            if kept is None or not fresh or kept.versions != versions:
                known = kept.entries if kept is not None and fresh else {}
                kept = await self._made(versions, known, now)
            self._lists[units] = kept
            self._lists.move_to_end(units)
            while len(self._lists) > MOST_LISTS:
                self._making.pop(self._lists.popitem(last=False)[0], None)
            return kept

    async def _made(self, versions: dict[UUID, str], known: dict[UUID, Entry], now: datetime) -> Listed:
        entries = {
            device_id: known[device_id]
            for device_id, version in versions.items()
            if device_id in known and known[device_id].version == version
        }
        for some in in_batches([device_id for device_id in versions if device_id not in entries], BATCH):
            async with self._database.connection() as db:
                devices = await registry.devices_by_id(db, some)
                facts = await registry.facts_of_all(db, some)
            entries |= await anyio.to_thread.run_sync(_entries, versions, devices, facts, now)
        return await anyio.to_thread.run_sync(self._signed, versions, entries, now)

    def _signed(self, versions: dict[UUID, str], entries: dict[UUID, Entry], now: datetime) -> Listed:
        body = written(entries.values(), now)
        packer = zlib.compressobj(9, wbits=31)  # gzip without a file name or a time
        packed = packer.compress(body) + packer.flush()
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        return Listed(body, packed, self._signer.sign_detached(body, LIST_TYPE), etag, now, versions, entries)


def written(entries: Iterable[Entry], made_at: datetime) -> bytes:
    """The list in columns, in the order of the tags."""
    in_order = sorted(entries, key=lambda entry: entry.tag)
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(entry.kind for entry in in_order))}
    return msgspec.json.encode(
        {
            "made_at": made_at,
            "kinds": list(kinds),
            "tag": [entry.tag for entry in in_order],
            "kind": [kinds[entry.kind] for entry in in_order],
            "stages": [entry.stages for entry in in_order],
        }
    )


def _entries(
    versions: dict[UUID, str], devices: dict[UUID, Device], facts: dict[UUID, Facts], now: datetime
) -> dict[UUID, Entry]:
    return {
        device.id: Entry(
            versions[device.id], device.tag, (device.kind_zh, device.kind_en), _stages(device, facts[device.id], now)
        )
        for device in devices.values()
    }


def _stages(device: Device, facts: Facts, now: datetime) -> msgspec.Raw:
    stages: list[tuple[datetime | None, list[Why]]] = []
    for stage in outlook(device, facts, now):
        begins = stage.begins if stages else None
        stages.append((begins, [_why(finding, begins) for finding in stage.reasons]))
    return msgspec.Raw(msgspec.json.encode(stages))


def _why(finding: Finding, begins: datetime | None) -> Why:
    """The day a stage begins after is not said twice: it is a tenth of the list."""
    told: dict[str, Any] = msgspec.to_builtins(finding)
    why = msgspec.convert({name: value for name, value in told.items() if name in Why.__struct_fields__}, Why)
    if begins is not None and finding.valid_until is not None and end_of(finding.valid_until) == begins:
        return msgspec.structs.replace(why, valid_until=None)
    return why
