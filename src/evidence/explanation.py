"""Reasons in words: one sentence each, for an officer and for a court."""

from datetime import datetime

import msgspec

from device_registry import explanation as registry
from device_registry.model import Finding
from device_registry.model import Reason as DeviceReason
from evidence.model import Reason, Verdict
from foundation.civil import spoken
from foundation.problem import Spoken
from foundation.words import Language, say

_INSTANTS = ("latest", "known_at", "earliest", "enrolled_at", "revoked_at", "begins", "ends")


def explain(reason: Reason, language: Language) -> str:
    """The sentence for a reason; instants are said in Beijing time."""
    if reason.code in DeviceReason.__members__:
        return registry.why(msgspec.convert(reason.details, Finding, strict=False), language)
    details = dict(reason.details)
    if "cause" in details:
        details["cause"] = say(language, f"trace.cause.{details['cause']}")
        details.setdefault("begins", say(language, "trace.never-good"))
    for name in _INSTANTS:
        if name in reason.details:
            details[name] = spoken(msgspec.convert(details[name], datetime))
    return say(language, f"reason.{reason.code}", **details)


def spoken_reasons(verdict: Verdict) -> list[dict[str, object]]:
    """The members of a problem: code, details, and a sentence in whatever language the reader has."""
    return [spoken_reason(reason) for reason in verdict.reasons]


def spoken_reason(reason: Reason) -> dict[str, object]:
    """One of them."""
    return {"code": reason.code, "words": _Explained(reason), "details": reason.details}


class _Explained(Spoken):
    def __init__(self, reason: Reason) -> None:
        super().__init__(f"reason.{reason.code}")
        self._reason = reason

    def __call__(self, language: Language) -> str:
        return explain(self._reason, language)
