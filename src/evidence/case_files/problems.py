"""What a case file can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class CaseNotFound(Problem):
    """There is no such case, or none that this person may know of."""

    slug, status = "case-not-found", HTTPStatus.NOT_FOUND


class CaseNumberTaken(Problem):
    """The unit has opened a case under this number."""

    slug, status = "case-number-taken", HTTPStatus.CONFLICT


class EvidenceNotUsable(Problem):
    """The evidence does not count, or its content has not passed a review; `reasons` says why."""

    slug, status = "evidence-not-usable", HTTPStatus.CONFLICT


class CaseClosed(Problem):
    """The case is closed already (结案); that happens once."""

    slug, status = "case-closed", HTTPStatus.CONFLICT


class CaseOfficerRefused(Problem):
    """Whoever handles a case is an officer of the units that this person reaches."""

    slug, status = "case-officer-refused", HTTPStatus.UNPROCESSABLE_ENTITY
