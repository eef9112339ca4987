"""What a digital calibration certificate says, so that the form of a certificate can be filled from it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from agency.http import requires
from agency.model import Actor
from device_registry.digital_certificate.comparison import Difference, differences
from device_registry.digital_certificate.model import CalibratedItem, DigitalCertificate, SignatureState
from device_registry.digital_certificate.reading import MAX_FILE_BYTES, read
from device_registry.documents import DocumentKeeper
from device_registry.http.documents import FORM_BYTES, FileOperation, sent_file
from device_registry.http.reaching import READERS, known_device
from device_registry.model import Device, Nature
from device_registry.problems import DeviceNotFound, DigitalCertificateManipulated, DigitalCertificateUnreadable
from foundation.http import declared, language_of
from foundation.problem import Malformed, NotAllowed, NotSignedIn, TooLarge
from foundation.words import Language, say


class SignatureShown(msgspec.Struct, frozen=True):
    """`signed_at` is what the signer says; None where nothing about it was signed."""

    state: SignatureState
    words: str
    signer: str | None
    issuer: str | None
    signed_at: datetime | None


class DifferenceShown(msgspec.Struct, frozen=True):
    field: str
    words: str
    device: str
    certificate: tuple[str, ...]


class DigitalCertificateShown(msgspec.Struct, frozen=True):
    """`nature` is always CALIBRATION, which never satisfies a legal verification. Days are as written, inclusive.

    `differences` is None where no device was named, empty where the certificate fits it.
    """

    nature: Nature
    unique_identifier: str
    schema_version: str
    country: str
    laboratory: str
    issued_on: date | None
    performed_from: date
    performed_until: date
    items: tuple[CalibratedItem, ...]
    signature: SignatureShown
    differences: tuple[DifferenceShown, ...] | None


@post(
    "/digital-certificates/readings",
    guards=[requires(*READERS)],
    summary="What a digital calibration certificate says, whether its signature holds, and where the device differs",
    status_code=200,
    request_max_body_size=MAX_FILE_BYTES + FORM_BYTES,
    operation_class=FileOperation,
    responses=declared(
        Malformed, NotSignedIn, NotAllowed, DeviceNotFound, TooLarge, DigitalCertificateUnreadable,
        DigitalCertificateManipulated,
    ),
)  # fmt: skip
async def read_digital_certificate(
    request: Request[Actor, Any, State],
    documents: NamedDependency[DocumentKeeper],
    device_id: FromQuery[UUID | None] = None,
) -> Response[DigitalCertificateShown]:
    chunks, _ = await sent_file(request)
    content = b"".join([chunk async for chunk in chunks])
    device = None
    if device_id is not None:
        async with documents.database.connection() as db:
            device = await known_device(db, request.user, READERS, device_id, documents.clock)
    certificate = await read(content, documents.trust, documents.clock.now())
    language = language_of(request)
    return Response(
        _shown(certificate, device, language), headers={"Content-Language": language, "Vary": "Accept-Language"}
    )


def _shown(certificate: DigitalCertificate, device: Device | None, language: Language) -> DigitalCertificateShown:
    signature = certificate.signature
    return DigitalCertificateShown(
        nature=Nature.CALIBRATION,
        unique_identifier=certificate.unique_identifier,
        schema_version=certificate.schema_version,
        country=certificate.country,
        laboratory=certificate.laboratory,
        issued_on=certificate.issued_on,
        performed_from=certificate.performed_from,
        performed_until=certificate.performed_until,
        items=certificate.items,
        signature=SignatureShown(
            state=signature.state,
            words=say(language, f"digital-certificate.signature.{signature.state}"),
            signer=signature.signer,
            issuer=signature.issuer,
            signed_at=signature.signed_at,
        ),
        differences=None
        if device is None
        else tuple(_difference(found, language) for found in differences(certificate, device)),
    )


def _difference(found: Difference, language: Language) -> DifferenceShown:
    words = say(language, f"digital-certificate.difference.{found.field}")
    return DifferenceShown(found.field, words, found.device, found.certificate)


ROUTES: list[ControllerRouterHandler] = [read_digital_certificate]
