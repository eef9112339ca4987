"""What an export can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class NothingSignedYet(Problem):
    """There is no checkpoint that covers what is to be exported; there will be within a second."""

    slug, status = "export-nothing-signed", HTTPStatus.CONFLICT


class ExportNotFound(Problem):
    """There is no such export, or none that this person may know of."""

    slug, status = "export-not-found", HTTPStatus.NOT_FOUND


class BundleNotThere(Problem):
    """The file could not be made, or was thrown away after its time; it can be ordered again."""

    slug, status = "bundle-not-there", HTTPStatus.CONFLICT
