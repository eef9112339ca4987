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
    return say(
        language,
        f"standing.{finding.reason}",
        device=f"{kind} {finding.tag}".strip() + channel,
        document_no=finding.document_no,
        valid_until=finding.valid_until,
        days_overdue=finding.days_overdue,
        failed_on=finding.failed_on,
        cause=say(language, f"device.cause.{finding.cause}") if finding.cause else "",
        occurred_at=spoken(finding.occurred_at) if finding.occurred_at else "",
    )
