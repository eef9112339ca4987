"""Unmodified tus clients against two processes that share one database, as behind a balancer."""

import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from anyio import run_process
from tusclient.client import TusClient

from evidence.upload_writer import PART_BYTES
from foundation.clock import SystemClock
from plumbline.opening import opened
from plumbline.settings import Settings
from tests.builders import a_photo
from tests.mobile_api.conftest import SignedIn

MIB = 1 << 20
JS = Path(__file__).parent / "js"


def a_video(size: int, seed: int) -> bytes:
    """As many bytes as wanted that begin as an MP4 does."""
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + hashlib.shake_128(str(seed).encode()).digest(size - 24)


async def stored(settings: Settings, body: bytes) -> bytes:
    """What the object store gives back for these bytes' digest; it must be locked."""
    async with opened(settings, SystemClock()) as custodian:
        found = await custodian.store.find(hashlib.sha256(body).digest())
        assert found is not None
        assert found.retained_until is not None
        key = f"sha256/{hashlib.sha256(body).hexdigest()[:2]}/{hashlib.sha256(body).hexdigest()[2:]}"
        return b"".join([chunk async for chunk in custodian.store.read(key, found.version_id)])


@pytest.mark.parametrize("chunk", [1, 2])
async def test_tuspy_uploads_in_chunks_with_checksums_and_resumes_at_another_worker(
    served_phone: SignedIn, workers: tuple[str, str], shared_settings: Settings, chunk: int
) -> None:
    body = a_video(6 * MIB + 11, seed=chunk)
    evidence_id = await served_phone.commit(body, SystemClock())
    token = {"Authorization": served_phone.client.headers["Authorization"]}
    with io.BytesIO(body) as file:
        asked = {"file_stream": file, "chunk_size": chunk * MIB, "upload_checksum": True}
        there, elsewhere = (TusClient(f"{url}/mobile/v1/uploads", headers=token) for url in workers)
        first: Any = there.uploader(metadata={"evidence_id": evidence_id}, **asked)
        first.upload(stop_at=3 * MIB)
        second: Any = elsewhere.uploader(url=first.url.replace(workers[0], workers[1]), **asked)
        assert second.offset == first.offset >= 3 * MIB
        second.upload()
    answer = second.request.response_headers
    assert answer["plumbline-outcome"] == "ADMITTED"
    mine = (await served_phone.client.get(f"/mobile/v1/evidence/{evidence_id}")).json()
    assert answer["plumbline-receipt"] == mine["receipt"]
    assert await stored(shared_settings, body) == body


@pytest.fixture(scope="session")
def tus_js_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where our script finds the npm package, which is not part of the project."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("tus-js-client is tried where node and npm are")
    folder = tmp_path_factory.mktemp("js")
    for file in JS.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not install tus-js-client within two minutes")
    if installed.returncode:
        pytest.skip(f"npm could not install tus-js-client: {installed.stderr.strip().splitlines()[-1]}")
    return folder


@pytest.mark.parametrize(
    ("size", "how"),
    [
        (0, {}),
        (0, {"uploadDataDuringCreation": True}),
        (0, {"uploadDataDuringCreation": True, "chunkSize": 100}),
        (9 * MIB, {"chunkSize": 3 * MIB}),
        (20 * MIB, {"chunkSize": PART_BYTES, "uploadDataDuringCreation": True}),
        (17 * MIB, {"uploadDataDuringCreation": True}),
        (2 * MIB, {"chunkSize": MIB, "overridePatchMethod": True}),
        (12 * MIB, {"chunkSize": 2 * MIB, "abortAfter": 6 * MIB}),
        (21 * MIB, {"chunkSize": PART_BYTES, "abortAfter": PART_BYTES, "uploadDataDuringCreation": True}),
    ],
)
async def test_tus_js_client_uploads(
    served_phone: SignedIn,
    workers: tuple[str, str],
    shared_settings: Settings,
    tus_js_client: Path,
    size: int,
    how: dict[str, Any],
) -> None:
    body = a_video(size, seed=size) if size else a_photo(len(str(how)))
    evidence_id = await served_phone.commit(body, SystemClock())
    (tus_js_client / "body").write_bytes(body)
    wanted = {
        "endpoints": [f"{url}/mobile/v1/uploads" for url in workers],
        "token": served_phone.client.headers["Authorization"].removeprefix("Bearer "),
        "evidenceId": evidence_id,
        "file": str(tus_js_client / "body"),
        **how,
    }
    command = ["node", "upload.mjs", json.dumps(wanted)]
    ran = await run_process(command, cwd=tus_js_client, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    told = json.loads(ran.stdout)
    assert told["outcome"] == "ADMITTED", told
    assert told["path"] == f"/mobile/v1/uploads/{evidence_id}"
    mine = (await served_phone.client.get(f"/mobile/v1/evidence/{evidence_id}")).json()
    assert told["receipt"] == mine["receipt"]
    assert await stored(shared_settings, body) == body
    methods = [method for method, *_ in told["requests"]]
    assert methods[0] == "POST"
    assert ("HEAD" in methods) == ("abortAfter" in how)
    assert ("PATCH" in methods) == ("overridePatchMethod" not in how and how != {"uploadDataDuringCreation": True})
