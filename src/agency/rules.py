"""What agency decides, without looking anything up."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from agency.model import Credential, CredentialReason, CredentialStanding, PersonKind
from foundation.civil import day_of


def credential_standing(
    credentials: Iterable[Credential], person_kind: PersonKind, begins: datetime, ends: datetime
) -> CredentialStanding:
    """Judges the Beijing civil days from `begins` to `ends`, both included. Credentials may follow or overlap.

    Source: 行政处罚法 Art. 42, law enforcement officers must be qualified; both days on the card are valid days.
    """
    held = tuple(sorted(credentials, key=lambda credential: (credential.valid_from, credential.valid_until)))
    if person_kind is not PersonKind.OFFICER:
        return CredentialStanding(person_kind, held, (CredentialReason.NOT_AN_OFFICER,), partly=False)
    first, last = day_of(begins), day_of(ends)
    gaps = _days_without(held, first, last)
    reasons = tuple(dict.fromkeys(_why(held, since) for since, _ in gaps))
    return CredentialStanding(person_kind, held, reasons, partly=bool(gaps) and gaps != [(first, last)])


def _days_without(held: Iterable[Credential], first: date, last: date) -> list[tuple[date, date]]:
    """The stretches of first..last that no credential covers, all days inclusive."""
    gaps, day = [], first
    for credential in held:
        if credential.valid_from > last:
            break
        if credential.valid_from > day:
            gaps.append((day, credential.valid_from - timedelta(days=1)))
        if credential.valid_until >= last:
            return gaps
        day = max(day, credential.valid_until + timedelta(days=1))
    return [*gaps, (day, last)]


def _why(held: tuple[Credential, ...], since: date) -> CredentialReason:
    if not held:
        return CredentialReason.CREDENTIAL_MISSING
    if any(credential.valid_until < since for credential in held):
        return CredentialReason.CREDENTIAL_EXPIRED
    return CredentialReason.CREDENTIAL_NOT_YET_VALID
