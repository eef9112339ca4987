"""An entry with its proof as a stranger gets it: in an answer, or in a bundle."""

import base64
from typing import Annotated

import msgspec
from msgspec import Meta

from evidence.transparency_log.model import Field
from evidence.transparency_log.proving import Opening, Proven

Hash = Annotated[str, Meta(description="SHA-256, Base64", examples=["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="])]


class OpeningShown(msgspec.Struct, frozen=True):
    """SHA-256 of salt and value stands in the leaf. Both null: erased."""

    salt: Annotated[str | None, Meta(description="16 bytes, Base64")]
    value: str | None


class EntryProven(msgspec.Struct, frozen=True):
    index: Annotated[int, Meta(description="Of the leaf, from 0")]
    leaf: Annotated[str, Meta(description="What was hashed: eight lines, each ended by a line feed")]
    actor: OpeningShown
    phone: OpeningShown
    details: OpeningShown
    proof: list[Hash]


def entry_shown(one: Proven) -> EntryProven:
    """As a stranger gets it, in an answer or in a bundle."""
    opened = {field: _opened(one.openings[field]) for field in Field}
    return EntryProven(
        one.index, one.leaf, opened[Field.ACTOR], opened[Field.PHONE], opened[Field.DETAILS], in_base64(one.proof)
    )


def _opened(opening: Opening) -> OpeningShown:
    salt = None if opening.salt is None else base64.b64encode(opening.salt).decode()
    return OpeningShown(salt, opening.value)


def in_base64(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]
