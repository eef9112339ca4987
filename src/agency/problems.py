"""What agency can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class SignInRefused(Problem):
    """An unknown name, a wrong password or a closed account: which of them is not told."""

    slug, status = "sign-in-refused", HTTPStatus.UNAUTHORIZED


class TooManyAttempts(Problem):
    """Too many failed sign-ins for this name or from this address. `Retry-After` says when it may go on."""

    slug, status = "too-many-attempts", HTTPStatus.TOO_MANY_REQUESTS


class PhoneKeyRefused(Problem):
    """The key that a phone wants to enrol is not a P-256 public key, or is more than that."""

    slug, status = "phone-key-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class PhoneRevoked(Problem):
    """The phone with this key was revoked for this person; it takes no more sign-ins."""

    slug, status = "phone-revoked", HTTPStatus.FORBIDDEN


class HandInRefused(Problem):
    """The phone did not prove its key: another key, a challenge that is too old or was answered before."""

    slug, status = "hand-in-refused", HTTPStatus.UNAUTHORIZED


class UnitPeriodOverlaps(Problem):
    """The unit already stands in some form on days of that period."""

    slug, status = "unit-period-overlaps", HTTPStatus.CONFLICT


class UnitOutOfPlace(Problem):
    """A unit would hang below itself, or below a unit that does not stand on that day."""

    slug, status = "unit-out-of-place", HTTPStatus.UNPROCESSABLE_ENTITY


class CredentialNumberTaken(Problem):
    """That issuer has already issued a credential with that number."""

    slug, status = "credential-number-taken", HTTPStatus.CONFLICT


class SignInNameTaken(Problem):
    """Another account signs in by that name."""

    slug, status = "sign-in-name-taken", HTTPStatus.CONFLICT


class SupervisionCodeRefused(Problem):
    """One of the codes cannot stand for an enterprise; `what` says which and why."""

    slug, status = "supervision-code-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class SupervisionCodePlanned(Problem):
    """One of the codes stands for an enterprise from that day or a later one on already."""

    slug, status = "supervision-code-planned", HTTPStatus.CONFLICT
