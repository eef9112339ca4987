"""What the elements of a digital calibration certificate mean (schema of https://ptb.de/dcc, versions 2 and 3)."""

from collections.abc import Iterator
from datetime import date

from lxml.etree import _Element as Element

from device_registry.digital_certificate.model import CalibratedItem, DigitalCertificate, Signature

DCC = "{https://ptb.de/dcc}"
CERTIFICATE = f"{DCC}digitalCalibrationCertificate"
MAX_CHARACTERS = 300
"""Of a name or a number; longer ones are cut."""
MAX_ITEMS = 100
LANGUAGES = ("zh", "en")
"""Preferred in this order; else what the certificate gives first."""


class Refused(Exception):
    """The last part of the key of the sentence that says why."""


def content_of(certificate: Element, signature: Signature) -> DigitalCertificate:
    """Raises Refused."""
    if certificate.tag != CERTIFICATE:
        raise Refused("not-a-certificate")
    core = certificate.find(f"{DCC}administrativeData/{DCC}coreData")
    identifier = _text(core, "uniqueIdentifier")
    performed_from, performed_until = _day(core, "beginPerformanceDate"), _day(core, "endPerformanceDate")
    if not identifier or performed_from is None or performed_until is None or performed_until < performed_from:
        raise Refused("not-a-certificate")
    items = certificate.findall(f"{DCC}administrativeData/{DCC}items/{DCC}item")
    if len(items) > MAX_ITEMS:
        raise Refused("too-much")
    laboratory = certificate.find(f"{DCC}administrativeData/{DCC}calibrationLaboratory/{DCC}contact")
    return DigitalCertificate(
        unique_identifier=identifier,
        schema_version=certificate.get("schemaVersion", "")[:MAX_CHARACTERS],
        country=_text(core, "countryCodeISO3166_1"),
        laboratory=_name(laboratory),
        issued_on=_day(core, "issueDate"),
        performed_from=performed_from,
        performed_until=performed_until,
        items=tuple(map(_item, items)),
        signature=signature,
    )


def _item(item: Element) -> CalibratedItem:
    numbers = list(_numbers(item))
    return CalibratedItem(
        name=_name(item),
        maker=_name(item.find(f"{DCC}manufacturer")),
        model=_text(item, "model"),
        serial_nos=tuple(number for number, by_maker in numbers if by_maker),
        other_nos=tuple(number for number, by_maker in numbers if not by_maker),
    )


def _numbers(item: Element) -> Iterator[tuple[str, bool]]:
    """Each number with whether it is the maker's."""
    for identification in item.findall(f"{DCC}identifications/{DCC}identification")[:MAX_ITEMS]:
        value = _text(identification, "value")
        by_maker = _text(identification, "issuer") == "manufacturer"
        if value:
            yield value, by_maker or "serialNumber" in identification.get("refType", "")


def _name(element: Element | None) -> str:
    contents = [] if element is None else element.findall(f"{DCC}name/{DCC}content")
    by_language = {content.get("lang", ""): content for content in reversed(contents)}
    chosen = next((by_language[language] for language in LANGUAGES if language in by_language), None)
    if chosen is None:
        chosen = contents[0] if contents else None
    return _tidy(chosen)


def _text(element: Element | None, name: str) -> str:
    return "" if element is None else _tidy(element.find(f"{DCC}{name}"))


def _tidy(element: Element | None) -> str:
    text = "" if element is None else "".join(map(str, element.itertext("*")))
    return " ".join(text.split())[:MAX_CHARACTERS]


def _day(element: Element | None, name: str) -> date | None:
    """An xs:date, whose time zone does not matter to a civil day; None where there is none. Raises Refused."""
    text = _text(element, name)
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise Refused("not-a-certificate") from error
