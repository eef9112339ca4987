"""Every kind of fact, and all facts about a device together. Facts are added and corrected, never edited."""

from uuid import UUID

import msgspec

from device_registry.model.metrology import (
    InServiceCheck,
    VerificationCertificate,
    VerificationFailureNotice,
    VoidEvent,
    WrittenConclusion,
)
from device_registry.model.service import ServiceEvent
from device_registry.model.siting import Announcement, Review, SignCheck, SiteVersion

Fact = (
    VerificationCertificate
    | VerificationFailureNotice
    | VoidEvent
    | ServiceEvent
    | WrittenConclusion
    | SiteVersion
    | Review
    | Announcement
    | SignCheck
    | InServiceCheck
)


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A fact does not count any more; `replacement` takes its place, None: it should never have been recorded."""

    superseded_id: UUID
    replacement: Fact | None
    reason: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known about one device, in no particular order, corrected facts left out.

    `channels` are those of its kind; whether it must be verified and sited is what it is registered as.
    """

    channels: tuple[str, ...] = ()
    verification_needed: bool = True
    siting_needed: bool = False
    certificates: tuple[VerificationCertificate, ...] = ()
    failure_notices: tuple[VerificationFailureNotice, ...] = ()
    void_events: tuple[VoidEvent, ...] = ()
    service_events: tuple[ServiceEvent, ...] = ()
    written_conclusions: tuple[WrittenConclusion, ...] = ()
    site_versions: tuple[SiteVersion, ...] = ()
    reviews: tuple[Review, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    sign_checks: tuple[SignCheck, ...] = ()
    in_service_checks: tuple[InServiceCheck, ...] = ()

    def and_(self, fact: Fact) -> "Facts":
        """The facts with one more."""
        name = COLLECTIONS[type(fact)]
        return msgspec.structs.replace(self, **{name: (*getattr(self, name), fact)})

    def without(self, fact_id: UUID) -> "Facts":
        """The facts without one; the same facts where it is none of them."""
        return msgspec.structs.replace(
            self,
            **{
                name: tuple(fact for fact in getattr(self, name) if fact.id != fact_id) for name in COLLECTIONS.values()
            },
        )

    def by_id(self, fact_id: UUID) -> Fact | None:
        for name in COLLECTIONS.values():
            for fact in getattr(self, name):
                if fact.id == fact_id:
                    found: Fact = fact
                    return found
        return None


COLLECTIONS: dict[type[Fact], str] = {
    VerificationCertificate: "certificates",
    VerificationFailureNotice: "failure_notices",
    VoidEvent: "void_events",
    ServiceEvent: "service_events",
    WrittenConclusion: "written_conclusions",
    SiteVersion: "site_versions",
    Review: "reviews",
    Announcement: "announcements",
    SignCheck: "sign_checks",
    InServiceCheck: "in_service_checks",
}
"""Where `Facts` keeps each kind of fact; the kinds there are."""
