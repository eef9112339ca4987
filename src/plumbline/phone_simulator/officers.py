"""Officers for a run: made by the operator in the database, so that no password is asked a thousand times."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import anyio
from joserfc.jwk import ECKey

from agency import queries as agency
from agency.model import PersonKind, Role
from agency.sign_in import PHONE_ALGORITHM, digest, hashed, p256_public_key, thumbprint
from foundation.civil import day_of

if TYPE_CHECKING:
    from uuid import UUID

    from foundation.clock import Clock
    from foundation.database import Database

TOKEN_LASTS = timedelta(hours=12)


class SimulatedOfficer(NamedTuple):
    """Somebody who is signed in on a phone: the private key exists nowhere else."""

    person_id: UUID
    phone_id: UUID
    credential_no: str
    key: ECKey
    token: str


async def make(database: Database, clock: Clock, unit_id: UUID, number: int) -> list[SimulatedOfficer]:
    """So many field officers of the unit, named as simulated ones, with a credential that is good today."""
    nobody_knows_it = await anyio.to_thread.run_sync(hashed, secrets.token_urlsafe())
    run, now = secrets.token_hex(4), clock.now()
    today = day_of(now)
    made = []
    async with database.transaction() as db:
        for index in range(number):
            name = f"simulated-{run}-{index:05}"
            key, token = ECKey.generate_key("P-256"), secrets.token_urlsafe()
            public = p256_public_key(key.as_dict(private=False))
            person = await agency.add_person(
                db, PersonKind.OFFICER, f"模拟执法人员 {index}", f"Simulated {index}", unit_id
            )
            await agency.add_credential(
                db, person.id, name, "模拟", today - timedelta(days=365), today + timedelta(days=365)
            )
            await agency.grant(db, person.id, Role.FIELD_OFFICER, unit_id, now)
            await agency.open_account(db, name, person.id, nobody_knows_it)
            phone = await agency.enrol_phone(db, person.id, name, PHONE_ALGORITHM, public, thumbprint(public), now)
            await agency.add_token(db, digest(token), person.id, phone.id, now, now + TOKEN_LASTS)
            made.append(SimulatedOfficer(person.id, phone.id, name, key, token))
    return made


async def dismiss(database: Database, clock: Clock, officers: list[SimulatedOfficer]) -> None:
    """Closes their accounts: none of them can be used again. What they handed in stays."""
    async with database.transaction() as db:
        for officer in officers:
            await agency.close_account(db, officer.person_id, clock.now())
