"""What clues can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class ClueNotFound(Problem):
    """There is no such clue, or none that this person may know of."""

    slug, status = "clue-not-found", HTTPStatus.NOT_FOUND


class ClueNumberTaken(Problem):
    """A clue of this channel has this number already."""

    slug, status = "clue-number-taken", HTTPStatus.CONFLICT


class ClueMovedOn(Problem):
    """Somebody else has taken a step since the caller looked; look again."""

    slug, status = "clue-moved-on", HTTPStatus.CONFLICT


class ClueStepNotNow(Problem):
    """As the clue stands, that step cannot be taken; `possible` names those that can."""

    slug, status = "clue-step-not-now", HTTPStatus.CONFLICT


class ClueConflict(Problem):
    """Nobody handles a clue about themselves, the unit that they head, or the head of their own unit."""

    slug, status = "clue-conflict", HTTPStatus.FORBIDDEN


class ClueNotYours(Problem):
    """The clue is assigned to somebody else, or the step is not for this person's role."""

    slug, status = "clue-not-yours", HTTPStatus.FORBIDDEN


class ClueHandledBySelf(Problem):
    """Whoever handled a clue does not close it."""

    slug, status = "clue-handled-by-self", HTTPStatus.FORBIDDEN


class ClueRefused(Problem):
    """What was entered does not fit: `field` says what."""

    slug, status = "clue-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class ReporterGone(Problem):
    """Nobody is kept as having told of this clue: never known, or erased."""

    slug, status = "clue-reporter-gone", HTTPStatus.NOT_FOUND
