"""May this unit carry out this item on this day? Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from agency.enforcement_items.model import Grant, ItemFacts, ItemReason, ItemStanding, ItemVersion
from agency.model import Unit, UnitKind


def item_standing(facts: ItemFacts, first: date, last: date) -> ItemStanding:
    """Judges each Beijing civil day from `first` to `last`, both included."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = [_why_not(facts, day) for day in days]
    reasons = tuple(dict.fromkeys(reason for reason in found if reason is not None))
    return ItemStanding(
        facts.code,
        tuple(version for version in facts.versions if any(_holds(version, day) for day in days)),
        tuple(grant for grant in facts.grants if any(_holds(grant, day) for day in days)),
        reasons,
        partly=bool(reasons) and None in found,
    )


def street_among(line: Sequence[Unit]) -> Unit | None:
    """The street that a unit is, or that a department belongs to: its powers are those of the street."""
    government = next((unit for unit in line if unit.kind is not UnitKind.DEPARTMENT), None)
    return government if government is not None and government.kind is UnitKind.STREET else None


def _why_not(facts: ItemFacts, day: date) -> ItemReason | None:
    """Sources: 国办发〔2024〕54号, what is not published must not be carried out; Administrative Penalty Law, art. 24,
    a street has the powers it is given; others have those of their own catalogue and of the catalogues above them.
    """
    if not facts.versions:
        return ItemReason.ITEM_UNKNOWN
    version = next((version for version in facts.versions if _holds(version, day)), None)
    if version is None:
        return ItemReason.ITEM_NOT_PUBLISHED
    line = facts.lines.get(day, ())
    if (street := street_among(line)) is not None:
        return None if _granted(facts.grants, street, day) else ItemReason.ITEM_NOT_GRANTED
    return None if any(unit.id == version.unit_id for unit in line) else ItemReason.ITEM_OF_ANOTHER_UNIT


def _granted(grants: Iterable[Grant], street: Unit, day: date) -> bool:
    return any(grant.unit_id == street.id and _holds(grant, day) for grant in grants)


def _holds(spanned: ItemVersion | Grant, day: date) -> bool:
    return spanned.begins <= day and (spanned.ends is None or day < spanned.ends)
