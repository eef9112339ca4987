"""Numbers of enterprises and people that check themselves, and what an enterprise's QR code says. Pure.

统一社会信用代码 GB 32100-2015, 公民身份号码 GB 11643-1999.
"""

import re
from datetime import date
from urllib.parse import unquote, urlsplit

from msgspec import Struct

CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters; no I, O, S, V, Z."""
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"

_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{18}(?![0-9A-Za-z])")
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")


class ScannedCode(Struct, frozen=True):
    """What an enterprise's code says: the number of its licence, or else `code`, under which others know it."""

    uscc: str | None
    code: str


def credit_code(text: str) -> str | None:
    """In capitals, without spaces; None where it is no such code."""
    code = "".join(text.split()).upper()
    if len(code) != 18 or any(letter not in CREDIT_CODE_ALPHABET for letter in code):
        return None
    total = sum(CREDIT_CODE_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:17]))
    return code if code[17] == CREDIT_CODE_ALPHABET[(31 - total % 31) % 31] else None


def id_number(text: str, today: date) -> str | None:
    """With a capital X, without spaces; None where it is no such number or its birthday is none up to `today`."""
    number = "".join(text.split()).upper()
    if not _ID_NUMBER.fullmatch(number) or not number.isascii():
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    total = sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, number, strict=False))
    return number if born <= today and number[17] == ID_CHECKS[total % 11] else None


def masked(text: str) -> str:
    """The text with the birthday and half of the place in every number that looks like somebody's hidden."""
    return _ID_NUMBER.sub(lambda found: f"{found[0][:4]}{'*' * 10}{found[0][-4:]}", text)


def scanned_enterprise(scanned: str) -> ScannedCode:
    """Reads a code of a licence: a USCC alone, or text or an address with one in it; or a supervision code 监督码.

    Two different USCCs in one text are none. Of an address that holds none the code is its value `code`, or the last
    part of its path; of other text, the text.
    """
    text = unquote(scanned).strip()
    alone = credit_code(text)
    found = {code for match in _CREDIT_CODE.findall(text) if (code := credit_code(match))}
    uscc = alone or (found.pop() if len(found) == 1 else None)
    return ScannedCode(uscc, uscc or _code_in(text))


def _code_in(text: str) -> str:
    if not text.lower().startswith(("http://", "https://")):
        return text
    try:
        address = urlsplit(text)
    except ValueError:
        return text
    for part in address.query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() == "code" and value:
            return value
    return address.path.rstrip("/").rpartition("/")[2] or text
