"""The process that reads one digital calibration certificate: a request on standard input, what it says on the output.

No entity is expanded, nothing is fetched, a document type is refused. It runs under hard limits, and may die of them.
"""

import signal
import sys

import cryptography.hazmat.backends.openssl  # noqa: F401 - signatures load it when first checked: too late, here
import msgspec
from lxml import etree
from signxml.verifier import XMLVerifier
from signxml.xades.xades import XAdESVerifier

from device_registry.digital_certificate.content import Refused, content_of
from device_registry.digital_certificate.model import DigitalCertificate, Request
from device_registry.digital_certificate.signature import signed
from foundation.confinement import confine

MEMORY_BYTES = 1 << 30
"""Address space. The largest certificate taken is held some five times while its signature is checked."""
CPU_SECONDS = 10


def main() -> None:
    """Answers with the certificate, or with a string that says why not."""
    XMLVerifier.schemas()  # type: ignore[no-untyped-call]  # loaded now: soon no file can be opened, not even a schema
    XAdESVerifier.schemas()  # type: ignore[no-untyped-call]
    confine(MEMORY_BYTES)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # its signal ends the process
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Request)
    answer: DigitalCertificate | str
    try:
        answer = read(request)
    except Refused as refused:
        answer = str(refused)
    except MemoryError:
        answer = "too-much"
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


def read(request: Request) -> DigitalCertificate:
    """Raises Refused."""
    if b"<!DOCTYPE" in request.certificate or b"<!ENTITY" in request.certificate:
        raise Refused("document-type")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(request.certificate, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("not-xml") from error
    if root.getroottree().docinfo.doctype:
        raise Refused("document-type")
    believed, signature = signed(root, parser, request.trust, request.now)
    return content_of(believed, signature)


if __name__ == "__main__":
    main()
