"""Scans, offered for saving."""

from typing import Any

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from agency.http import requires
from agency.model import Actor
from device_registry.documents import DocumentKeeper
from device_registry.http.documents import kept_document
from device_registry.http.reaching import READERS


@get("/documents/{sha256:str}", guards=[requires(*READERS)], media_type="application/octet-stream")
async def document(
    sha256: FromPath[str], request: Request[Actor, Any, State], documents: NamedDependency[DocumentKeeper]
) -> Stream:
    return await kept_document(documents, request.user, sha256)


ROUTES = [document]
