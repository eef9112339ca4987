"""The day's notices go out in one mail a person, through a real mail server, and again where it failed."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from aiosmtpd.controller import Controller

from agency import queries as agency
from agency.model import PersonKind, Role
from device_registry.notices.mailing import Mailer
from evidence.custodian import Custodian
from foundation import jobs
from foundation.database import Database
from plumbline.jobs import REMIND, do_due
from tests.builders import LONG_AGO, a_device, a_unit
from tests.device_registry.builders import beijing
from tests.support import FixedClock


class Postbox:
    """Takes mail, unless it is `full`."""

    def __init__(self) -> None:
        self.full = False
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        if self.full:
            return "452 no room"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@contextmanager
def a_mail_server(postbox: Postbox) -> Iterator[Mailer]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield Mailer(f"smtp://127.0.0.1:{port}", "plumbline@example.org")
    finally:
        controller.stop()


async def a_manager(database: Database, unit_id: UUID, email: str | None) -> UUID:
    async with database.transaction() as db:
        person = await agency.add_person(db, PersonKind.STAFF, "管理员", "Manager", unit_id)
        await agency.grant(db, person.id, Role.DEVICE_MANAGER, unit_id, LONG_AGO)
        await agency.open_account(db, f"manager-{person.id}", person.id, "—")
        await agency.set_email(db, person.id, email)
    return person.id


async def the_daily_job(custodian: Custodian, mailer: Mailer) -> None:
    async with custodian.database.transaction() as db:
        await jobs.enqueue(db, REMIND, {}, custodian.clock.now())
    await do_due(custodian, mailer=mailer)


async def test_a_person_gets_one_mail_a_day_about_what_is_new(custodian: Custodian, clock: FixedClock) -> None:
    database = custodian.database
    unit_id = await a_unit(database)
    await a_manager(database, unit_id, "manager@example.org")
    await a_manager(database, unit_id, None)
    for number in range(3):
        verified = date(2025, 10, 1), date(2026, 9, 30)
        await a_device(database, clock, unit_id, tag=f"S-{number}", verified=verified)
    clock.instant = beijing("2026-09-25 08:00")
    postbox = Postbox()
    with a_mail_server(postbox) as mailer:
        await the_daily_job(custodian, mailer)
        await the_daily_job(custodian, mailer)
        (mail,) = postbox.mails
        assert (mail["To"], mail["Subject"]) == ("manager@example.org", "准绳：3 条未读通知")
        assert "S-1 的检定有效期至 2026-09-30，请安排送检。" in mail.get_content()
        clock.advance(timedelta(days=1))
        await the_daily_job(custodian, mailer)
        assert len(postbox.mails) == 1, "nothing new"
        clock.advance(timedelta(days=5))
        await the_daily_job(custodian, mailer)
        assert postbox.mails[1]["Message-ID"] != mail["Message-ID"]


async def test_a_mail_that_was_not_taken_is_sent_again_and_once(custodian: Custodian, clock: FixedClock) -> None:
    unit_id = await a_unit(custodian.database)
    await a_manager(custodian.database, unit_id, "manager@example.org")
    await a_device(custodian.database, clock, unit_id, verified=(date(2025, 10, 1), date(2026, 9, 30)))
    clock.instant = beijing("2026-09-25 08:00")
    postbox = Postbox()
    postbox.full = True
    with a_mail_server(postbox) as mailer:
        await the_daily_job(custodian, mailer)
        assert postbox.mails == []
        postbox.full = False
        for _ in range(3):
            clock.advance(timedelta(minutes=5))
            await do_due(custodian, mailer=mailer)
    assert len(postbox.mails) == 1
    async with custodian.database.connection() as db:
        assert await db.fetchval("select count(*) from job") == 0
