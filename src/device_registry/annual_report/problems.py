"""What the annual report can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class ReportNotFound(Problem):
    """There is no such report, version or roll-up, or none that this person may know of."""

    slug, status = "annual-report-not-found", HTTPStatus.NOT_FOUND


class UnitDoesNotReport(Problem):
    """Governments receive; departments and streets report. Or the unit does not stand on the closing date."""

    slug, status = "unit-does-not-report", HTTPStatus.UNPROCESSABLE_ENTITY


class ReportPeriodUnfit(Problem):
    """The closing date lies outside its year, in the future, or before the period begins."""

    slug, status = "report-period-unfit", HTTPStatus.UNPROCESSABLE_ENTITY


class ReportBegunAlready(Problem):
    """The unit has a report of that year: another version is drafted there."""

    slug, status = "report-begun-already", HTTPStatus.CONFLICT


class ReportStepNotAllowed(Problem):
    """The report is at another step, or somebody else has just moved it on."""

    slug, status = "report-step-not-allowed", HTTPStatus.CONFLICT


class ReportEditedMeanwhile(Problem):
    """Somebody else wrote on the draft since it was read. `changes` tells who, when and what; nothing is lost."""

    slug, status = "report-edited-meanwhile", HTTPStatus.CONFLICT


class ReportDoesNotBalance(Problem):
    """The draft names `devices` that break the balance; what is recorded of them must be put right first."""

    slug, status = "report-does-not-balance", HTTPStatus.CONFLICT


class CheckerIsDrafter(Problem):
    """Who drafted the report or wrote on it does not check it."""

    slug, status = "checker-is-drafter", HTTPStatus.FORBIDDEN


class SignerIsChecker(Problem):
    """Who checked the report does not sign it off."""

    slug, status = "signer-is-checker", HTTPStatus.FORBIDDEN


class ReportChangedSinceChecked(Problem):
    """What would be filed is not what was checked: units were renamed or moved backwards in time since."""

    slug, status = "report-changed-since-checked", HTTPStatus.CONFLICT


class AttachmentUnknown(Problem):
    """No document with that SHA-256 is kept here."""

    slug, status = "attachment-unknown", HTTPStatus.UNPROCESSABLE_ENTITY


class CreditCodeUnfit(Problem):
    """No unified social credit code: 18 characters, the last of which checks the others (GB 32100-2015)."""

    slug, status = "credit-code-unfit", HTTPStatus.UNPROCESSABLE_ENTITY


class NothingToCompare(Problem):
    """The report has no filed version yet."""

    slug, status = "nothing-filed-yet", HTTPStatus.CONFLICT
