"""What the device registry can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class DeviceNotFound(Problem):
    """No device has that id or number, or none that this person may know of."""

    slug, status = "device-not-found", HTTPStatus.NOT_FOUND


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
