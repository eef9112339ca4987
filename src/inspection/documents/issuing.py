"""What phones handed in becomes paper as soon as everybody has signed, or the party has refused."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from joserfc.jwk import ECKey
from msgspec import UNSET

from agency.model import Signatory
from agency.queries import people_by_id, signatories
from evidence.custodian import Custodian
from evidence.queries import Sought, search
from evidence.queries import content_of as received
from foundation.database import Connection
from inspection.documents import queries
from inspection.documents.content import AnyContent, content_of, sha256_of
from inspection.documents.issue import issue
from inspection.documents.problems import DocumentContentRefused
from inspection.documents.queries import Issued
from inspection.documents.signed import Refused, Signed, Signing, about, all_signed, told
from inspection.model import Document, Operation, Refusal, Signature
from inspection.queries import operations_of

log = structlog.get_logger("plumbline")


async def issue_when_signed(custodian: Custodian, inspection_id: UUID) -> list[Issued]:
    """Issues each document of the inspection that is signed and has not been issued, its drawn signatures received.

    For a job, after operations or the bytes of evidence have come; any number of times. Raises what `issue` raises,
    except that a content of which no document can be made is left aside and logged.
    """
    async with custodian.database.connection() as db:
        operations = (await operations_of(db, [inspection_id])).get(inspection_id, [])
        done = await queries.issued_digests(db, inspection_id)
    issued = []
    for operation, text, content in _ready(inspection_id, operations, done):
        async with custodian.database.connection() as db:
            signed = await _below(db, content, about(operations, sha256_of(text).hex()))
        if any(one.evidence_id is not None and one.picture_sha256 is None for one in signed.signings):
            continue  # a signature that was drawn is still on its way
        issued.append(
            await issue(
                custodian,
                inspection_id,
                text,
                operation.author,
                operation_id=operation.id,
                signed=signed,
            )
        )
    return issued


def _ready(
    inspection_id: UUID, operations: Sequence[Operation], done: set[bytes]
) -> list[tuple[Operation, str, AnyContent]]:
    """Each content once, with the first operation that handed it in."""
    found: list[tuple[Operation, str, AnyContent]] = []
    seen = set(done)
    for operation in operations:
        if not isinstance(operation.what, Document) or sha256_of(operation.what.content) in seen:
            continue
        text = operation.what.content
        seen.add(sha256_of(text))
        try:
            content = content_of(text)
        except DocumentContentRefused as refused:
            log.warning("no document of this content", operation=str(operation.id), why=str(refused))
            continue
        fits = content.inspection_id == inspection_id
        fits = fits and type(content).__struct_config__.tag == operation.what.kind
        if fits and all_signed(content, operations, sha256_of(text).hex()):
            found.append((operation, text, content))
    return found


async def _below(db: Connection, content: AnyContent, operations: Sequence[Operation]) -> Signed:
    """What stands below it; a drawn signature that has not been received has no `picture_sha256`."""
    people = await people_by_id(db, {operation.author for operation in operations})
    phones = await signatories(db, {operation.phone for operation in operations})
    credentials = {officer.person_id: officer.credential_no for officer in content.officers}
    signings, refusals = list[Signing](), list[Refused]()
    for operation in operations:
        match operation.what:
            case Refusal() as refusal:
                refusals.append(
                    Refused(
                        reason=refusal.reason,
                        witness_name=told(refusal.witness_name),
                        witness_contact=told(refusal.witness_contact),
                        told_by=people[operation.author].name_zh,
                        earliest=operation.earliest,
                        latest=operation.latest,
                        operation=operation.id,
                    )
                )
            case Signature() as signature:
                by_officer = signature.signer == "OFFICER"
                named = people[operation.author].name_zh if by_officer else told(signature.name)
                signings.append(
                    Signing(
                        signer=signature.signer,
                        name=named or content.party.person_on_site or content.party.name,
                        credential_no=credentials.get(operation.author) if by_officer else None,
                        thumbprint=_thumbprint(phones[operation.phone]),
                        earliest=operation.earliest,
                        latest=operation.latest,
                        operation=operation.id,
                        evidence_id=None if signature.evidence_id is UNSET else signature.evidence_id,
                        picture_sha256=await _picture(db, content, operation, signature),
                    )
                )
    signings.sort(key=lambda one: (("OFFICER", "PARTY", "WITNESS").index(one.signer), one.operation))
    return Signed(signings=signings, refusals=refusals)


async def _picture(db: Connection, content: AnyContent, operation: Operation, signature: Signature) -> str | None:
    """SHA-256 of the drawn signature, if it has been received, and one of those who were there captured it."""
    if signature.evidence_id is UNSET:
        return None
    found = await search(db, Sought(evidence_id=signature.evidence_id, most=1))
    there = {operation.author, *(officer.person_id for officer in content.officers)}
    if not found or found[0].officer_id not in there:
        return None
    kept = await received(db, signature.evidence_id)
    return None if kept is None else kept[1].sha256.hex()


def _thumbprint(phone: Signatory) -> str:
    return str(ECKey.import_key(phone.public_key).thumbprint())
