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
