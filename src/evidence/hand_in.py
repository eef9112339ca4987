"""A phone on which nobody can sign in any more proves its key, and may hand in what it captured: see decision 0014."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec

from agency.problems import HandInRefused
from agency.queries import signatory
from agency.sign_in import Confidential, token_for_handing_in
from evidence import signing
from evidence.custodian import Custodian
from foundation.problem import Spoken

CHALLENGE_TYPE = "plumbline-challenge+jws"
PROOF_TYPE = "plumbline-hand-in+jws"
CHALLENGE_HOLDS = timedelta(minutes=5)
"""Long enough for a network of 1 kbit/s; a challenge is good for one proof anyway."""
HOURS = 24
"""How long one proof opens the door; a phone with more to bring proves its key again."""
MAX_PROOF_CHARACTERS = 4096


class HandedIn(Confidential, frozen=True):
    """The token is told this once."""

    token: str
    expires_at: datetime


class _Challenge(msgspec.Struct, frozen=True):
    at: datetime
    nonce: str


class _Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    challenge: str


def challenge(custodian: Custodian) -> str:
    """What a phone's key is to sign. Nothing is kept of it until it is answered."""
    made = _Challenge(custodian.clock.now(), secrets.token_urlsafe(24))
    return custodian.signer.sign(made, CHALLENGE_TYPE)


async def hand_in(custodian: Custodian, proof: str) -> HandedIn:
    """A token for the phone whose key signed the challenge. Raises HandInRefused."""
    phone_id = _claimed(proof)
    now = custodian.clock.now()
    async with custodian.database.transaction() as db:
        phone = await signatory(db, phone_id)
        if phone is None:
            raise HandInRefused(field="proof", why=Spoken("hand-in.proof"))
        try:
            payload = signing.payload_signed_by(proof, PROOF_TYPE, phone.algorithm, phone.public_key)
            answered = msgspec.json.decode(payload, type=_Proof).challenge
        except (signing.Unsigned, msgspec.DecodeError) as error:
            raise HandInRefused(field="proof", why=Spoken("hand-in.proof")) from error
        nonce = _nonce_of(custodian, answered, now)
        return HandedIn(*await token_for_handing_in(db, phone, sha256(nonce.encode()).digest(), now, hours=HOURS))


def _claimed(proof: str) -> UUID:
    try:
        return signing.key_id_of(proof)
    except signing.Unsigned as error:
        raise HandInRefused(field="proof", why=Spoken("hand-in.proof")) from error


def _nonce_of(custodian: Custodian, answered: str, now: datetime) -> str:
    """Of a challenge that this server made not long ago."""
    try:
        found = msgspec.json.decode(custodian.signer.signed(answered, CHALLENGE_TYPE), type=_Challenge)
    except (signing.Unsigned, msgspec.DecodeError) as error:
        raise HandInRefused(field="proof", why=Spoken("hand-in.challenge")) from error
    if now - found.at > CHALLENGE_HOLDS:
        raise HandInRefused(field="proof", why=Spoken("hand-in.challenge"))
    return found.nonce
