"""What a QR label says, and which device somebody means by what a phone has read from one. Pure."""

from urllib.parse import quote, unquote

SCHEME = "plumbline:device:"
"""Begins what labels hold where no public address is set. Labels live for years: never change it."""
PATH = "/d/"


def content(tag: str, public_url: str) -> str:
    """What the QR code of the device holds: an address for any phone, or without one its number for ours."""
    name = quote(tag, safe="")
    return f"{public_url.rstrip('/')}{PATH}{name}" if public_url else f"{SCHEME}{name}"


def tag_of(scanned: str) -> str:
    """The number of the device that the text names; a text of neither form is the number itself, as typed in."""
    text = scanned.strip()
    if text.lower().startswith(SCHEME):
        return unquote(text[len(SCHEME) :])
    if text.lower().startswith(("http://", "https://")):
        before, found, name = text.partition("?")[0].partition("#")[0].rpartition(PATH)
        if found and before:
            return unquote(name.rstrip("/"))
    return scanned
