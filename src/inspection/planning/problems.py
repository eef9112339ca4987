"""What planning can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class InspectionNotFound(Problem):
    """There is no such inspection, or none that this person may know of."""

    slug, status = "inspection-not-found", HTTPStatus.NOT_FOUND


class PlanNotFound(Problem):
    """There is no such plan, or none that this person may know of."""

    slug, status = "inspection-plan-not-found", HTTPStatus.NOT_FOUND


class PlanDays(Problem):
    """The plan ends before it begins, or is published after it begins."""

    slug, status = "inspection-plan-days", HTTPStatus.UNPROCESSABLE_ENTITY


class EnterpriseRefused(Problem):
    """The number does not check itself (GB 32100-2015), or an enterprise is named twice."""

    slug, status = "inspection-enterprise", HTTPStatus.UNPROCESSABLE_ENTITY


class ItemNotOpen(Problem):
    """The unit may not carry out the item on every one of these days: not published, not granted, another's."""

    slug, status = "inspection-item-not-open", HTTPStatus.UNPROCESSABLE_ENTITY


class TeamRefused(Problem):
    """Fewer than two officers, or one who is not credentialed on the day; `people` in the answer names them."""

    slug, status = "inspection-team", HTTPStatus.UNPROCESSABLE_ENTITY


class AlreadyApproved(Problem):
    """It has been approved; once is enough."""

    slug, status = "inspection-already-approved", HTTPStatus.CONFLICT


class ApprovesOwnVisit(Problem):
    """Whoever goes does not approve it."""

    slug, status = "inspection-approves-own", HTTPStatus.CONFLICT


class AlreadyClosed(Problem):
    """The inspection is closed, or has begun and cannot be merged any more."""

    slug, status = "inspection-past-planning", HTTPStatus.CONFLICT


class CapReached(Problem):
    """The enterprise has been visited as often as the unit may this year."""

    slug, status = "inspection-cap-reached", HTTPStatus.CONFLICT


class MergeRefused(Problem):
    """Not two open visits of two units to one enterprise within the window."""

    slug, status = "visit-merge-refused", HTTPStatus.CONFLICT


class MergeNotFound(Problem):
    """There is no such proposal, or none that this person may know of."""

    slug, status = "visit-merge-not-found", HTTPStatus.NOT_FOUND


class MergeAnswered(Problem):
    """It has been answered, or has ended, or nobody has agreed to it."""

    slug, status = "visit-merge-answered", HTTPStatus.CONFLICT
