"""What the device registry can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class DeviceNotFound(Problem):
    """No device has that id or number, or none that this person may know of."""

    slug, status = "device-not-found", HTTPStatus.NOT_FOUND


class NotPublished(Problem):
    """No device of that number was announced; whether there is one at all is not told."""

    slug, status = "not-published", HTTPStatus.NOT_FOUND


class DeviceTagTaken(Problem):
    """Another device carries that number."""

    slug, status = "device-tag-taken", HTTPStatus.CONFLICT


class DeviceKindUnknown(Problem):
    """The catalogue has no such kind."""

    slug, status = "device-kind-unknown", HTTPStatus.UNPROCESSABLE_ENTITY


class UnitUnknown(Problem):
    """There is no such unit, or none that this person manages devices of."""

    slug, status = "device-unit-unknown", HTTPStatus.UNPROCESSABLE_ENTITY


class RequirementTooWeak(Problem):
    """A device may be held to more than its kind is, never to less: that would be a way around verification."""

    slug, status = "requirement-too-weak", HTTPStatus.UNPROCESSABLE_ENTITY


class ChannelUnknown(Problem):
    """The kind of the device has other channels, or none: a result names the channel it is about."""

    slug, status = "channel-unknown", HTTPStatus.UNPROCESSABLE_ENTITY


class FactAlreadyRecorded(Problem):
    """The same document or event is recorded for this device. Facts are added, never edited."""

    slug, status = "fact-already-recorded", HTTPStatus.CONFLICT


class DateNotPlausible(Problem):
    """A fact lies in the future, or on a day no document of this register can bear."""

    slug, status = "date-not-plausible", HTTPStatus.UNPROCESSABLE_ENTITY


class ValidUntilTooEarly(Problem):
    """The last valid day lies before the day of the verification."""

    slug, status = "valid-until-too-early", HTTPStatus.UNPROCESSABLE_ENTITY


class ConclusionDoesNotFit(Problem):
    """The conclusion says something else about the device than its registration does."""

    slug, status = "conclusion-does-not-fit", HTTPStatus.UNPROCESSABLE_ENTITY


class DeviceRetired(Problem):
    """Retirement is final: the device cannot go into service after it."""

    slug, status = "device-retired", HTTPStatus.CONFLICT


class ImportUnreadable(Problem):
    """The file is no spreadsheet within the limits; `detail` says what it is instead."""

    slug, status = "import-unreadable", HTTPStatus.UNPROCESSABLE_ENTITY


class ImportColumns(Problem):
    """The columns of the file do not say what is needed, or the mapping names something that is not there.

    `headings` are those found, and `proposal` is a mapping to look at.
    """

    slug, status = "import-columns", HTTPStatus.UNPROCESSABLE_ENTITY


class ImportRefused(Problem):
    """Rows were refused, so nothing was written. `rows` has the first of them, `reasons` names all."""

    slug, status = "import-refused", HTTPStatus.UNPROCESSABLE_ENTITY


class ImportNotPreviewed(Problem):
    """The preview named is one of another file or another mapping. `preview` names the one of what was sent now."""

    slug, status = "import-not-previewed", HTTPStatus.CONFLICT


class ImportChanged(Problem):
    """The register has changed since the preview: the file would come to something else, the new `preview`."""

    slug, status = "import-changed", HTTPStatus.CONFLICT


class FactNotFound(Problem):
    """No fact of this device has that id, or it was corrected before."""

    slug, status = "fact-not-found", HTTPStatus.NOT_FOUND


class FactNotCorrectable(Problem):
    """A site version is not corrected: reviews and announcements speak of it. Propose another one."""

    slug, status = "fact-not-correctable", HTTPStatus.CONFLICT


class CorrectionDiffers(Problem):
    """The replacement is a fact of another kind than what it replaces."""

    slug, status = "correction-differs", HTTPStatus.UNPROCESSABLE_ENTITY


class CertificateOfAnother(Problem):
    """The serial number on the certificate is another than the device's."""

    slug, status = "certificate-of-another", HTTPStatus.UNPROCESSABLE_ENTITY


class BodyNotAuthorised(Problem):
    """The body is known here, and was not authorised to verify such a device on that day."""

    slug, status = "body-not-authorised", HTTPStatus.UNPROCESSABLE_ENTITY


class StepNotAllowed(Problem):
    """The device, or the version of its site, is not where this step could be taken."""

    slug, status = "life-cycle-step", HTTPStatus.CONFLICT


class SitingNotNeeded(Problem):
    """What is held in the hand is no electronic monitoring device: it is neither reviewed nor announced."""

    slug, status = "siting-not-needed", HTTPStatus.CONFLICT


class LegalBasisTooLow(Problem):
    """Only a law or an administrative regulation allows an electronic monitoring device (art. 41)."""

    slug, status = "legal-basis-too-low", HTTPStatus.UNPROCESSABLE_ENTITY


class SiteVersionNotFound(Problem):
    """The device has no such version of its site."""

    slug, status = "site-version-not-found", HTTPStatus.NOT_FOUND


class ReviewerIsProposer(Problem):
    """Who proposed a site does not review it."""

    slug, status = "reviewer-is-proposer", HTTPStatus.FORBIDDEN


class ReviewIncomplete(Problem):
    """A review passes only when every point of it is confirmed."""

    slug, status = "review-incomplete", HTTPStatus.UNPROCESSABLE_ENTITY


class NotUsableYet(Problem):
    """Announced, but not for as many days as policy asks."""

    slug, status = "not-usable-yet", HTTPStatus.CONFLICT


class NotVerifiedNow(Problem):
    """Without a valid verification, or a written conclusion that none is needed, nothing goes into service."""

    slug, status = "not-verified-now", HTTPStatus.CONFLICT


class VerifiedElsewhere(Problem):
    """A fixed speed meter is verified where it stands; this one was moved since its last verification."""

    slug, status = "verified-elsewhere", HTTPStatus.CONFLICT


class SignCheckMissing(Problem):
    """The signs were not found clear within as many days as policy asks."""

    slug, status = "sign-check-missing", HTTPStatus.CONFLICT


class ReleaserIsFixer(Problem):
    """Who put a device right does not release it."""

    slug, status = "releaser-is-fixer", HTTPStatus.FORBIDDEN


class SupervisorMustRelease(Problem):
    """What a supervisor stopped, a supervisor releases."""

    slug, status = "supervisor-must-release", HTTPStatus.FORBIDDEN


class WithdrawalNoticeMissing(Problem):
    """The public was told of the site: before the device is retired, it is told that the site is given up."""

    slug, status = "withdrawal-notice-missing", HTTPStatus.CONFLICT


class PolicyOverlaps(Problem):
    """Something is recorded for some of these days already."""

    slug, status = "policy-overlaps", HTTPStatus.CONFLICT


class MoveOutOfOrder(Problem):
    """A move lies before the last one, or in the future: moves are recorded in their order."""

    slug, status = "move-out-of-order", HTTPStatus.CONFLICT


class DocumentNotAccepted(Problem):
    """The file is none of the kinds that documents have. Its first bytes decide, not its name."""

    slug, status = "document-not-accepted", HTTPStatus.UNPROCESSABLE_ENTITY


class DocumentNotFound(Problem):
    """No document has that digest, or none that this person may read."""

    slug, status = "document-not-found", HTTPStatus.NOT_FOUND


class DocumentNotKept(Problem):
    """A fact names a document that was not added: add the file first, then the fact."""

    slug, status = "document-not-kept", HTTPStatus.UNPROCESSABLE_ENTITY


class DigitalCertificateUnreadable(Problem):
    """The XML file is no digital calibration certificate, or not one that can be checked; `detail` says why."""

    slug, status = "digital-certificate-unreadable", HTTPStatus.UNPROCESSABLE_ENTITY


class DigitalCertificateManipulated(Problem):
    """The certificate's signature does not fit its content: it was changed after it was signed."""

    slug, status = "digital-certificate-manipulated", HTTPStatus.UNPROCESSABLE_ENTITY


class CalibrationOnly(Problem):
    """The document is a digital calibration certificate, which says nothing about a verification."""

    slug, status = "calibration-only", HTTPStatus.UNPROCESSABLE_ENTITY
