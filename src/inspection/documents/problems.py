"""What the papers of an inspection can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class DocumentContentRefused(Problem):
    """The content is none that a document can be made of, or is not written in its canonical form."""

    slug, status = "document-content-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class InspectionDocumentNotFound(Problem):
    """There is no such document, or none that this person may read."""

    slug, status = "inspection-document-not-found", HTTPStatus.NOT_FOUND
