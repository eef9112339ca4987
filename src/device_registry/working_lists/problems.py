"""What planning a verification can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class PlanStepOutOfOrder(Problem):
    """Only what is at the body returns, only what is planned is cancelled. `tags` are the devices it does not fit."""

    slug, status = "plan-step-out-of-order", HTTPStatus.CONFLICT
