"""How evidence.content and its worker process talk: a fixed header, then as many bytes as it says."""

from struct import Struct

PICTURES = ("image/jpeg", "image/png", "image/webp", "image/heic")
"""Media types that the worker opens; a request names one by its position."""

READY = b"!"
"""Sent once by the worker, when everything is loaded and every limit stands."""

REQUEST = Struct(">IdB")
"""Length of the picture in bytes, when it came (seconds since 1970, UTC), position in PICTURES."""

ANSWER = Struct(">I")
"""Length in bytes of the answer: a JSON object with `trouble`, `error` and `metadata`."""

MAX_ANSWER_BYTES = 100 * 1024
"""Largest answer: 64 KiB of EXIF in base64, and a few kB for what is derived from it."""
