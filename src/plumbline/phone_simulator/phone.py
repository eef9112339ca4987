"""A virtual phone: what a client has to do, and no more. A stranger may read it beside docs/api/phone.md.

Least bytes first: operations, then commitments, then the pictures. Whatever is not acknowledged is sent again, so a
lost answer, a request that came twice and a restart need no care of their own.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from foundation.database import in_batches
from plumbline.phone_simulator import shift
from plumbline.phone_simulator.network import BadNetwork, NetworkGone
from plumbline.phone_simulator.store import Photograph, Store

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from random import Random

    from plumbline.phone_simulator.network import Answer
    from plumbline.phone_simulator.officers import SimulatedOfficer
    from plumbline.phone_simulator.plan import Plan
    from plumbline.phone_simulator.shift import Anchor
    from plumbline.phone_simulator.tally import Tally
    from plumbline.walkthrough.receipts import ReceiptKeys

MOST_IN_A_PUSH = 200
MOST_IN_AN_OFFER = 100
MOST_BYTES_IN_A_PUSH = 900_000
"""Below the 1 MiB that the server takes, with room for what is around the operations."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 2.0
FAST = 1
"""Of gzip's levels: a seventh is left even so."""
_PACKED_JSON = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
_TUS = {"Tus-Resumable": "1.0.0"}
_OCTETS = _TUS | {"Content-Type": "application/offset+octet-stream"}


class Restarted(Exception):
    """The phone went off in the middle of something."""


class Unexpected(Exception):
    """An answer that no rule of the protocol explains."""


class Phone:
    """`store` is all that outlives a restart."""

    def __init__(
        self,
        officer: SimulatedOfficer,
        url: str,
        tls: ssl.SSLContext,
        plan: Plan,
        random: Random,
        keys: ReceiptKeys,
        tally: Tally,
    ) -> None:
        self.officer, self.store = officer, Store()
        self._plan, self._random, self._keys, self._tally = plan, random, keys, tally
        headers = {"Authorization": f"Bearer {officer.token}", "Accept-Language": "en"}
        self._network = BadNetwork(url, headers, tls, plan.trouble, random, tally)

    async def close(self) -> None:
        await self._network.close()

    def calm(self) -> None:
        """From here on the network is good, and the phone stays on."""
        self._network.calm = True

    async def anchor(self) -> Anchor:
        """The server's signed time, asked for while there is a network."""
        asked = shift.monotonic_ms()
        answer = await self._call("GET", f"/mobile/v1/time?nonce={secrets.token_urlsafe()}")
        return shift.anchored(answer.json(), asked, shift.monotonic_ms())

    async def hand_in(self, facts_are_in: Callable[[], None]) -> None:
        """Until everything is received, through every cut and restart. Raises Unexpected."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            before = self._left()
            try:
                await self._sync(facts_are_in)
            except (NetworkGone, Restarted):
                pause = FIRST_PAUSE_SECONDS if self._left() < before else min(2 * pause, LONGEST_PAUSE_SECONDS)
                await asyncio.sleep(pause * (0.5 + self._random.random()))
            else:
                return

    async def pull(self) -> None:
        """What changed, until nothing does."""
        more = True
        while more:
            told = (await self._call("GET", f"/mobile/v1/changes?{urlencode({'after': self.store.cursor})}")).json()
            for inspection in told["inspections"]:
                self.store.known[inspection["id"]] = [one["id"] for one in inspection["operations"]]
            for gone in told["gone"]:
                self.store.known.pop(gone, None)
            self.store.cursor, more = told["cursor"], told["more"]

    async def _sync(self, facts_are_in: Callable[[], None]) -> None:
        await self._offer()
        await self._push()
        for photograph in self.store.photographs:
            if not photograph.committed:
                await self._commit(photograph)
        facts_are_in()
        missing = [photograph for photograph in self.store.photographs if not photograph.receipt]
        for sent, photograph in enumerate(missing):
            if sent % self._plan.photographs_between_pulls == 0:
                await self.pull()
            await self._upload(photograph)
        await self.pull()

    async def _offer(self) -> None:
        """After a loss at the server: offer what receipts are held for, and tell everything again."""
        called = (await self._call("GET", "/mobile/v1/offers")).json()["call"]
        if called in (None, self.store.offered):
            return
        held = {one.evidence_id: one for one in self.store.photographs if one.committed}
        for ids in in_batches(list(held), MOST_IN_AN_OFFER):
            receipts = [
                {"evidence_id": id_, "sha256": held[id_].sha256, "receipt": held[id_].receipt or held[id_].committed}
                for id_ in ids
            ]
            answer = await self._tell("/mobile/v1/offers", {"receipts": receipts})
            for wanted in answer.json()["wanted"]:
                one = held[wanted["evidence_id"]]
                one.receipt, one.begun = "", True
                if wanted["begin"] == "COMMITMENT":
                    one.committed = ""
        self.store.waiting |= self.store.acknowledged
        self.store.cursor, self.store.known, self.store.offered = "0", {}, called

    async def _push(self) -> None:
        while self.store.waiting:
            batch = self._batch()
            body = gzip.compress(msgspec.json.encode({"operations": list(batch.values())}), FAST)
            answer = await self._call("POST", "/mobile/v1/operations", _PACKED_JSON, body)
            results = answer.json()["results"]
            if len(results) != len(batch):
                raise Unexpected(f"{len(results)} answers to {len(batch)} operations")
            for id_, result in zip(batch, results, strict=True):
                if result["result"] == "REFUSED":
                    self._tally.refused.append(result)
                self.store.acknowledged[id_] = self.store.waiting.pop(id_)
                self._tally.facts += 1

    def _batch(self) -> dict[str, str]:
        """In no order: the server may not need any."""
        ids = list(self.store.waiting)[:MOST_IN_A_PUSH]
        self._random.shuffle(ids)
        batch: dict[str, str] = {}
        room = MOST_BYTES_IN_A_PUSH
        for id_ in ids:
            room -= len(self.store.waiting[id_]) + 3
            if batch and room < 0:
                break
            batch[id_] = self.store.waiting[id_]
        return batch

    async def _commit(self, photograph: Photograph) -> None:
        answer = await self._tell("/mobile/v1/commitments", {"jws": photograph.commitment})
        if answer.is_error:
            self._tally.refused.append(answer.json())
        photograph.committed = str(answer.json().get("receipt", "refused"))
        self._tally.facts += 1

    async def _upload(self, photograph: Photograph) -> None:
        """From where the server has it to the receipt."""
        while not photograph.receipt:
            answer = await (self._continue(photograph) if photograph.begun else self._begin(photograph))
            receipt = answer.headers.get("Plumbline-Receipt") or await self._submit(photograph)
            if receipt:
                self._check(photograph, receipt)

    async def _begin(self, photograph: Photograph) -> Answer:
        """The whole file comes with the creation of its upload: one request where nothing goes wrong."""
        photograph.begun = True
        metadata = "evidence_id " + base64.b64encode(photograph.evidence_id.encode()).decode()
        headers = _OCTETS | {"Upload-Length": str(photograph.size), "Upload-Metadata": metadata}
        return await self._call("POST", "/mobile/v1/uploads", headers, photograph.read())

    async def _continue(self, photograph: Photograph) -> Answer:
        path = f"/mobile/v1/uploads/{photograph.evidence_id}"
        standing = await self._call("HEAD", path, _TUS)
        if standing.status == HTTPStatus.NOT_FOUND:  # the creation itself never arrived
            return await self._begin(photograph)
        offset = int(standing.headers["Upload-Offset"])
        if offset == photograph.size:
            return standing
        headers = _OCTETS | {"Upload-Offset": str(offset)}
        return await self._call("PATCH", path, headers, photograph.read()[offset:])

    async def _submit(self, photograph: Photograph) -> str | None:
        """Asked where the answer to the last byte did not say. Held evidence has a receipt, too; here it is a fault."""
        answer = await self._call("POST", f"/mobile/v1/evidence/{photograph.evidence_id}/submission")
        told: dict[str, Any] = answer.json()
        if told.get("type") == "/problems/not-yet-received":
            return None  # on from the offset
        if answer.is_error:
            self._tally.refused.append(told)
        return str(told["receipt"])

    def _check(self, photograph: Photograph, receipt: str) -> None:
        expected = {
            "receipt": "SAFE_TO_WIPE",
            "evidence_id": photograph.evidence_id,
            "sha256": photograph.sha256,
            "size": photograph.size,
            "outcome": "ADMITTED",
        }
        self._tally.faults += [
            f"{photograph.evidence_id}: {fault}" for fault in self._keys.faults_of(receipt, expected)
        ]
        photograph.receipt = receipt
        self._tally.photographs += 1

    async def _tell(self, path: str, what: dict[str, Any]) -> Answer:
        return await self._call("POST", path, {"Content-Type": "application/json"}, msgspec.json.encode(what))

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """An answer that is not to be asked for again. Raises NetworkGone, Restarted, Unexpected."""
        while True:
            answer = await self._network.request(method, path, headers, body)
            if answer.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
                break
            self._tally.troubles["asked to wait"] += 1
            await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.is_error and answer.status != HTTPStatus.NOT_FOUND:
            problem = _problem_of(answer)
            if problem in _OUT_OF_STEP:
                self._tally.troubles[problem] += 1
                raise NetworkGone("out of step with the server")
            if problem not in _EXPLAINED:
                raise Unexpected(f"{method} {path}: {answer.status} {answer.body[:300].decode(errors='replace')}")
        if not self._network.calm and self._random.random() < self._plan.trouble.restart:
            self._tally.troubles["restart"] += 1
            raise Restarted
        return answer

    def _left(self) -> int:
        """How much is not acknowledged."""
        photographs = self.store.photographs
        return len(self.store.waiting) + sum((not one.committed) + (not one.receipt) for one in photographs)


_OUT_OF_STEP = ("offset-differs", "taken-over", "upload-cut", "unexpected")
"""Begin again by asking how far it came."""
_EXPLAINED = ("not-yet-received", "not-admissible", "commitment-conflicts")


def _problem_of(answer: Answer) -> str:
    try:
        return str(answer.json()["type"]).removeprefix("/problems/")
    except (ValueError, KeyError, TypeError):
        return ""
