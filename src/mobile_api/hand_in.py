"""The narrow door for a phone that was revoked, or on which nobody is signed in: it proves its key and hands in."""

from datetime import datetime
from typing import Annotated

from litestar import Response, Router, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from agency.http import OF_A_PHONE, OPEN
from agency.problems import HandInRefused
from agency.sign_in import Confidential
from evidence import hand_in
from evidence.custodian import Custodian
from foundation.http import declared
from foundation.problem import Malformed, TooLarge, UnsupportedContentType


class Challenge(Struct, frozen=True):
    """Goes into the proof within five minutes; each is good for one."""

    challenge: str


class ProofOfKey(Struct, frozen=True, forbid_unknown_fields=True):
    proof: Annotated[
        str,
        Meta(
            max_length=hand_in.MAX_PROOF_CHARACTERS,
            description="JWS compact serialisation; header alg ES256, kid the phone's id, typ plumbline-hand-in+jws; "
            "payload challenge.",
            examples=["eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJjaGFsbGVuZ2UiOiIuLi4ifQ.c2lnbmF0dXJl"],
        ),
    ]


class MayHandIn(Confidential, frozen=True):
    """The token commits, uploads and pushes operations for what this phone's key signed. It reads nothing else."""

    token: str
    expires_at: datetime


@get(
    "/hand-in",
    opt=OPEN,
    security=[{}],
    tags=["sign-in"],
    summary="A challenge for a phone's key",
    responses=declared(),
)
async def a_challenge(custodian: NamedDependency[Custodian]) -> Response[Challenge]:
    return Response(Challenge(hand_in.challenge(custodian)), headers={"Cache-Control": "no-store"})


@post(
    "/hand-in",
    opt=OPEN,
    security=[{}],
    tags=["sign-in"],
    summary="Prove the phone's key, to hand in what it captured",
    description="For a phone that was revoked or whose officer cannot sign in: nothing that it holds is lost. What it "
    "captured after the revocation is recorded and held.",
    responses=declared(Malformed, HandInRefused, TooLarge, UnsupportedContentType),
    response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
)
async def prove_key(data: JSONBody[ProofOfKey], custodian: NamedDependency[Custodian]) -> MayHandIn:
    given = await hand_in.hand_in(custodian, data.proof)
    return MayHandIn(given.token, given.expires_at)


router = Router("/mobile/v1", route_handlers=[a_challenge, prove_key], opt=OF_A_PHONE)
