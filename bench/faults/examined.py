"""What phones were acknowledged against what is there, byte for byte."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from evidence.transparency_log.fsck import examine
from foundation.clock import SystemClock
from foundation.database import Database
from foundation.object_store import ObjectStore, key_of
from plumbline.opening import opened
from plumbline.phone_simulator.phone import Phone
from plumbline.phone_simulator.store import Photograph
from plumbline.settings import Settings


class Found(NamedTuple):
    """Of one kind of thing: how many were acknowledged, and how many of them are there."""

    what: str
    acknowledged: int
    found: int


class Examined(NamedTuple):
    found: list[Found]
    half_admitted: dict[str, int]
    fsck: list[str]
    leaves: int

    @property
    def whole(self) -> bool:
        return all(one.acknowledged == one.found for one in self.found) and not any(
            (*self.half_admitted.values(), *self.fsck)
        )


HALVES = {
    "admission without its verdict": "select count(*) from admission where not exists (select from verdict"
    " where verdict.evidence_id = admission.evidence_id and outcome = 'ADMITTED')",
    "admission without bytes": "select count(*) from admission where not exists (select from reception"
    " where reception.evidence_id = admission.evidence_id)",
    "verdict ADMITTED without admission": "select count(*) from verdict where outcome = 'ADMITTED' and not exists"
    " (select from admission where admission.evidence_id = verdict.evidence_id)",
    "bytes without verdict": "select count(*) from reception where not exists (select from verdict"
    " where verdict.evidence_id = reception.evidence_id)",
    "bytes without receipt 2": "select count(*) from reception where not exists (select from receipt"
    " where receipt.evidence_id = reception.evidence_id and kind = 'SAFE_TO_WIPE')",
    "receipt 2 without bytes": "select count(*) from receipt where kind = 'SAFE_TO_WIPE' and not exists"
    " (select from reception where reception.evidence_id = receipt.evidence_id)",
    "commitment without receipt 1": "select count(*) from evidence where not exists (select from receipt"
    " where receipt.evidence_id = evidence.id and kind = 'COMMITTED')",
    "custody entries told twice": "select count(*) from (select from custody_entry where evidence_id is not null and"
    " event in ('evidence:commitment:received', 'evidence:bytes:received', 'evidence:verdict:admitted')"
    " group by evidence_id, event having count(*) > 1) as twice",
}


async def examined(settings: Settings, phones: Sequence[Phone]) -> Examined:
    """`settings` lead to the servers by no wire."""
    async with opened(settings, SystemClock()) as custodian:
        found = await _found(custodian.database, custodian.store, phones)
        async with custodian.database.connection() as db:
            halves = {what: int(await db.fetchval(counting)) for what, counting in HALVES.items()}
        report = await examine(custodian.database, custodian.store, custodian.clock, objects=True)
    return Examined(found, halves, [f"{one.fault} {one.index} {one.about}" for one in report.findings], report.size)


async def _found(database: Database, store: ObjectStore, phones: Sequence[Phone]) -> list[Found]:
    photographs = [one for phone in phones for one in phone.store.photographs]
    told = [id_ for phone in phones for id_ in phone.store.told if id_ not in phone.store.waiting]
    committed = [one.evidence_id for one in photographs if one.committed]
    receipts = {one.evidence_id: one.receipt for one in photographs if one.receipt}
    async with database.connection() as db:
        operations = await db.fetchval("select count(*) from inspection_operation where id = any($1::uuid[])", told)
        first = await db.fetchval(
            "select count(*) from receipt where kind = 'COMMITTED' and evidence_id = any($1::uuid[])", committed
        )
        rows = await db.fetch(
            "select evidence_id::text, jws from receipt where kind = 'SAFE_TO_WIPE' and evidence_id = any($1::uuid[])",
            list(receipts),
        )
        locations = await db.fetch("select encode(sha256, 'hex') as sha256, version_id from stored_object")
    same = sum(receipts[row["evidence_id"]] == row["jws"] for row in rows)
    versions = {row["sha256"]: row["version_id"] for row in locations}
    back = [one for one in photographs if one.receipt and await _read_back(store, one, versions)]
    return [
        Found("statements of inspections", len(told), operations),
        Found("commitments, by receipt 1", len(committed), first),
        Found("photographs, by the very receipt 2", len(receipts), same),
        Found("photographs, read back with their digest", len(receipts), len(back)),
    ]


async def _read_back(store: ObjectStore, one: Photograph, versions: dict[str, str]) -> bool:
    if one.sha256 not in versions:
        return False
    digest = hashlib.sha256()
    async for chunk in store.read(key_of(bytes.fromhex(one.sha256)), versions[one.sha256]):
        digest.update(chunk)
    return digest.hexdigest() == one.sha256
