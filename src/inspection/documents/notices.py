"""Notices that a desk issues: what somebody writes, put together with all that is known of the inspection."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from agency import queries as agency
from agency.enforcement_items import queries as items
from agency.enforcement_items.model import Act
from agency.model import Credential
from evidence.custodian import Custodian
from foundation.civil import day_of
from foundation.database import Connection
from foundation.problem import Spoken
from inspection import queries as inspections
from inspection.documents.content import (
    SCHEMA,
    AnyContent,
    Entity,
    InspectionNotice,
    Item,
    NoPenaltyNotice,
    Officer,
    Party,
    canonical,
)
from inspection.documents.issue import issue
from inspection.documents.problems import DocumentContentRefused, InspectionDocumentNotFound
from inspection.documents.queries import Issued
from inspection.model import Inspection
from inspection.rules import guard, merging

Said = Annotated[str, Meta(min_length=1, max_length=10_000, pattern=r"\S")]
NO_PENALTY = ("NO_PENALTY_FIRST_OFFENCE", "NO_PENALTY_MINOR")


class NewInspectionNotice(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="INSPECTION_NOTICE"
):
    """Before the visit, which is from one Beijing day to another, both included."""

    begins_on: date
    ends_on: date
    scope: Said
    place: Said | None = None
    """Where it is not the address of the enterprise."""
    prepare: Said | None = None


class NewNoPenaltyNotice(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="NO_PENALTY_NOTICE"
):
    """After a visit whose outcome is that nothing is fined; why, and by which entry, the officers have told."""

    facts: Said
    violated: Said
    education: Said


NewNotice = NewInspectionNotice | NewNoPenaltyNotice


async def issue_notice(custodian: Custodian, inspection_id: UUID, new: NewNotice, issued_by: UUID) -> Issued:
    """Raises DocumentContentRefused, and what `issue` raises."""
    async with custodian.database.connection() as db:
        inspection = (await inspections.inspections_by_id(db, [inspection_id])).get(inspection_id)
        if inspection is None:
            raise InspectionDocumentNotFound
        content = await _content(db, inspection, new, day_of(custodian.clock.now()))
    return await issue(custodian, inspection_id, canonical(content), issued_by)


async def _content(db: Connection, inspection: Inspection, new: NewNotice, today: date) -> AnyContent:
    told = (await inspections.operations_of(db, [inspection.id]))[inspection.id]
    fields = merging.merged(told)
    day = new.begins_on if isinstance(new, NewInspectionNotice) else today
    first = await _beginning(db, inspection, fields, day) | {"operations": sorted(one.id for one in told)}
    if isinstance(new, NewInspectionNotice):
        if new.ends_on < new.begins_on:
            raise DocumentContentRefused(field="ends_on", why=Spoken("document-content.days"))
        place = new.place or inspection.enterprise.address or inspection.enterprise.name
        return InspectionNotice(
            **first,
            place=place,
            begins_on=new.begins_on,
            ends_on=new.ends_on,
            scope=new.scope,
            prepare=new.prepare,
        )
    outcome, entry = (merging.value(fields, "outcome", member) for member in ("outcome", "list_item"))
    if outcome not in NO_PENALTY or not entry:
        raise DocumentContentRefused(why=Spoken("document-content.no-penalty"))
    offences = [one.code for one in await items.items_of(db, inspection.unit_id, day)]
    listed = await items.no_penalty_list(db, offences, day)
    words = {one.code: f"{one.code} {one.text}" for one in listed}
    return NoPenaltyNotice(
        **first,
        facts=new.facts,
        violated=new.violated,
        reason=outcome,
        list_item=words.get(entry, entry),
        education=new.education,
        dated=today,
    )


async def _beginning(db: Connection, inspection: Inspection, fields: merging.Fields, day: date) -> dict[str, Any]:
    """What every document begins with; items, unit and credentials as they stand on that day."""
    units = await agency.units_by_id(db, [inspection.unit_id], day)
    allowed = {one.code: one for one in await items.items_of(db, inspection.unit_id, day, Act.INSPECTION)}
    named = [allowed[code] for code in inspection.items if code in allowed]
    names = {one.code: one.name_zh for one in named}
    who = guard.joined(fields) or inspection.officers
    people, held = await agency.people_by_id(db, set(who)), await agency.credentials_of(db, who)

    def person(member: str) -> str | None:
        return merging.value(fields, "person-on-site", member) or None

    return {
        "schema": SCHEMA,
        "inspection_id": inspection.id,
        "entity": Entity(
            name=units[0].name_zh if units else "",
            basis="；".join(dict.fromkeys(one.legal_basis for one in named)),
        ),
        "approval_no": inspection.approval_no,
        "task": inspection.title or None,
        "source": inspection.source,
        "items": [Item(code=code, name=names.get(code, code)) for code in inspection.items],
        "officers": [_officer(id_, people[id_].name_zh, held.get(id_, []), day) for id_ in who if id_ in people],
        "party": Party(
            name=inspection.enterprise.name,
            uscc=inspection.enterprise.uscc,
            address=inspection.enterprise.address,
            legal_representative=person("legal_representative"),
            person_on_site=person("name"),
            position=person("position"),
            telephone=person("telephone"),
        ),
    }


def _officer(person_id: UUID, name: str, held: list[Credential], day: date) -> Officer:
    """With the credential of that day which ends last."""
    valid = sorted((one.valid_until, one.credential_no) for one in held if one.valid_from <= day <= one.valid_until)
    until, number = valid[-1] if valid else (None, "—")
    return Officer(person_id=person_id, name=name, credential_no=number, valid_until=until, credential_shown_at=None)
