"""A digital certificate beside the device that it is said to be about."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from device_registry.digital_certificate.model import CalibratedItem, DigitalCertificate
from device_registry.model import Device


class Difference(Struct, frozen=True):
    """A field that the register and the certificate fill differently; `certificate` is empty where it says nothing."""

    field: Literal["serial_no", "model", "maker"]
    device: str
    certificate: tuple[str, ...]


def differences(certificate: DigitalCertificate, device: Device) -> tuple[Difference, ...]:
    """None if one of the items has the device's serial number, and the same model and maker where it names them."""
    same = [item for item in certificate.items if _norm(device.serial_no) in map(_norm, item.serial_nos)]
    return tuple(_differences(same, certificate.items, device))


def _differences(same: list[CalibratedItem], items: tuple[CalibratedItem, ...], device: Device) -> Iterator[Difference]:
    if not same:
        yield Difference("serial_no", device.serial_no, tuple(number for item in items for number in item.serial_nos))
    compared: tuple[tuple[Literal["model", "maker"], str], ...] = (("model", device.model), ("maker", device.maker))
    for field, ours in compared:
        theirs = tuple(dict.fromkeys(filter(None, (getattr(item, field) for item in same or items))))
        if theirs and _norm(ours) not in map(_norm, theirs):
            yield Difference(field, ours, theirs)


def _norm(text: str) -> str:
    """Without what people write in one way or the other: capitals, spaces, hyphens."""
    return "".join(filter(str.isalnum, text.casefold()))
