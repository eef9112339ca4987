"""A small picture that a phone made of its photograph, for a desk to look at until the original is here.

It is never evidence: no signature covers it, nothing compares it with the original, it has no verdict, no receipt and
no place in the custody chain. Once the original is here nobody is shown it any more.
"""

from uuid import UUID

from evidence import queries
from evidence.custodian import Custodian
from evidence.model import Courier
from evidence.problems import ThumbnailRefused
from evidence.upload import committed
from foundation.media_type import media_type_of

MAX_BYTES = 16 * 1024
"""The table refuses more, too. The web app makes them of 12 kB at most."""


async def keep_thumbnail(custodian: Custodian, evidence_id: UUID, picture: bytes, courier: Courier) -> None:
    """Whoever may upload the original may; the first stays, and none is kept once the original is here.

    Nothing is decoded. Raises NotCommitted, ThumbnailRefused.
    """
    async with custodian.database.transaction() as db:
        await committed(db, evidence_id, courier)
        if media_type_of(picture) != "image/jpeg":
            raise ThumbnailRefused
        await queries.add_thumbnail(db, evidence_id, picture, custodian.clock.now())
