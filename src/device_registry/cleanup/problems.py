"""What a clean-up campaign can refuse."""

from http import HTTPStatus

from foundation.problem import Problem


class CampaignNotFound(Problem):
    """There is no such campaign, or none over units that this person reaches."""

    slug, status = "cleanup-campaign-not-found", HTTPStatus.NOT_FOUND


class CampaignClosed(Problem):
    """The result has gone to the government: nothing is added to it any more."""

    slug, status = "cleanup-campaign-closed", HTTPStatus.CONFLICT


class CampaignOpen(Problem):
    """There is no result before the campaign is closed."""

    slug, status = "cleanup-campaign-open", HTTPStatus.CONFLICT


class CampaignIncomplete(Problem):
    """Devices are without a confirmed conclusion; `units` has how many, unit by unit."""

    slug, status = "cleanup-incomplete", HTTPStatus.CONFLICT


class CampaignEmpty(Problem):
    """The unit and those below it hold no monitoring device that a campaign could be over."""

    slug, status = "cleanup-empty", HTTPStatus.CONFLICT


class DeviceNotKeepable(Problem):
    """What is to be kept must be lawful and verified. `devices` has each one's tag with all reasons."""

    slug, status = "cleanup-not-keepable", HTTPStatus.CONFLICT


class RectificationIncomplete(Problem):
    """A rectification has a last day and somebody responsible; nothing else has."""

    slug, status = "cleanup-rectification", HTTPStatus.UNPROCESSABLE_ENTITY


class DeviceNamedTwice(Problem):
    """One request draws up one conclusion a device."""

    slug, status = "cleanup-named-twice", HTTPStatus.UNPROCESSABLE_ENTITY


class SiteKnownAlready(Problem):
    """The device came in the ordinary way: its site changes by a proposal, reviews and an announcement."""

    slug, status = "cleanup-site-known", HTTPStatus.CONFLICT


class LegacySiteIncomplete(Problem):
    """Neither the site that is told nor the device's registration has an address."""

    slug, status = "cleanup-site-missing", HTTPStatus.UNPROCESSABLE_ENTITY


class EffectiveDayTooEarly(Problem):
    """The device was in use by a later step: being out of use cannot begin before that."""

    slug, status = "cleanup-effective-day", HTTPStatus.UNPROCESSABLE_ENTITY


class ConclusionNotFound(Problem):
    """The campaign has no such conclusion, or none about a device that this person reaches."""

    slug, status = "cleanup-conclusion-not-found", HTTPStatus.NOT_FOUND


class ConclusionDecided(Problem):
    """Somebody has decided on it, or a later conclusion has taken its place."""

    slug, status = "cleanup-conclusion-decided", HTTPStatus.CONFLICT


class ConfirmerIsDrafter(Problem):
    """Who drew a conclusion up does not confirm it."""

    slug, status = "cleanup-confirmer-is-drafter", HTTPStatus.FORBIDDEN
