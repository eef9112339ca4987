"""What retention can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class HoldNotFound(Problem):
    """There is no such hold that was placed by hand, or it was lifted already."""

    slug, status = "hold-not-found", HTTPStatus.NOT_FOUND


class DisposalNotFound(Problem):
    """There is no such disposal list among those of my units."""

    slug, status = "disposal-not-found", HTTPStatus.NOT_FOUND


class NothingToDispose(Problem):
    """Nothing of this unit has outlived its term: there is nothing to list."""

    slug, status = "nothing-to-dispose", HTTPStatus.CONFLICT


class DisposalDecided(Problem):
    """The list was confirmed, withdrawn or carried out already."""

    slug, status = "disposal-decided", HTTPStatus.CONFLICT


class RehearserConfirms(Problem):
    """Whoever rehearsed a disposal does not confirm it."""

    slug, status = "rehearser-confirms", HTTPStatus.FORBIDDEN
