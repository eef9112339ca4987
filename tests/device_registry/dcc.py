"""Digital calibration certificates made and signed for a test, by laboratories that exist nowhere."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.xades.xades import XAdESSigner

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
UNUSED = (
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"
)  # fmt: skip
XML_DECLARATION = b"<?xml version='1.0' encoding='UTF-8'?>\n"
DCC = """<?xml version="1.0" encoding="UTF-8"?>
<dcc:digitalCalibrationCertificate xmlns:dcc="https://ptb.de/dcc" schemaVersion="3.3.0">
  <!-- as laboratories write them, shortened -->
  <dcc:administrativeData>
    <dcc:coreData>
      <dcc:countryCodeISO3166_1>CN</dcc:countryCodeISO3166_1>
      <dcc:uniqueIdentifier>JZ-2026-0117</dcc:uniqueIdentifier>
      <dcc:beginPerformanceDate>2026-03-02</dcc:beginPerformanceDate>
      <dcc:endPerformanceDate>2026-03-03Z</dcc:endPerformanceDate>
      <dcc:issueDate>2026-03-05</dcc:issueDate>
    </dcc:coreData>
    <dcc:items>
      <dcc:item>
        <dcc:name>
          <dcc:content lang="en">Sound level meter</dcc:content>
          <dcc:content lang="zh">声级计</dcc:content>
        </dcc:name>
        <dcc:manufacturer><dcc:name><dcc:content>杭州爱华</dcc:content></dcc:name></dcc:manufacturer>
        <dcc:model>AWA 6228</dcc:model>
        <dcc:identifications>
          <dcc:identification><dcc:issuer>manufacturer</dcc:issuer><dcc:value>{serial_no}</dcc:value></dcc:identification>
          <dcc:identification><dcc:issuer>customer</dcc:issuer><dcc:value>SLM-041</dcc:value></dcc:identification>
        </dcc:identifications>
      </dcc:item>
    </dcc:items>
    <dcc:calibrationLaboratory>
      <dcc:contact><dcc:name><dcc:content>某校准实验室</dcc:content></dcc:name></dcc:contact>
    </dcc:calibrationLaboratory>
  </dcc:administrativeData>
</dcc:digitalCalibrationCertificate>
"""


class Party(NamedTuple):
    key: Any
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def a_party(
    name: str,
    issuer: Party | None = None,
    *,
    authority: bool = False,
    issues: bool | None = None,
    valid: tuple[datetime, datetime] = (NOW - 300 * DAY, NOW + 300 * DAY),
    key: Any = None,
) -> Party:
    """Somebody with a certificate, by default an own one. `issues`: may its key sign certificates?"""
    issues = authority if issues is None else issues
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    unused = dict.fromkeys(UNUSED, False)
    certificate = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not authority, key_cert_sign=issues, crl_sign=issues, **unused), True
        )
        .sign(issuer.key if issuer else key, SHA256())
    )
    return Party(key, certificate)


def an_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def a_certificate(serial_no: str = "10041") -> bytes:
    return DCC.replace("{serial_no}", serial_no).encode()


def signed(
    certificate: bytes,
    signer: Party,
    *others: Party,
    xades: bool = True,
    method: SignatureMethod = SignatureMethod.ECDSA_SHA256,
) -> bytes:
    """XAdES, with the present as the signing time, or a plain XML signature, which has none."""
    chain = [signer.certificate, *(other.certificate for other in others)]
    form = XAdESSigner if xades else XMLSigner
    root = form(signature_algorithm=method, digest_algorithm=DigestAlgorithm.SHA256).sign(
        etree.fromstring(certificate), key=signer.key, cert=chain
    )
    return XML_DECLARATION + bytes(etree.tostring(root))
