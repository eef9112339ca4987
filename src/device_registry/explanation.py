"""Why a device is not in standing, in sentences for the officer who holds it."""

from device_registry.model import Finding
from foundation.civil import spoken
from foundation.words import Language, say


def explain(finding: Finding, language: Language) -> str:
    """The reason and what it means for what is captured now; days and times as people in Beijing say them."""
    return say(language, "standing.sentence", why=why(finding, language))


def why(finding: Finding, language: Language) -> str:
    """The reason alone."""
    kind = finding.kind_zh if language == "zh-CN" else finding.kind_en
    channel = say(language, "standing.channel", channel=finding.channel) if finding.channel else ""
    key: str = finding.reason
    if finding.automatic:
        key = "DEVICE_SUSPENDED_BY_ITSELF"
    elif finding.usable_from:
        key = "SITE_NOT_USABLE_YET"
    return say(
        language,
        f"standing.{key}",
        device=f"{kind} {finding.tag}".strip() + channel,
        document_no=finding.document_no,
        valid_until=finding.valid_until,
        days_overdue=finding.days_overdue,
        failed_on=finding.failed_on,
        cause=say(language, f"device.cause.{finding.cause}") if finding.cause else "",
        usable_from=finding.usable_from,
        occurred_at=spoken(finding.occurred_at) if finding.occurred_at else "",
    )
