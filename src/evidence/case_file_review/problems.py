"""What the review of case files can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class CaseReviewNotFound(Problem):
    """There is no such campaign, file, or order, or none that this person may know of."""

    slug, status = "case-review-not-found", HTTPStatus.NOT_FOUND


class CaseReviewRefused(Problem):
    """The campaign, its sheet, or a judgement contradicts itself; `what` in the detail says where."""

    slug, status = "case-review-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class CaseReviewOutOfStep(Problem):
    """Committed before the period ends, drawn after it, judged, ordered, answered, decided, closed: once, in order."""

    slug, status = "case-review-out-of-step", HTTPStatus.CONFLICT


class CaseReviewUnreviewable(Problem):
    """For some files too few reviewers are free of conflict; `cases` names them. Nothing was drawn."""

    slug, status = "case-review-unreviewable", HTTPStatus.CONFLICT


class CaseReviewSamePerson(Problem):
    """Nobody decides on a reply of their own, and who closes neither replied nor accepted."""

    slug, status = "case-review-same-person", HTTPStatus.CONFLICT
