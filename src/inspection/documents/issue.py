"""A document is numbered, printed, locked, and told to the custody chain: once, however often it is tried."""

from hashlib import sha256
from uuid import UUID, uuid4

from anyio import to_thread

from evidence.custodian import Custodian
from evidence.custody import Event, tell
from evidence.queries import content_of as received
from foundation.civil import day_of
from foundation.database import Connection
from foundation.problem import Spoken
from inspection.documents import queries
from inspection.documents.content import AnyContent, Kind, content_of, sha256_of
from inspection.documents.drawing import drawn
from inspection.documents.drawing_worker import MAX_BYTES
from inspection.documents.pdf import Sheet, pdf
from inspection.documents.problems import DocumentContentRefused, InspectionDocumentNotFound
from inspection.documents.queries import Issued, Numbered
from inspection.documents.signed import NOBODY, Signed, frozen, thawed
from inspection.documents.wording import word
from inspection.queries import inspections_by_id, one_by_one


async def issue(
    custodian: Custodian,
    inspection_id: UUID,
    text: str,
    issued_by: UUID,
    *,
    operation_id: UUID | None = None,
    signed: Signed = NOBODY,
) -> Issued:
    """Issues the content once; its number is kept even if what follows fails, and the next try prints the same bytes.

    `signed` counts where the content has no number yet, and its drawn signatures must have been received. Raises
    DocumentContentRefused, InspectionDocumentNotFound (no such inspection), and TryLater when the object store is away.
    """
    content = content_of(text)
    if content.inspection_id != inspection_id:
        raise DocumentContentRefused(why=Spoken("document-content.other-inspection"))
    async with custodian.database.transaction() as db:
        document = await _number(db, custodian, content, text, issued_by, operation_id, signed)
        already = await queries.issued(db, document.id)
    if already is not None:
        return already
    below = thawed(document.signed)
    sheet = Sheet(
        text=document.content,
        signed=below,
        number=document.number,
        issued_at=document.issued_at,
        pictures=await _pictures(custodian, below),
    )
    file = await to_thread.run_sync(pdf, sheet)  # lets go of the interpreter
    now = custodian.clock.now()
    stored = await custodian.store.put_locked(sha256(file).digest(), file, now + custodian.retention)
    async with custodian.database.transaction() as db:
        if await queries.add_file(db, document.id, stored, now):
            details = {
                "inspection_id": inspection_id,
                "document_id": document.id,
                "kind": document.kind,
                "number": document.number,
                "document_sha256": document.document_sha256.hex(),
                "pdf_sha256": stored.sha256.hex(),
            }
            await tell(db, Event.DOCUMENT_ISSUED, now, evidence_id=None, actor_id=document.issued_by, details=details)
        issued = await queries.issued(db, document.id)
    assert issued is not None
    return issued


async def _number(
    db: Connection,
    custodian: Custodian,
    content: AnyContent,
    text: str,
    issued_by: UUID,
    operation_id: UUID | None,
    signed: Signed,
) -> Numbered:
    """The document under its number, a new one where the content has none. In a transaction."""
    await one_by_one(db, [content.inspection_id])
    digest = sha256_of(text)
    known = await queries.numbered(db, content.inspection_id, digest)
    if known is not None:
        return known
    inspection = (await inspections_by_id(db, [content.inspection_id])).get(content.inspection_id)
    if inspection is None:
        raise InspectionDocumentNotFound
    kind, now = Kind(str(type(content).__struct_config__.tag)), custodian.clock.now()
    year = day_of(now).year
    ordinal = await queries.next_ordinal(db, inspection.unit_id, kind, year)
    document = Numbered(
        id=uuid4(),
        inspection_id=inspection.id,
        unit_id=inspection.unit_id,
        kind=kind,
        number=word(f"number.{kind}", year=year, ordinal=f"{ordinal:04d}"),
        document_sha256=digest,
        content=text,
        signed=frozen(signed),
        operation_id=operation_id,
        issued_by=issued_by,
        issued_at=now,
    )
    await queries.add_numbered(db, document, year, ordinal)
    return document


async def _pictures(custodian: Custodian, signed: Signed) -> dict[str, bytes]:
    """The drawn signatures by their SHA-256; what is no such picture is left out, and said to be lost on the paper."""
    wanted = [one.evidence_id for one in signed.signings if one.evidence_id is not None]
    async with custodian.database.connection() as db:
        found = [await received(db, evidence_id) for evidence_id in wanted]
    pictures = {}
    for _, stored, _ in filter(None, found):
        chunks = custodian.store.read(stored.key, stored.version_id, MAX_BYTES + 1)
        picture = await drawn(b"".join([chunk async for chunk in chunks]))
        if picture is not None:
            pictures[stored.sha256.hex()] = picture
    return pictures
