"""Every kept time stamp is verified anew, over the checkpoint that stands under its size."""

from typing import NamedTuple

from evidence.transparency_log import queries
from evidence.transparency_log.findings import Fault, Finding
from evidence.transparency_log.rules.note import Note, NoteRefused
from evidence.transparency_log.time_stamp import NoOpenssl, TokenRefused, checked_again
from foundation.database import Database

AT_ONCE = 100


class Tokens(NamedTuple):
    """`unchecked`: nothing is known about so many."""

    held: int
    unchecked: int
    findings: list[Finding]


async def examine_tokens(database: Database, trust: str) -> Tokens:
    """One after the other; each takes openssl some hundredths of a second."""
    held, unchecked, findings = 0, 0, list[Finding]()
    after = (-1, "")
    while True:
        async with database.connection() as db:
            some = await queries.time_tokens_after(db, *after, AT_ONCE)
        if not some:
            return Tokens(held, unchecked, findings)
        after = (some[-1].size, some[-1].authority)
        for one in some:
            try:
                fault = await _fault_of(one, trust)
            except NoOpenssl:
                unchecked += 1
                continue
            if fault is None:
                held += 1
            else:
                findings.append(Finding(Fault.TIME_TOKEN_FALSE, None, f"{one.size} {one.authority}: {fault}"))


async def _fault_of(kept: queries.TimeToken, trust: str) -> str | None:
    """Raises NoOpenssl, also where nobody is trusted."""
    if not trust:
        raise NoOpenssl("no certificates vouch for any authority")
    try:
        at = await checked_again(Note.parse(kept.note).text.encode(), kept.token, trust)
    except NoOpenssl:
        raise
    except (TokenRefused, NoteRefused) as refused:
        return str(refused)
    return None if at == kept.at else f"{at.isoformat()} is not {kept.at.isoformat()}"
