"""Anybody can check a receipt: with the published keys, and nothing else of the server's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumbline.walkthrough.api import Api

_REGISTRY = jws.JWSRegistry(algorithms=["Ed25519"])


class ReceiptKeys:
    """The keys a server published."""

    def __init__(self, key_set: dict[str, Any]) -> None:
        self._keys = KeySet.import_key_set(key_set)  # type: ignore[arg-type]

    @classmethod
    def published_by(cls, api: Api) -> ReceiptKeys:
        return cls(api.call("GET", "/.well-known/plumbline-receipt-keys.json").json())

    def faults_of(self, receipt: str, expected: Mapping[str, Any]) -> list[str]:
        """What is wrong with a receipt: its signature, or a member that does not say what it should. Empty: nothing."""
        try:
            signed = jws.deserialize_compact(receipt.encode(), self._keys, registry=_REGISTRY)
            payload = msgspec.json.decode(signed.payload, type=dict[str, Any])
        except (JoseError, ValueError) as error:  # msgspec's errors are ValueErrors
            return [f"receipt: {error or type(error).__name__}"]
        if signed.headers().get("typ") != "plumbline-receipt+jws":
            return [f"receipt: typ {signed.headers().get('typ')}"]
        return [
            f"receipt: {name} is {payload.get(name)!r}, not {value!r}"
            for name, value in expected.items()
            if payload.get(name) != value
        ]
