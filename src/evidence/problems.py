"""What the evidence slice can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class CommitmentNotSigned(Problem):
    """The commitment is not a JWS that this phone's enrolled key signed, or its payload does not fit."""

    slug, status = "commitment-not-signed", HTTPStatus.UNPROCESSABLE_ENTITY


class CommitmentConflicts(Problem):
    """Another commitment stands under this evidence id."""

    slug, status = "commitment-conflicts", HTTPStatus.CONFLICT


class CaptureTimeReversed(Problem):
    """The earliest instant of capture lies after the latest, or the interval is absurdly wide."""

    slug, status = "capture-time-reversed", HTTPStatus.UNPROCESSABLE_ENTITY


class ClockReadingsRefused(Problem):
    """The time anchor is not one that this server signed for this phone, or the readings run backwards."""

    slug, status = "clock-readings-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class NotCommitted(Problem):
    """Bytes are offered, or asked about, for which there is no commitment."""

    slug, status = "not-committed", HTTPStatus.NOT_FOUND


class NoSuchUpload(Problem):
    """There is no upload here: never begun, terminated, or expired."""

    slug, status = "no-such-upload", HTTPStatus.NOT_FOUND


class LengthDiffers(Problem):
    """Upload-Length is not the size that was committed."""

    slug, status = "length-differs", HTTPStatus.CONFLICT


class OffsetDiffers(Problem):
    """Upload-Offset is not where the upload stands (tus: 409)."""

    slug, status = "offset-differs", HTTPStatus.CONFLICT


class RangeDiffers(Problem):
    """A range that had already come was sent again with other bytes."""

    slug, status = "range-differs", HTTPStatus.CONFLICT


class TakenOver(Problem):
    """Another request continues this upload; this one's bytes were not taken."""

    slug, status = "taken-over", HTTPStatus.CONFLICT


class LongerThanCommitted(Problem):
    """More bytes came than were committed."""

    slug, status = "longer-than-committed", HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ChecksumMismatch(Problem):
    """The bytes of one request do not have the checksum it announced (tus checksum extension: 460)."""

    slug, status = "checksum-mismatch", 460


class ChecksumUnknown(Problem):
    """The checksum algorithm is not one of those announced."""

    slug, status = "checksum-unknown", HTTPStatus.BAD_REQUEST


class DigestMismatch(Problem):
    """The whole file has not the digest that was committed; the upload begins anew."""

    slug, status = "digest-mismatch", HTTPStatus.UNPROCESSABLE_ENTITY


class NotYetReceived(Problem):
    """The bytes are not here yet, so nothing can be judged."""

    slug, status = "not-yet-received", HTTPStatus.CONFLICT


class NotAdmissible(Problem):
    """The evidence is kept and locked, but does not count; `reasons` says why, all of it."""

    slug, status = "not-admissible", HTTPStatus.CONFLICT


class ThumbnailRefused(Problem):
    """A thumbnail is a JPEG; this is none by its first bytes."""

    slug, status = "thumbnail-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class UploadTooLarge(Problem):
    """Larger than this installation takes in one file."""

    slug, status = "upload-too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TraceItemNotOpen(Problem):
    """There is a conclusion about the evidence already: confirmed, or waiting for a second person."""

    slug, status = "trace-item-not-open", HTTPStatus.CONFLICT


class TraceItemNotConcluded(Problem):
    """There is no conclusion about the evidence that could be confirmed or sent back."""

    slug, status = "trace-item-not-concluded", HTTPStatus.CONFLICT


class ConcluderConfirms(Problem):
    """Who concluded about evidence in a reverse trace does not confirm it."""

    slug, status = "concluder-confirms", HTTPStatus.FORBIDDEN


class OwnEvidence(Problem):
    """Who captured evidence neither concludes about it in a reverse trace nor confirms."""

    slug, status = "own-evidence", HTTPStatus.FORBIDDEN


class ReasonNeeded(Problem):
    """The unit's policy wants to know for what somebody looks; give a reason, then ask again."""

    slug, status = "reason-needed", HTTPStatus.PRECONDITION_REQUIRED


class EvidenceDisposed(Problem):
    """These bytes were disposed of: nothing can hold them, and they are not taken in again."""

    slug, status = "evidence-disposed", HTTPStatus.CONFLICT
