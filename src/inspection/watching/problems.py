"""What watching can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class NothingToWatch(Problem):
    """There is no such record, or none that this person may read; or a search without any condition."""

    slug, status = "watch-nothing", HTTPStatus.NOT_FOUND


class WatchNotFound(Problem):
    """Nothing of that id is watched by this person, or not any more."""

    slug, status = "watch-not-found", HTTPStatus.NOT_FOUND


class TooManyWatches(Problem):
    """Somebody watches as much as one person can read about."""

    slug, status = "watch-too-many", HTTPStatus.CONFLICT
