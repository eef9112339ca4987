"""Does what a phone told still count, once the phone is revoked?"""

from datetime import datetime


def told_after_revocation(revoked_at: datetime | None, received_at: datetime, latest_by_clock: datetime | None) -> bool:
    """Whether nobody can show that it was told before: it came here later, and no clock under an anchor bounds it.

    What the phone claims says nothing, even within what its clock allows: whoever has it can set its date back.
    See decision 0014.
    """
    if revoked_at is None or received_at < revoked_at:
        return False
    return latest_by_clock is None or latest_by_clock >= revoked_at
