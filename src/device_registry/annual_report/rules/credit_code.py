"""统一社会信用代码, GB 32100-2015: 17 characters and one that checks them."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters; no I, O, S, V, Z."""


def credit_code(text: str) -> str | None:
    """In capitals, without spaces; None where it is no such code."""
    code = "".join(text.split()).upper()
    if len(code) != 18 or any(letter not in ALPHABET for letter in code):
        return None
    total = sum(ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:17]))
    return code if code[17] == ALPHABET[(31 - total % 31) % 31] else None
