"""What a drawing can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class DrawingNotFound(Problem):
    """There is no such drawing, or none that this person may know of."""

    slug, status = "drawing-not-found", HTTPStatus.NOT_FOUND


class DrawingPoolRefused(Problem):
    """The pools contradict themselves; `what` in the detail says where."""

    slug, status = "drawing-pool", HTTPStatus.UNPROCESSABLE_ENTITY


class DrawingOutOfStep(Problem):
    """Made, frozen, drawn, published: each once, in this order. `step` is how far it has come."""

    slug, status = "drawing-out-of-step", HTTPStatus.CONFLICT


class DrawingBeacon(Problem):
    """The public number that was named in advance is given with the draw, and none where none was named."""

    slug, status = "drawing-beacon", HTTPStatus.UNPROCESSABLE_ENTITY


class DrawingInfeasible(Problem):
    """Too few enterprises are left that enough officers may inspect that day. Nothing was drawn."""

    slug, status = "drawing-infeasible", HTTPStatus.CONFLICT
