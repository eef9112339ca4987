"""What any phone opens when it reads a QR label."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath

from agency.http import OPEN
from console.pages import redirect
from console.visit import HOME


@get("/d/{tag:str}", opt=OPEN, include_in_schema=False)
async def scanned(tag: FromPath[str]) -> Response[Any]:
    """The register, looking for the device: whoever is not signed in is asked to."""
    return redirect(f"{HOME}/devices?{urlencode({'text': tag})}")
