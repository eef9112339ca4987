"""Digital calibration certificates: what they say, whose word it is, and that hostile or changed ones are refused."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from msgspec.structs import replace
from signxml.algorithms import SignatureMethod

from device_registry.digital_certificate import reading
from device_registry.digital_certificate.comparison import differences
from device_registry.digital_certificate.content import Refused
from device_registry.digital_certificate.model import DigitalCertificate, Request, SignatureState
from device_registry.digital_certificate.worker import read
from device_registry.problems import DigitalCertificateManipulated, DigitalCertificateUnreadable
from tests.device_registry.builders import a_device
from tests.device_registry.dcc import DAY, NOW, a_certificate, a_party, an_rsa_key, signed
from tests.device_registry.real_data import real_data

LATER = NOW + timedelta(hours=1)
ROOT = a_party("Root", authority=True)
SUB = a_party("Sub", ROOT, authority=True)
LAB = a_party("Laboratory", SUB)
TRUST = ROOT.pem + SUB.pem


def state_of(certificate: bytes, trust: bytes = TRUST, now: datetime = LATER) -> SignatureState:
    return read(Request(certificate, trust, now)).signature.state


async def test_a_certificate_says_what_was_calibrated_when_and_by_whom() -> None:
    found = await reading.read(a_certificate(), b"", LATER)
    assert (found.unique_identifier, found.laboratory, found.country) == ("JZ-2026-0117", "某校准实验室", "CN")
    assert (found.performed_from, found.performed_until) == (date(2026, 3, 2), date(2026, 3, 3))
    assert found.issued_on == date(2026, 3, 5)
    [item] = found.items
    assert (item.name, item.maker, item.model) == ("声级计", "杭州爱华", "AWA 6228")
    assert (item.serial_nos, item.other_nos) == (("10041",), ("SLM-041",))
    assert found.signature.state is SignatureState.UNSIGNED


@pytest.mark.parametrize("xades", [True, False])
async def test_a_signature_under_a_trusted_certificate_is_trusted(xades: bool) -> None:
    found = await reading.read(signed(a_certificate(), LAB, SUB, xades=xades), ROOT.pem, LATER)
    assert found.signature.state is SignatureState.TRUSTED
    assert (found.signature.signer, found.signature.issuer) == ("Laboratory", "Sub")
    assert (found.signature.signed_at is not None) == xades
    assert found.items[0].serial_nos == ("10041",)


async def test_rsa_signs_as_well() -> None:
    lab = a_party("Laboratory", ROOT, key=an_rsa_key())
    found = await reading.read(signed(a_certificate(), lab, method=SignatureMethod.RSA_SHA256), ROOT.pem, LATER)
    assert found.signature.state is SignatureState.TRUSTED


def test_the_certificates_may_stand_in_any_order_and_the_one_between_may_be_configured() -> None:
    assert state_of(signed(a_certificate(), LAB, SUB, ROOT, xades=False), ROOT.pem) is SignatureState.TRUSTED
    assert state_of(signed(a_certificate(), LAB)) is SignatureState.TRUSTED


def test_a_signer_may_be_trusted_itself() -> None:
    alone = a_party("Laboratory with a certificate of its own")
    assert state_of(signed(a_certificate(), alone)) is SignatureState.SIGNER_UNKNOWN
    assert state_of(signed(a_certificate(), alone), alone.pem) is SignatureState.TRUSTED


def test_a_signer_whom_nobody_vouches_for_is_shown_as_unknown() -> None:
    other_root = a_party("Root", authority=True)
    certificate = signed(a_certificate(), LAB, SUB)
    for trust in (b"", other_root.pem, SUB.pem):
        assert state_of(certificate, trust) is SignatureState.SIGNER_UNKNOWN


@pytest.mark.parametrize(("authority", "issues"), [(False, True), (True, False), (False, False)])
def test_whoever_may_not_issue_vouches_for_nobody(authority: bool, issues: bool) -> None:
    no_issuer = a_party("No issuer", ROOT, authority=authority, issues=issues)
    lab = a_party("Another laboratory", no_issuer)
    assert state_of(signed(a_certificate(), lab, no_issuer)) is SignatureState.SIGNER_UNKNOWN


def test_the_signer_must_have_been_valid_when_it_signed_not_when_it_is_read() -> None:
    short = a_party("Laboratory", ROOT, valid=(NOW - DAY, NOW + DAY))
    over = a_party("Laboratory", ROOT, valid=(NOW - 9 * DAY, NOW - 8 * DAY))
    years_later = NOW + 250 * DAY
    assert state_of(signed(a_certificate(), short), now=years_later) is SignatureState.TRUSTED
    assert state_of(signed(a_certificate(), over)) is SignatureState.SIGNER_NOT_VALID_THEN
    assert (
        state_of(signed(a_certificate(), short, xades=False), now=years_later) is SignatureState.SIGNER_NOT_VALID_THEN
    )


def test_a_signing_time_in_the_future_is_not_believed() -> None:
    assert state_of(signed(a_certificate(), LAB), now=NOW - DAY) is SignatureState.SIGNER_NOT_VALID_THEN


@pytest.mark.parametrize("xades", [True, False])
@pytest.mark.parametrize(
    ("written", "changed"),
    [
        (b"10041", b"10042"),
        (b"2026-03-03Z", b"2026-03-04Z"),
        (b"<dcc:model>", b"<dcc:model >"),
        (b"</dcc:administrativeData>", b"</dcc:administrativeData><dcc:comment/>"),
    ],
)
async def test_a_certificate_that_was_changed_after_it_was_signed_is_refused(
    written: bytes, changed: bytes, xades: bool
) -> None:
    original = signed(a_certificate(), LAB, SUB, xades=xades)
    assert written in original
    content = original.replace(written, changed)
    if b"model >" in changed:  # the same XML, written differently
        assert (await reading.read(content, TRUST, LATER)).signature.state is SignatureState.TRUSTED
        return
    with pytest.raises(DigitalCertificateManipulated):
        await reading.read(content, TRUST, LATER)


def test_another_signing_time_or_another_signer_than_signed_is_a_manipulation() -> None:
    certificate = etree.fromstring(signed(a_certificate(), LAB))
    time = next(certificate.iter("{*}SigningTime"))
    time.text = "2026-01-01T00:00:00Z"
    _refused(etree.tostring(certificate), "manipulated")
    certificate = etree.fromstring(signed(a_certificate(), LAB, xades=False))
    other = etree.fromstring(signed(a_certificate(), a_party("Another", ROOT), xades=False))
    theirs, ours = (next(root.iter("{*}X509Certificate")) for root in (other, certificate))
    ours.text = theirs.text
    _refused(etree.tostring(certificate), "manipulated")


def test_what_was_not_signed_is_not_read() -> None:
    """A signed certificate inside another one, a signature that covers a part, two signatures."""
    inner = etree.fromstring(signed(a_certificate(), LAB))
    outer = etree.fromstring(a_certificate("666"))
    outer.append(inner)
    _refused(etree.tostring(outer), "signature-form")
    twice = etree.fromstring(signed(a_certificate(), LAB))
    twice.append(etree.fromstring(etree.tostring(next(twice.iter("{*}Signature")))))
    _refused(etree.tostring(twice), "signature-form")
    moved = etree.fromstring(signed(a_certificate(), LAB))
    moved[1].append(moved[-1])
    _refused(etree.tostring(moved), "signature-form")
    part = etree.fromstring(signed(a_certificate(), LAB))
    next(part.iter("{*}Reference")).set("URI", "#part")
    _refused(etree.tostring(part), "signature-form")


def test_a_signature_that_cannot_be_checked_is_not_taken_for_one() -> None:
    whole = signed(a_certificate(), LAB, xades=False)
    root = etree.fromstring(whole)
    next(root.iter("{*}Transform")).set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    _refused(etree.tostring(root), "signature-form")
    for old, new in (
        (b"2001/04/xmldsig-more#ecdsa-sha256", b"2001/04/xmldsig-more#ecdsa-md5"),
        (b"2001/04/xmldsig-more#ecdsa-sha256", b"2000/09/xmldsig#hmac-sha1"),
        (b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1"),
    ):
        assert old in whole
        with pytest.raises(Refused):
            read(Request(whole.replace(old, new), TRUST, LATER))
    for name in ("KeyInfo", "SignatureValue", "SignedInfo", "DigestValue", "X509Certificate"):
        root = etree.fromstring(whole)
        found = next(root.iter(f"{{*}}{name}"))
        found.getparent().remove(found)
        _refused(etree.tostring(root), "signature-form")
    root = etree.fromstring(whole)
    next(root.iter("{*}X509Certificate")).text = "not a certificate"
    _refused(etree.tostring(root), "signature-form")


def _refused(certificate: bytes, why: str) -> None:
    with pytest.raises(Refused, match=f"^{why}$"):
        read(Request(certificate, TRUST, LATER))


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


def hostile() -> Iterator[tuple[str, bytes]]:
    """Why it is refused, and the file."""
    start, body = b'<?xml version="1.0"?>', a_certificate()[38:]
    yield "document-type", start + f'<!DOCTYPE d [<!ENTITY a0 "ha">{LAUGHS}]><d>&a11;</d>'.encode()
    yield "document-type", start + b'<!DOCTYPE d SYSTEM "http://127.0.0.1/x.dtd">' + body
    yield "document-type", start + b'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><d>&f;</d>'
    yield "document-type", '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE d []><d/>'.encode("utf-16")
    yield "not-xml", start + b"<d>" * 100_000
    yield "not-xml", a_certificate()[:-20]
    yield "not-xml", start + b"<d a='" + b"&#0;" + b"'/>"
    yield "not-xml", start
    yield "not-xml", b""
    yield "not-a-certificate", start + b"<html/>"
    yield "not-a-certificate", start + b"<digitalCalibrationCertificate/>"
    yield "not-a-certificate", a_certificate().replace(b"2026-03-02", b"yesterday")
    yield "not-a-certificate", a_certificate().replace(b"2026-03-02", b"2026-04-02")
    yield "not-a-certificate", a_certificate().replace(b"JZ-2026-0117", b" ")
    yield "too-much", a_certificate() + b" " * reading.MAX_FILE_BYTES
    yield "too-much", a_certificate().replace(b"<dcc:items>", b"<dcc:items>" + b"<dcc:item/>" * 200)


@pytest.mark.parametrize(("why", "content"), list(hostile()))
async def test_hostile_files_are_refused_with_their_reason(why: str, content: bytes) -> None:
    with pytest.raises(DigitalCertificateUnreadable) as refused:
        await reading.read(content, TRUST, LATER)
    assert refused.value.values["why"].key == f"digital-certificate.{why}"  # type: ignore[attr-defined]


async def test_millions_of_small_elements_end_the_worker_and_nothing_else() -> None:
    content = a_certificate().replace(b"<dcc:items>", b"<dcc:items>" + b"<x/>" * 1_900_000)
    with pytest.raises(DigitalCertificateUnreadable):
        await reading.read(signed_by_nobody(content), TRUST, LATER)
    assert (await reading.read(a_certificate(), b"", LATER)).items


def signed_by_nobody(content: bytes) -> bytes:
    """With the signature of another certificate, so that all of it must be hashed."""
    other = signed(a_certificate(), LAB)
    signature = other[other.index(b"<ds:Signature") : other.index(b"</ds:Signature>") + 15]
    return content.replace(b"</dcc:digitalCal", signature + b"</dcc:digitalCal")


async def test_nothing_outside_the_file_is_read_or_included(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("10041")
    include = f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file://{tmp_path}/secret" parse="text"/>'
    content = a_certificate("").replace(b"<dcc:value></dcc:value>", f"<dcc:value>{include}</dcc:value>".encode())
    assert include.encode() in content
    assert (await reading.read(content, b"", LATER)).items[0].serial_nos == ()


def test_long_texts_are_cut_and_comments_are_no_text() -> None:
    found = read(Request(a_certificate("1<!-- no -->0041" + "7" * 5000), b"", LATER))
    [serial_no] = found.items[0].serial_nos
    assert serial_no == ("10041" + "7" * 5000)[:300]


def of(serial_no: str) -> DigitalCertificate:
    return read(Request(a_certificate(serial_no), b"", LATER))


def test_a_certificate_beside_its_device_shows_no_difference() -> None:
    assert differences(of("10041"), a_device()) == ()
    assert differences(of(" 100-41 "), a_device()) == ()


def test_another_serial_number_or_model_is_shown_as_both_write_it() -> None:
    [found] = differences(of("10042"), a_device())
    assert (found.field, found.device, found.certificate) == ("serial_no", "10041", ("10042",))
    [missing] = differences(of(""), a_device())
    assert (missing.field, missing.certificate) == ("serial_no", ())
    [model] = differences(of("10041"), replace(a_device(), model="AWA5688"))
    assert (model.field, model.certificate) == ("model", ("AWA 6228",))


def test_one_of_several_items_may_be_the_device() -> None:
    certificate = of("10041")
    other = replace(certificate.items[0], serial_nos=("7",), model="calibrator")
    assert differences(replace(certificate, items=(other, *certificate.items)), a_device()) == ()


def test_trusted_certificates_come_from_a_file_or_a_folder_and_must_be_some(tmp_path: Path) -> None:
    assert reading.trusted_certificates("") == b""
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    (tmp_path / "sub.crt").write_bytes(SUB.pem)
    (tmp_path / "README").write_text("no certificate")
    assert state_of(signed(a_certificate(), LAB), reading.trusted_certificates(str(tmp_path))) is SignatureState.TRUSTED
    assert reading.trusted_certificates(str(tmp_path / "root.pem")) == ROOT.pem
    with pytest.raises(ValueError, match="PEM"):
        reading.trusted_certificates(str(tmp_path / "README"))
    with pytest.raises(OSError, match="nowhere"):
        reading.trusted_certificates(str(tmp_path / "nowhere"))


async def test_the_published_certificates_of_ptb() -> None:
    """Their signer's certificate ended in 2024; it was valid in 2022, when it signed."""
    root, sub, plain, whole, changed, humidity = (
        real_data(f"docs/dcc_{name}")
        for name in (
            "root.crt", "sub.crt", "gp_temperature_typical_v12.xml", "gp_temperature_typical_v12_signed.xml",
            "gp_temperature_typical_v12_signed_manipulated.xml", "gp_humidity_v1.0.xml",
        )
    )  # fmt: skip
    now = datetime(2026, 11, 1, tzinfo=UTC)
    found = await reading.read(whole, root + sub, now)
    assert found.signature.state is SignatureState.TRUSTED
    assert (found.signature.signer, found.signature.signed_at) == (
        "Calibration Lab A1",
        datetime(2022, 10, 21, 7, 47, 21, tzinfo=UTC),
    )
    assert found.items[0].serial_nos == ("string-manufacturer-item",)
    assert (await reading.read(whole, root, now)).signature.state is SignatureState.SIGNER_UNKNOWN
    assert (await reading.read(plain, root + sub, now)).signature.state is SignatureState.UNSIGNED
    assert [item.name for item in (await reading.read(humidity, b"", now)).items] == ["Display unit", "Humidity sensor"]
    with pytest.raises(DigitalCertificateManipulated):
        await reading.read(changed, root + sub, now)
