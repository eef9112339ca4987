"""Contents and signatures with sensible defaults, after the published vectors."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw

from inspection.documents.content import sha256_of
from inspection.documents.drawing_worker import redrawn
from inspection.documents.pdf import Sheet
from inspection.documents.signed import Refused, Signed, Signing
from inspection.model import Inspection
from tests.builders import OfficerWithPhone

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors/record.json").read_text("utf-8"))
SIGNED_AT = datetime(2026, 11, 24, 6, 43, tzinfo=UTC)


def written(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def a_text(which: int = 0, **members: Any) -> str:
    """The vector of that index with other members."""
    return written(VECTORS[which]["content"] | members)


def of_inspection(inspection: Inspection, *officers: OfficerWithPhone, which: int = 0, **members: Any) -> str:
    """A content of this inspection, to be signed by these officers."""
    [pattern, *_] = VECTORS[which]["content"]["officers"]
    named = [
        pattern | {"person_id": str(officer.person_id), "credential_no": f"X-{at}"}
        for at, officer in enumerate(officers)
    ]
    return a_text(which, inspection_id=str(inspection.id), officers=named, **members)


def digest(text: str) -> str:
    return sha256_of(text).hex()


def a_signature(colour: tuple[int, int, int] = (10, 20, 120), size: tuple[int, int] = (600, 300)) -> bytes:
    """A PNG as the pad makes it: strokes on nothing."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(picture).line([(30, 200), (160, 40), (300, 220), (560, 60)], fill=(*colour, 255), width=8)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def a_signing(signer: Any = "OFFICER", name: str = "执法人员甲", picture: bytes | None = None) -> Signing:
    return Signing(
        signer=signer,
        name=name,
        credential_no="17010001" if signer == "OFFICER" else None,
        thumbprint="NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        earliest=SIGNED_AT,
        latest=SIGNED_AT + timedelta(seconds=9),
        operation=UUID(int=7),
        evidence_id=None if picture is None else UUID(int=8),
        picture_sha256=None if picture is None else hashlib.sha256(picture).hexdigest(),
    )


def a_refusal(reason: str = "称等法定代表人到场再签") -> Refused:
    return Refused(
        reason=reason,
        witness_name="见证人己",
        witness_contact=None,
        told_by="执法人员甲",
        earliest=SIGNED_AT,
        latest=SIGNED_AT,
        operation=UUID(int=9),
    )


def a_sheet(text: str, *signings: Signing, picture: bytes | None = None, refusals: tuple[Refused, ...] = ()) -> Sheet:
    return Sheet(
        text=text,
        signed=Signed(signings=list(signings), refusals=list(refusals)),
        number="检录〔2026〕0001号",
        issued_at=SIGNED_AT,
        pictures=_drawn(picture),
    )


def _drawn(picture: bytes | None) -> dict[str, bytes]:
    found = None if picture is None else redrawn(picture)
    return {} if picture is None or found is None else {hashlib.sha256(picture).hexdigest(): found}
