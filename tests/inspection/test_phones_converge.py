"""Whatever happens to the phones of an inspection, in the end all of them hold what the server holds: all of it, once.

More examples than in the usual run: PLUMBLINE_CONVERGE_EXAMPLES=500.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import anyio
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from evidence.custodian import Custodian
from inspection import queries
from inspection.model import Operation, Told
from inspection.pulling import Feeds
from inspection.pushing import push
from inspection.rules.merging import Fields, merged
from tests.builders import OfficerWithPhone, a_unit, an_officer
from tests.inspection.builders import AT, a_task, told

EXAMPLES, STEPS = int(os.environ.get("PLUMBLINE_CONVERGE_EXAMPLES", "50")), 30
PHONES = st.integers(0, 2)
WHATS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("FINDING"), "item": st.sampled_from("AB")},
        optional={
            "result": st.sampled_from(["CONFORMS", "DOES_NOT_CONFORM", "NOT_APPLICABLE"]),
            "note": st.sampled_from(["甲", "乙"]),
        },
    ),
    st.fixed_dictionaries({"type": st.just("STATEMENT")}, optional={"text": st.sampled_from(["无异议", "有异议"])}),
    st.just({"type": "JOINED"}),
)
Result = TypeVar("Result")


class Pulled(msgspec.Struct):
    """An operation as a pull tells it."""

    id: UUID
    author: UUID
    phone: UUID
    replaces: frozenset[UUID]
    earliest: datetime
    latest: datetime
    what: Told


class Phone:
    """What it has stored outlives a restart; what is on its way does not."""

    def __init__(self, officer: OfficerWithPhone) -> None:
        self.officer = officer
        self.waiting: dict[UUID, str] = {}
        self.seen: dict[UUID, dict[UUID, Operation]] = {}
        """By inspection: what it told itself, and what it was told."""
        self.cursor = 0
        self.on_its_way: set[UUID] = set()

    def tell(self, inspection_id: UUID, what: dict[str, Any], *, unaware: bool = False) -> UUID:
        """Signs and stores. `unaware`: as if it had seen nothing of what it tells about, so that it may conflict."""
        id_, seen = uuid4(), self.seen.setdefault(inspection_id, {})
        operation = Operation(
            id=id_,
            inspection_id=inspection_id,
            author=self.officer.person_id,
            phone=self.officer.phone_id,
            replaces=frozenset(),
            earliest=AT,
            latest=AT,
            what=msgspec.convert(what, Told),
        )
        same = {other.id for other in seen.values() if other.key == operation.key}
        replaces = frozenset() if unaware else frozenset(same)
        seen[id_] = msgspec.structs.replace(operation, replaces=replaces)
        self.waiting[id_] = told(self.officer, inspection_id, what, id=id_, replaces=sorted(replaces))
        return id_

    def batch(self, order: Callable[[list[UUID]], list[UUID]]) -> list[UUID]:
        ids = order([id_ for id_ in self.waiting if id_ not in self.on_its_way])
        self.on_its_way.update(ids)
        return ids


class Phones(RuleBasedStateMachine):
    """Its rules run in a thread; what they await runs in the loop that the custodian belongs to."""

    custodian: ClassVar[Custodian]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self.phones: list[Phone] = []
        self.inspections: list[UUID] = []
        self.tasks: list[UUID] = []
        self.told: set[UUID] = set()
        self.answers: dict[UUID, list[str]] = {}

    @initialize()
    def a_task_and_an_inspection_on_the_spot(self) -> None:
        self._wait_for(self._officers())
        self._task()
        on_the_spot = uuid4()
        self.inspections.append(on_the_spot)
        begun = {"type": "BEGUN", "source": "URGENT", "enterprise_name": "演示餐饮店"}
        self.told.add(self.phones[0].tell(on_the_spot, begun))

    @rule(number=PHONES, which=st.integers(0, 9), what=WHATS, unaware=st.booleans())
    def tell(self, number: int, which: int, what: dict[str, Any], unaware: bool) -> None:
        inspection_id = self.inspections[which % len(self.inspections)]
        self.told.add(self.phones[number].tell(inspection_id, what, unaware=unaware))

    @rule(number=PHONES, data=st.data(), lost=st.booleans())
    def push(self, number: int, data: st.DataObject, lost: bool) -> None:
        phone = self.phones[number]
        ids = self._some_of(phone, data)
        if ids:
            self._wait_for(self._push(phone, ids, lost=lost))

    @rule(one=PHONES, other=PHONES, data=st.data())
    def push_both_at_once(self, one: int, other: int, data: st.DataObject) -> None:
        batches = [(self.phones[number], self._some_of(self.phones[number], data)) for number in {one, other}]

        async def both() -> None:
            await asyncio.gather(*(self._push(phone, ids) for phone, ids in batches if ids))

        self._wait_for(both())

    @rule(one=PHONES, other=PHONES, which=st.integers(0, 9), what=WHATS)
    def tell_of_the_same_at_once(self, one: int, other: int, which: int, what: dict[str, Any]) -> None:
        inspection_id = self.inspections[which % len(self.inspections)]
        batches = []
        for phone in (self.phones[number] for number in {one, other}):
            id_ = phone.tell(inspection_id, what)
            self.told.add(id_)
            batches.append((phone, [id_]))

        async def both() -> None:
            await asyncio.gather(*(self._push(phone, ids) for phone, ids in batches))

        self._wait_for(both())

    @rule(number=PHONES, data=st.data())
    def arrives_twice_at_once(self, number: int, data: st.DataObject) -> None:
        phone = self.phones[number]
        ids = self._some_of(phone, data)

        async def twice() -> None:
            await asyncio.gather(self._push(phone, ids), self._push(phone, ids))

        if ids:
            self._wait_for(twice())

    @rule(giver=PHONES, carrier=PHONES)
    def another_carries_it(self, giver: int, carrier: int) -> None:
        self.phones[carrier].waiting |= self.phones[giver].waiting

    @rule(number=PHONES)
    def restart(self, number: int) -> None:
        self.phones[number].on_its_way.clear()

    @rule(number=PHONES)
    def forget_what_was_pulled(self, number: int) -> None:
        self.phones[number].cursor = 0

    @rule(number=PHONES, most=st.integers(1, 3))
    def pull(self, number: int, most: int) -> None:
        self._wait_for(self._pull(self.phones[number], most))

    @rule()
    def another_task(self) -> None:
        if len(self.inspections) < 4:
            self._task()

    @invariant()
    def what_phones_are_told_of_is_all_that_was_recorded(self) -> None:
        if self.inspections:
            assert self._wait_for(self._left_out()) == []

    def teardown(self) -> None:
        """The network stays, and everybody hands in and asks what changed."""
        if not self.phones:
            return
        for phone in self.phones:
            phone.on_its_way.clear()
            if ids := phone.batch(list):
                self._wait_for(self._push(phone, ids))
        server = self._wait_for(self._at_the_server())
        for phone in self.phones:
            while self._wait_for(self._pull(phone, 2)):
                pass
            concerned = {*self.tasks, *phone.seen}
            here = {id_: merged(phone.seen.get(id_, {}).values()) for id_ in concerned}
            assert here == {id_: server[id_] for id_ in concerned}
        kept = self._wait_for(self._kept())
        assert kept == Counter(self.told), "lost, or there twice"
        for answers in self.answers.values():
            assert sorted(answers) == ["KNOWN"] * (len(answers) - 1) + ["RECORDED"]

    def _some_of(self, phone: Phone, data: st.DataObject) -> list[UUID]:
        def order(ids: list[UUID]) -> list[UUID]:
            return data.draw(st.permutations(ids))[: data.draw(st.integers(1, max(1, len(ids))))] if ids else []

        return phone.batch(order)

    async def _officers(self) -> None:
        unit_id = await a_unit(self.custodian.database)
        self.phones = [Phone(await an_officer(self.custodian.database, unit_id)) for _ in range(3)]

    def _task(self) -> None:
        officers = [phone.officer for phone in self.phones]
        self.tasks.append(self._wait_for(a_task(self.custodian.database, self.custodian.clock, *officers)).id)
        self.inspections.append(self.tasks[-1])

    async def _push(self, phone: Phone, ids: list[UUID], *, lost: bool = False) -> None:
        for answer in await push(self.custodian, [phone.waiting[id_] for id_ in ids], phone.officer.courier):
            assert answer.id is not None
            self.answers.setdefault(answer.id, []).append(answer.result)
        if lost:
            return
        phone.on_its_way.difference_update(ids)
        for id_ in ids:
            phone.waiting.pop(id_, None)

    async def _pull(self, phone: Phone, most: int) -> bool:
        """Whether there is more."""
        answer = msgspec.json.decode(
            await Feeds(self.custodian.database).changes(phone.officer.person_id, phone.cursor, most)
        )
        for inspection in answer["inspections"]:
            inspection_id = UUID(inspection["id"])
            for one in msgspec.convert(inspection["operations"], list[Pulled]):
                members = {name: getattr(one, name) for name in Pulled.__struct_fields__}
                operation = Operation(inspection_id=inspection_id, **members)
                phone.seen.setdefault(inspection_id, {})[one.id] = operation
        phone.cursor = int(answer["cursor"])
        return bool(answer["more"])

    async def _at_the_server(self) -> dict[UUID, Fields]:
        async with self.custodian.database.connection() as db:
            found = await queries.operations_of(db, self.inspections)
        return {id_: merged(operations) for id_, operations in found.items()}

    async def _kept(self) -> Counter[UUID]:
        async with self.custodian.database.connection() as db:
            rows = await db.fetch(
                "select id from inspection_operation where inspection_id = any ($1)", self.inspections
            )
        return Counter(row["id"] for row in rows)

    async def _left_out(self) -> list[UUID]:
        """Operations that were recorded and are in nothing that a pull would tell."""
        async with self.custodian.database.connection() as db:
            rows = await db.fetch(
                """
                select told.id
                  from inspection_operation as told
                  join inspection_current as now on now.inspection_id = told.inspection_id
                 where told.inspection_id = any ($1)
                   and position(told.id::text in now.for_phones) = 0
                """,
                self.inspections,
            )
        return [row["id"] for row in rows]

    def _wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


async def test_phones_converge_whatever_happens(custodian: Custodian) -> None:
    here = type("Here", (Phones,), {"custodian": custodian, "loop": asyncio.get_running_loop()})
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    await anyio.to_thread.run_sync(lambda: run_state_machine_as_test(here, settings=chosen))
