"""What the inspection slice can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class OperationNotSigned(Problem):
    """The operation is not signed by a phone enrolled here, or not as the protocol says."""

    slug, status = "operation-not-signed", HTTPStatus.UNPROCESSABLE_ENTITY


class OperationConflicts(Problem):
    """Another operation is kept under this id. Both are on record; the first one holds."""

    slug, status = "operation-conflicts", HTTPStatus.CONFLICT


class OperationTimeReversed(Problem):
    """The earliest instant at which it was told lies after the latest."""

    slug, status = "operation-time-reversed", HTTPStatus.UNPROCESSABLE_ENTITY


class EvidenceAlreadyHere(Problem):
    """All its bytes have arrived: there is nothing left to ask its phone for."""

    slug, status = "evidence-already-here", HTTPStatus.CONFLICT


class NotYourInspection(Problem):
    """The inspection is another unit's, and the author is none of its officers."""

    slug, status = "not-your-inspection", HTTPStatus.FORBIDDEN


class NothingToVouchFor(Problem):
    """That phone told nothing of the inspection after its revocation, or somebody answers for it already."""

    slug, status = "nothing-to-vouch-for", HTTPStatus.CONFLICT


class OwnStatements(Problem):
    """Nobody answers for what their own phone told."""

    slug, status = "own-statements", HTTPStatus.FORBIDDEN
