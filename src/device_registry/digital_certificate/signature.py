"""Whether a certificate's XML signature fits its content, and whose it is.

A calibration certificate is read for years, and the signer's own certificate ends before that. Whether the signer is
known is therefore asked for the signing time, which XAdES puts under the signature; without one, for the present. That
time is the signer's own claim: who stole a key can claim a day on which its certificate was valid. So what is answered
helps the reader and decides nothing. Revocation is not asked after: nothing is fetched.
"""

import binascii
from base64 import b64decode
from datetime import UTC, datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    KeyUsage,
    Name,
    load_der_x509_certificate,
    load_pem_x509_certificates,
)
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError
from lxml.etree import LxmlError, XMLParser, tostring
from lxml.etree import _Element as Element
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.exceptions import InvalidSignature, SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

from device_registry.digital_certificate.content import CERTIFICATE, Refused
from device_registry.digital_certificate.model import MANIPULATED, Signature, SignatureState

DS, XADES = "{http://www.w3.org/2000/09/xmldsig#}", "{http://uri.etsi.org/01903/v1.3.2#}"
TRANSFORMS = {SignatureConstructionMethod.enveloped.value, *(method.value for method in CanonicalizationMethod)}
"""What is known to be done to a document before it is hashed; a signature that asks for more cannot be checked."""
_UNCHECKABLE = (SignXMLException, LxmlError, ValueError, TypeError, AttributeError, LookupError, UnsupportedAlgorithm)
"""What the verifier raises for a signature that is not built as it should be, or by means that it does not know."""
MAX_CHAIN = 5
MAX_CERTIFICATES = 10


def signed(root: Element, parser: XMLParser, trust: bytes, now: datetime) -> tuple[Element, Signature]:
    """The certificate as far as it was signed, and by whom; all of it where it is not signed. Raises Refused."""
    signatures = list(root.iter(f"{DS}Signature"))
    if not signatures:
        return root, Signature(SignatureState.UNSIGNED)
    if len(signatures) > 1 or not _can_be_checked(signatures[0]):
        raise Refused("signature-form")
    certificates = _certificates(signatures[0])
    signer = _signer(certificates)
    results = _verified(root, parser, signer, xades=signatures[0].find(f".//{XADES}SignedProperties") is not None)
    believed = [result.signed_xml for result in results if _is(result, CERTIFICATE)]
    if len(believed) != 1 or believed[0] is None:
        raise Refused("signature-form")
    signed_at = _signing_time(results)
    return believed[0], Signature(
        _state(signer, certificates, load_pem_x509_certificates(trust) if trust else [], signed_at or now, now),
        _name(signer.subject),
        _name(signer.issuer),
        signed_at,
    )


def _can_be_checked(signature: Element) -> bool:
    transforms = {transform.get("Algorithm") for transform in signature.iter(f"{DS}Transform")}
    references = [reference.get("URI") for reference in signature.findall(f"{DS}SignedInfo/{DS}Reference")]
    return transforms <= TRANSFORMS and references.count("") == 1


def _certificates(signature: Element) -> list[Certificate]:
    texts = [element.text or "" for element in signature.findall(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")]
    if not 0 < len(texts) <= MAX_CERTIFICATES:
        raise Refused("signature-form")
    try:
        return [load_der_x509_certificate(b64decode(text)) for text in texts]
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise Refused("signature-form") from error


def _signer(certificates: list[Certificate]) -> Certificate:
    """The one that issued none of the others; they may stand in any order (XML Signature 1.1, 4.5.4)."""
    issuers = {certificate.issuer for certificate in certificates if certificate.issuer != certificate.subject}
    return next((certificate for certificate in certificates if certificate.subject not in issuers), certificates[0])


def _verified(root: Element, parser: XMLParser, signer: Certificate, *, xades: bool) -> list[VerifyResult]:
    """What the signature covers. Only whether it fits is asked here, so the signer's certificate is taken as valid."""
    form, verifier = (XAdESSignatureConfiguration, XAdESVerifier) if xades else (SignatureConfiguration, XMLVerifier)
    configuration = form(location="./", expect_references=True, verification_time=signer.not_valid_before_utc)
    try:
        results = verifier().verify(tostring(root), x509_cert=signer, parser=parser, expect_config=configuration)
    except InvalidSignature as error:
        raise Refused(MANIPULATED) from error
    except _UNCHECKABLE as error:
        raise Refused("signature-form") from error
    return results if isinstance(results, list) else [results]


def _is(result: VerifyResult, tag: str) -> bool:
    return result.signed_xml is not None and result.signed_xml.tag == tag


def _signing_time(results: list[VerifyResult]) -> datetime | None:
    """UTC; None where none was signed. Raises Refused."""
    for result in results:
        if _is(result, f"{XADES}SignedProperties") and result.signed_xml is not None:
            text = result.signed_xml.findtext(f"{XADES}SignedSignatureProperties/{XADES}SigningTime")
            try:
                told = datetime.fromisoformat(text.strip()) if text else None
                return told and (told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC))
            except (ValueError, OverflowError) as error:
                raise Refused("signature-form") from error
    return None


def _state(
    signer: Certificate, others: list[Certificate], trust: list[Certificate], at: datetime, now: datetime
) -> SignatureState:
    if at > now or not signer.not_valid_before_utc <= at <= signer.not_valid_after_utc:
        return SignatureState.SIGNER_NOT_VALID_THEN
    if signer in trust or _vouched_for(signer, others, trust, at):
        return SignatureState.TRUSTED
    return SignatureState.SIGNER_UNKNOWN


def _vouched_for(signer: Certificate, others: list[Certificate], trust: list[Certificate], at: datetime) -> bool:
    anchors = [certificate for certificate in trust if certificate.issuer == certificate.subject]
    if not anchors:
        return False
    policy = PolicyBuilder().store(Store(anchors)).time(at).max_chain_depth(MAX_CHAIN)
    policy = policy.extension_policies(ee_policy=_OF_A_SIGNER, ca_policy=_OF_AN_ISSUER)
    try:
        policy.build_client_verifier().verify(signer, [*others, *trust])
    except VerificationError:
        return False
    return True


def _signs(_: Policy, __: Certificate, usage: KeyUsage | None) -> None:
    if usage is not None and not usage.digital_signature:
        raise ValueError


def _may_issue(_: Policy, __: Certificate, usage: KeyUsage) -> None:
    if not usage.key_cert_sign:
        raise ValueError


_OF_A_SIGNER = ExtensionPolicy.permit_all().may_be_present(KeyUsage, Criticality.AGNOSTIC, _signs)
_OF_AN_ISSUER = (
    ExtensionPolicy.permit_all()
    .require_present(BasicConstraints, Criticality.AGNOSTIC, None)  # its `ca` is asked for in any case
    .require_present(KeyUsage, Criticality.AGNOSTIC, _may_issue)
)
"""As signers of certificates are, not as web servers are: those would need a name of a host."""


def _name(name: Name) -> str:
    """The common name, or all of it."""
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return (str(common[0].value) if common else name.rfc4514_string())[:300]
