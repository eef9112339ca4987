"""A row of a file of certificates and failure notices, as the fact it states: pure, and run in the process apart."""

from datetime import date

import msgspec

from device_registry.importing import cells
from device_registry.importing.cells import DateOrder
from device_registry.importing.columns import Row
from device_registry.importing.faults import Fault, Reader
from device_registry.importing.table import Cell
from device_registry.model import Nature, Occasion, VerificationCertificate, VerificationFailureNotice
from foundation.problem import Spoken

REQUIRED = ("tag", "result", "issuing_body", "verified_on")
DAYS = ("verified_on", "valid_until")
RESULTS = {"合格": True, "pass": True, "passed": True, "不合格": False, "fail": False, "failed": False}
OCCASIONS = {
    "首次检定": Occasion.INITIAL,
    "首检": Occasion.INITIAL,
    "后续检定": Occasion.SUBSEQUENT,
    "周期检定": Occasion.SUBSEQUENT,
    "周检": Occasion.SUBSEQUENT,
    "修理后检定": Occasion.AFTER_REPAIR,
    "有效期内的检定": Occasion.WITHIN_VALIDITY,
    "有效期内检定": Occasion.WITHIN_VALIDITY,
    "仲裁检定": Occasion.ARBITRATION,
    **{occasion.casefold(): occasion for occasion in Occasion},
}
NATURES = {
    "检定": Nature.VERIFICATION,
    "检定证书": Nature.VERIFICATION,
    "校准": Nature.CALIBRATION,
    "校准证书": Nature.CALIBRATION,
    **{nature.casefold(): nature for nature in Nature},
}

Result = VerificationCertificate | VerificationFailureNotice


class CertificateRow(msgspec.Struct, frozen=True):
    """`passed` or `failed` is the fact, where there are no faults. `number` is the one a spreadsheet shows."""

    number: int
    tag: str | None
    passed: VerificationCertificate | None
    failed: VerificationFailureNotice | None
    faults: list[Fault]

    @property
    def fact(self) -> Result | None:
        return self.passed or self.failed


def certificate_row(row: Row, date_order: DateOrder, *, epoch_1904: bool) -> CertificateRow:
    def day(cell: Cell | None) -> date | None:
        return cells.day(cell, date_order, epoch_1904=epoch_1904)

    reader = Reader(row.cells)
    tag = reader.read("tag", cells.text, required=True)
    passed = reader.read("result", lambda cell: cells.one_of(cell, RESULTS), required=True)
    channel = reader.read("channel", cells.text)
    body = reader.read("issuing_body", cells.text, required=True)
    on = reader.read("verified_on", day, required=True)
    regulation = reader.read("regulation", cells.text)
    sequence = reader.read("issued_sequence", cells.whole)
    if passed:
        number = reader.read("certificate_no", cells.text, required=True)
        until = reader.read("valid_until", day, required=True)
        occasion = reader.read("occasion", lambda cell: cells.one_of(cell, OCCASIONS)) or Occasion.SUBSEQUENT
        nature = reader.read("nature", lambda cell: cells.one_of(cell, NATURES)) or Nature.VERIFICATION
        if reader.faults or not (body and on and number and until):
            return CertificateRow(row.number, tag, None, None, reader.faults)
        certificate = VerificationCertificate(
            verified_on=on,
            valid_until=until,
            certificate_no=number,
            issuing_body=body,
            occasion=occasion,
            nature=nature,
            channel=channel or "",
            regulation=regulation or None,
            issued_sequence=sequence,
        )
        return CertificateRow(row.number, tag, certificate, None, [])
    number = reader.read("notice_no", cells.text) or reader.read("certificate_no", cells.text)
    until = reader.read("valid_until", day)
    failed_items = reader.read("failed_items", cells.text)
    if passed is False and not number:
        reader.fault("notice_no", Spoken("import.cell.missing"))
    if passed is False and until is not None and until != on:  # some registers repeat the day of the test
        reader.fault("valid_until", Spoken("import.cell.failure-with-validity"))
    if reader.faults or not (body and on and number):
        return CertificateRow(row.number, tag, None, None, reader.faults)
    notice = VerificationFailureNotice(
        failed_on=on,
        notice_no=number,
        issuing_body=body,
        channel=channel or "",
        regulation=regulation or None,
        failed_items=failed_items or None,
        issued_sequence=sequence,
    )
    return CertificateRow(row.number, tag, None, notice, [])
