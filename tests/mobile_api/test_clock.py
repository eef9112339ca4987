"""The signed time over HTTP."""

from typing import Any

import msgspec
from joserfc import jws
from joserfc.jwk import OKPKey

from tests.mobile_api.conftest import PASSWORD, SignedIn
from tests.support import FixedClock


async def test_the_time_is_signed_for_this_phone_and_this_question(phone: SignedIn, clock: FixedClock) -> None:
    answer = await phone.client.get("/mobile/v1/time", params={"nonce": "3f6c9a0b"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    [key] = (await phone.client.get("/.well-known/plumbline-receipt-keys.json")).json()["keys"]
    signed = jws.deserialize_compact(answer.json()["anchor"], OKPKey.import_key(key), algorithms=["Ed25519"])
    assert signed.headers()["typ"] == "plumbline-time+jws"
    payload: dict[str, Any] = msgspec.json.decode(signed.payload)
    assert payload == {
        "at": answer.json()["server_time"], "nonce": "3f6c9a0b", "phone_id": str(phone.officer.phone_id)
    }  # fmt: skip


async def test_a_desk_has_no_phone_to_sign_the_time_for(phone: SignedIn) -> None:
    desk = await phone.client.post("/desk/v1/sign-in", json={"sign_in_name": "officer-a", "password": PASSWORD})
    refused = await phone.client.get(
        "/mobile/v1/time", params={"nonce": "3f6c9a0b"}, headers={"Authorization": f"Bearer {desk.json()['token']}"}
    )
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")
    assert (await phone.client.get("/mobile/v1/time")).status_code == 400
