"""What the inbox can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class NoticeNotFound(Problem):
    """There is no such notice, or none for this person."""

    slug, status = "notice-not-found", HTTPStatus.NOT_FOUND
