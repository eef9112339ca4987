"""The day's digest of notices by mail, where a mail server is configured: one a person and day."""

import smtplib
import ssl
from datetime import date
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec
from anyio import to_thread

from agency.queries import emails, reach_by_role
from device_registry.notices import queries
from device_registry.notices.model import Notice, sentence
from foundation import jobs
from foundation.civil import BEIJING, day_of
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.words import DEFAULT, say

JOB = "mail-notices"
SECONDS = 30
"""Until a mail server that says nothing is given up; the job is tried again."""


class Mailer(msgspec.Struct, frozen=True):
    """`url`: smtp://user:password@host:port, TLS by STARTTLS wherever the server offers it, or smtps://."""

    url: str
    sender: str

    def send(self, message: EmailMessage) -> None:
        """Blocks. Raises OSError or smtplib.SMTPException."""
        server = urlsplit(self.url)
        context = ssl.create_default_context()
        host, port = server.hostname or "localhost", server.port or 0
        connected = (
            smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
            if server.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=SECONDS)
        )
        with connected as smtp:
            if server.scheme == "smtp" and smtp.has_extn("starttls"):
                smtp.starttls(context=context)
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)


async def queue(db: Connection, clock: Clock) -> None:
    """A job for everybody with an address who has no digest of today yet. Call it in a transaction."""
    now = clock.now()
    today = day_of(now)
    people = await queries.claim_digests(db, await emails(db), today, now)
    await jobs.enqueue_all(db, JOB, [{"person_id": str(person_id), "day": str(today)} for person_id in people], now)


async def send(database: Database, clock: Clock, mailer: Mailer, payload: dict[str, Any]) -> None:
    """Does one such job. Raises what the mail server refuses, so that the job is tried again."""
    person_id, day = UUID(payload["person_id"]), date.fromisoformat(payload["day"])
    async with database.connection() as db:
        address = (await emails(db)).get(person_id)
        reach = await reach_by_role(db, person_id, clock.now())
        notices = await queries.digest(db, person_id, reach, day)
    if address and notices:
        message = _message(mailer.sender, address, notices, clock, f"{day}.{person_id}")
        await to_thread.run_sync(mailer.send, message)
    async with database.connection() as db:
        await queries.digest_sent(db, person_id, day, clock.now())


def _message(sender: str, address: str, notices: list[Notice], clock: Clock, key: str) -> EmailMessage:
    """The key makes the same Message-ID, so that a digest sent twice by misfortune is one to mail programs."""
    message = EmailMessage()
    message["From"], message["To"] = sender, address
    message["Subject"] = say(DEFAULT, "mail.subject", count=len(notices))
    message["Date"] = format_datetime(clock.now().astimezone(BEIJING))
    message["Message-ID"] = f"<{key}@plumbline.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    lines = [f"· {sentence(notice.subject, notice.details, DEFAULT)}" for notice in notices]
    message.set_content("\n".join([say(DEFAULT, "mail.greeting"), "", *lines, "", say(DEFAULT, "mail.foot")]))
    return message
