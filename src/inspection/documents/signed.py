"""Who signed a document, or that the party would not: what of it is printed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from inspection.documents.content import AnyContent, OrderToCorrect, RecordContent
from inspection.model import Operation, Refusal, Signature


class Signing(Struct, frozen=True, kw_only=True):
    """One signature. An officer's is made by the key in a phone (`thumbprint`, RFC 7638); a party's or a witness's is
    drawn on the officer's phone, kept as evidence, and vouched for by that officer's key.
    """

    signer: Literal["OFFICER", "PARTY", "WITNESS"]
    name: str
    credential_no: str | None
    thumbprint: str
    earliest: datetime
    latest: datetime
    operation: UUID
    evidence_id: UUID | None
    picture_sha256: str | None


class Refused(Struct, frozen=True, kw_only=True):
    """The party would not sign. Source: 行政强制法 Art. 18."""

    reason: str
    witness_name: str | None
    witness_contact: str | None
    told_by: str
    earliest: datetime
    latest: datetime
    operation: UUID


class Signed(Struct, frozen=True, kw_only=True):
    """All that stands below a document; frozen when it is numbered, so that it can be printed again."""

    signings: list[Signing]
    refusals: list[Refused]


NOBODY = Signed(signings=[], refusals=[])
"""Below what is only handed over."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Signed)


def frozen(signed: Signed) -> str:
    return _ENCODER.encode(signed).decode()


def thawed(text: str) -> Signed:
    return _DECODER.decode(text)


def needs_signatures(content: AnyContent) -> bool:
    return isinstance(content, RecordContent | OrderToCorrect)


def about(operations: Iterable[Operation], sha256: str) -> list[Operation]:
    """The signatures and refusals of that text that no other one of the same person and key replaces, by id."""
    found = [
        operation
        for operation in operations
        if isinstance(operation.what, Signature | Refusal) and operation.what.document_sha256 == sha256
    ]
    keys = {operation.id: operation.key for operation in found}
    replaced = {
        earlier
        for operation in found
        for earlier in operation.replaces
        if earlier != operation.id and keys.get(earlier) == operation.key
    }
    return sorted((one for one in found if one.id not in replaced), key=lambda operation: operation.id)


def all_signed(content: AnyContent, operations: Iterable[Operation], sha256: str) -> bool:
    """Whether each officer named in it has signed, and the party has signed or refused.

    Source: 行政处罚法 Art. 55; one sign-in never signs for two, so that the author counts and not the name. The party
    signs by hand: without a drawing it has not.
    """
    if not needs_signatures(content):
        return True
    found = about(operations, sha256)
    officers = {one.author for one in found if isinstance(one.what, Signature) and one.what.signer == "OFFICER"}
    party = any(
        isinstance(one.what, Refusal)
        or (isinstance(one.what, Signature) and one.what.signer == "PARTY" and one.what.evidence_id is not UNSET)
        for one in found
    )
    return party and {officer.person_id for officer in content.officers} <= officers


def told(value: str | UnsetType) -> str | None:
    return None if value is UNSET else value
