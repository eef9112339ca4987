"""What content review can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class NothingToReview(Problem):
    """The evidence is not admitted, was not captured by a device, or its review is concluded."""

    slug, status = "content-review-nothing", HTTPStatus.CONFLICT


class ReviewedAlready(Problem):
    """Everybody reviews a record once."""

    slug, status = "content-review-twice", HTTPStatus.CONFLICT


class OwnCapture(Problem):
    """Nobody reviews what they captured, or what somebody captured whose unit they head."""

    slug, status = "content-review-own", HTTPStatus.FORBIDDEN


class ReasonMissing(Problem):
    """A record that fails is failed for a reason that is said."""

    slug, status = "content-review-reason", HTTPStatus.UNPROCESSABLE_ENTITY
