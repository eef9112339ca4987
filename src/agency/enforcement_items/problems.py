"""What the catalogue can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class ItemUnknown(Problem):
    """No enforcement item has that code."""

    slug, status = "enforcement-item-unknown", HTTPStatus.UNPROCESSABLE_ENTITY


class UnitOutOfReach(Problem):
    """No unit that the person administers."""

    slug, status = "unit-out-of-reach", HTTPStatus.UNPROCESSABLE_ENTITY


class VersionPlanned(Problem):
    """Another version begins on that day or later already."""

    slug, status = "later-version-planned", HTTPStatus.CONFLICT


class EmpowermentOverlaps(Problem):
    """The street is empowered for that item on days of that period already."""

    slug, status = "empowerment-overlaps", HTTPStatus.CONFLICT


class NotAStreet(Problem):
    """Only streets are empowered; other units have their own catalogue."""

    slug, status = "empowered-unit-no-street", HTTPStatus.UNPROCESSABLE_ENTITY


class DaysOutOfOrder(Problem):
    """The last day lies before the first, or in the past: what was carried out by then stays lawful."""

    slug, status = "days-out-of-order", HTTPStatus.UNPROCESSABLE_ENTITY


class NothingToEnd(Problem):
    """It does not hold today or later, so there is nothing to end."""

    slug, status = "nothing-to-end", HTTPStatus.CONFLICT


class PointTwice(Problem):
    """Two points of the checklist have the same code."""

    slug, status = "checklist-point-twice", HTTPStatus.UNPROCESSABLE_ENTITY
