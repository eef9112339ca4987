"""What only a page can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class FormExpired(Problem):
    """The form came without the token that this browser was given with it: another site sent it, or cookies are off."""

    slug, status = "form-expired", HTTPStatus.FORBIDDEN
