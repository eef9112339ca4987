"""Signing in and out: a password for an opaque token, at a desk or on a phone whose key is enrolled on the way."""

import base64
import hashlib
import ipaddress
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import anyio
import msgspec
from anyio.lowlevel import RunVar
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.asymmetric import ec

from agency import queries
from agency.model import Actor, Person, Signatory
from agency.problems import HandInRefused, PhoneKeyRefused, SignInRefused, TooManyAttempts
from foundation.clock import Clock
from foundation.database import Connection, Database
from foundation.problem import Spoken

PHONE_ALGORITHM = "ES256"
TOKEN_BYTES = 32
WINDOW = timedelta(minutes=15)
MOST_FAILURES_BY_NAME = 5
MOST_FAILURES_BY_ADDRESS = 20
"""In a WINDOW. An office behind one address has many people who mistype; one name has one."""
HASHES_AT_ONCE = 2
"""One argon2 verification takes 64 MiB and a quarter of a second of one core."""

_argon2 = PasswordHasher()
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$zt3Gy9KM9qDv6p09yfMFpQ$JTFV056ApzpNhgPbXMzbNyLa80yPzGKZrCqBA+AnVg8"
"""Verified in place of the hash of a name that does not exist, so that the answer takes as long."""


class Confidential(msgspec.Struct, frozen=True):
    """Carries a secret, so that neither a log nor a traceback may show its fields."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class PhoneKey(msgspec.Struct, frozen=True):
    """A phone that signs in: what its owner calls it, and its public key as a JWK."""

    label: str
    public_key: Mapping[str, Any]


class SignIn(Confidential, frozen=True):
    """An attempt. `address` is where it comes from, for the rate limit."""

    sign_in_name: str
    password: str
    address: str
    phone: PhoneKey | None = None


class SignedIn(Confidential, frozen=True):
    """The token is told here once and never again; only its SHA-256 is kept."""

    token: str
    expires_at: datetime
    actor: Actor
    person: Person


async def sign_in(database: Database, clock: Clock, attempt: SignIn, *, hours: int) -> SignedIn:
    """A token that holds for `hours`. Raises PhoneKeyRefused, TooManyAttempts, SignInRefused, PhoneRevoked."""
    key = None if attempt.phone is None else p256_public_key(attempt.phone.public_key)
    name = normalised(attempt.sign_in_name)
    async with _password_slots():  # what waits here has not been counted yet, so a busy morning refuses nobody
        attempt_id = await _counted(database, clock, name, source_of(attempt.address))
        person_id = await _person_with(database, clock, name, attempt.password)
    if person_id is None:
        raise SignInRefused
    now = clock.now()
    token, expires_at = secrets.token_urlsafe(TOKEN_BYTES), now + timedelta(hours=hours)
    async with database.transaction() as db:
        await queries.attempt_succeeded(db, attempt_id)
        phone_id = None
        if attempt.phone is not None and key is not None:
            phone = await queries.enrol_phone(
                db, person_id, attempt.phone.label, PHONE_ALGORITHM, key, thumbprint(key), now
            )
            phone_id = phone.id
        await queries.add_token(db, digest(token), person_id, phone_id, now, expires_at)
        actor = await queries.actor_behind(db, digest(token), now)
        if actor is None:  # the account was closed while the password was being verified
            raise SignInRefused
        return SignedIn(token, expires_at, actor, await queries.person(db, person_id))


async def token_for_handing_in(
    db: Connection, phone: Signatory, challenge: bytes, now: datetime, *, hours: int
) -> tuple[str, datetime]:
    """A token for the phone, revoked or not, that answered the challenge (its SHA-256), and until when it holds.

    In a transaction. Raises HandInRefused: the challenge was answered before, or the person's account is closed.
    """
    token, expires_at = secrets.token_urlsafe(TOKEN_BYTES), now + timedelta(hours=hours)
    await queries.add_token(db, digest(token), phone.person_id, phone.phone_id, now, expires_at, challenge)
    if await queries.actor_behind(db, digest(token), now) is None:
        raise HandInRefused(field="proof", why=Spoken("hand-in.account"))
    return token, expires_at


async def sign_out(database: Database, clock: Clock, token_hash: bytes) -> None:
    """Revokes one token by its `digest`, which is `request.auth`."""
    async with database.transaction() as db:
        await queries.revoke_token(db, token_hash, clock.now())


async def sign_out_everywhere(database: Database, clock: Clock, person_id: UUID) -> None:
    """Revokes every token of a person: the phone was lost, the password was seen."""
    async with database.transaction() as db:
        await queries.revoke_tokens_of(db, person_id, clock.now())


def digest(token: str) -> bytes:
    """What is kept of a token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def hashed(password: str) -> str:
    """The password as `account` keeps it. Takes a quarter of a second: call it in a thread."""
    return _argon2.hash(password)


def normalised(sign_in_name: str) -> str:
    """The name as `account` keeps it."""
    return sign_in_name.strip().lower()


def source_of(address: str) -> str:
    """What counts as one address: an IPv6 user has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def p256_public_key(jwk: Mapping[str, Any]) -> dict[str, str]:
    """The four members that make the key, and nothing else. Raises PhoneKeyRefused for all but a P-256 public point."""
    if "d" in jwk:
        raise PhoneKeyRefused(field="phone.public_key.d")
    if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
        raise PhoneKeyRefused(field="phone.public_key.crv")
    x, y = (_coordinate(jwk, name) for name in ("x", "y"))
    try:
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:  # not on the curve
        raise PhoneKeyRefused(field="phone.public_key") from error
    return {"kty": "EC", "crv": "P-256", "x": jwk["x"], "y": jwk["y"]}


def thumbprint(key: Mapping[str, str]) -> str:
    """RFC 7638 with SHA-256, base64url without padding."""
    canonical = msgspec.json.encode({name: key[name] for name in ("crv", "kty", "x", "y")})
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


async def _counted(database: Database, clock: Clock, name: str, source: str) -> int:
    """Books the attempt as failed before it is made: attempts at the same time cannot pass the limit together."""
    async with database.transaction() as db:
        await queries.lock_attempts(db, name, source)
        now = clock.now()
        last = await queries.failure_in_the_way(
            db, name, source, now - WINDOW, MOST_FAILURES_BY_NAME, MOST_FAILURES_BY_ADDRESS
        )
        if last is None:
            return await queries.add_attempt(db, name, source, now)
    seconds = int((last + WINDOW - now).total_seconds()) + 1
    raise TooManyAttempts(minutes=-(-seconds // 60), headers={"Retry-After": str(seconds)})


async def _person_with(database: Database, clock: Clock, name: str, password: str) -> UUID | None:
    async with database.connection() as db:
        account = await queries.account(db, name, clock.now())
    person_id, password_hash = account or (None, _NOBODY)
    fits = await anyio.to_thread.run_sync(_verified, password_hash, password)
    return person_id if fits else None


def _verified(password_hash: str, password: str) -> bool:
    try:
        return _argon2.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _coordinate(jwk: Mapping[str, Any], name: str) -> int:
    """32 bytes in base64url without padding, in the one spelling there is: else one key would have two thumbprints."""
    text = jwk.get(name)
    try:
        raw = base64.urlsafe_b64decode(f"{text}=") if isinstance(text, str) and len(text) == 43 else b""
    except ValueError:
        raw = b""
    if len(raw) != 32 or base64.urlsafe_b64encode(raw) != f"{text}=".encode():
        raise PhoneKeyRefused(field=f"phone.public_key.{name}")
    return int.from_bytes(raw, "big")


_slots: RunVar[anyio.CapacityLimiter] = RunVar("agency.sign_in.slots")


def _password_slots() -> anyio.CapacityLimiter:
    """One limiter an event loop, because a limiter belongs to its loop."""
    try:
        return _slots.get()
    except LookupError:
        _slots.set(anyio.CapacityLimiter(HASHES_AT_ONCE))
        return _slots.get()
