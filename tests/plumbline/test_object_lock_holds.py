"""An object under COMPLIANCE retention outlives every attack on every socket the object store listens on.

The attacker here is strong: on the same machine, holding the application's own S3 keys, knowing all inner names.
What nobody can be kept from is a user who may read the data folder itself; docs/decisions/0002 says so.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import re
import socket
import ssl
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.credentials.credentials import Credentials
from minio.retention import Retention
from minio.signer import sign_v4_s3
from minio.time import to_amz_date

from plumbline.embedded import certificates, objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plumbline.settings import Settings

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="sockets are enumerated through Linux's /proc"
)

HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
BYPASS = {"x-amz-bypass-governance-retention": "true"}


@dataclass(frozen=True)
class Locked:
    """An object under retention, and everything an attacker could know about it."""

    settings: Settings
    client: Minio
    key: str
    version: str
    content: bytes
    retained_until: datetime

    @property
    def inner_path(self) -> str:
        return f"{self.key}.versions/v_{self.version}"

    def assert_untouched(self, after: str) -> None:
        bucket = self.settings.s3_bucket
        try:
            answer = self.client.get_object(bucket, self.key, version_id=self.version)
            content = answer.read()
            answer.close()
            retention = self.client.get_object_retention(bucket, self.key, version_id=self.version)
        except Exception as error:
            raise AssertionError(f"not readable after {after}") from error
        assert content == self.content, after
        assert retention is not None, after
        assert (retention.mode, retention.retain_until_date) == (COMPLIANCE, self.retained_until), after


@pytest.fixture(scope="module")
def locked(services: Settings) -> Locked:
    client = Minio(
        urlsplit(services.s3_endpoint).netloc, services.s3_access_key, services.s3_secret_key,
        secure=False, region=services.s3_region,
    )  # fmt: skip
    content = os.urandom(100_000)
    until = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    key = "case-1/photo.jpg"
    made = client.put_object(
        services.s3_bucket, key, io.BytesIO(content), len(content), retention=Retention(COMPLIANCE, until)
    )
    assert made.version_id is not None
    return Locked(services, client, key, made.version_id, content, until)


def test_the_application_can_do_what_it_must(locked: Locked) -> None:
    """Without this, a store that refuses everything would pass the rest."""
    client, bucket = locked.client, locked.settings.s3_bucket
    free = client.put_object(bucket, "free", io.BytesIO(b"1"), 1)
    parts = client.put_object(bucket, "parts", io.BytesIO(bytes(6 * 1024**2)), -1, part_size=5 * 1024**2)
    assert client.stat_object(bucket, "parts", version_id=parts.version_id).size == 6 * 1024**2
    client.enable_object_legal_hold(bucket, "parts", version_id=parts.version_id)
    client.disable_object_legal_hold(bucket, "parts", version_id=parts.version_id)
    client.set_object_retention(bucket, "parts", Retention(COMPLIANCE, soon()), version_id=parts.version_id)
    versions = [one.version_id for one in client.list_objects(bucket, "free", include_version=True)]
    assert versions == [free.version_id]
    client.remove_object(bucket, "free", version_id=free.version_id)
    assert not list(client.list_objects(bucket, "free", include_version=True))


def test_the_retention_can_be_extended(locked: Locked) -> None:
    bucket, until = locked.settings.s3_bucket, soon()
    made = locked.client.put_object(bucket, "extended", io.BytesIO(b"1"), 1, retention=Retention(COMPLIANCE, until))
    later = Retention(COMPLIANCE, until + timedelta(minutes=1))
    locked.client.set_object_retention(bucket, "extended", later, version_id=made.version_id)
    found = locked.client.get_object_retention(bucket, "extended", version_id=made.version_id)
    assert found is not None
    assert found.retain_until_date == later.retain_until_date


def soon() -> datetime:
    return (datetime.now(UTC) + timedelta(minutes=1)).replace(microsecond=0)


def retention(mode: str, until: datetime) -> bytes:
    text = f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{until:%Y-%m-%dT%H:%M:%SZ}</RetainUntilDate></Retention>"
    return text.encode()


def deletion(*names: tuple[str, str]) -> bytes:
    entries = "".join(
        f"<Object><Key>{key}</Key>{f'<VersionId>{version}</VersionId>' if version else ''}</Object>"
        for key, version in names
    )
    return f"<Delete>{entries}</Delete>".encode()


def s3_attacks(locked: Locked) -> Iterator[tuple[str, str, str, bytes]]:
    """Method, path, query and body; all signed with the application's own keys, and asking to bypass governance."""
    bucket, key, version = f"/{locked.settings.s3_bucket}", locked.key, locked.version
    path = f"{bucket}/{key}"
    inner = (
        locked.inner_path, f"{key}.versions", f"{key}.versions/", key.split("/")[0], key.split("/")[0] + "/",
        f"x/../{locked.inner_path}", f"./{locked.inner_path}", f"../{locked.settings.s3_bucket}/{locked.inner_path}",
    )  # fmt: skip
    yield "DELETE", path, f"versionId={version}", b""
    yield "DELETE", path, "", b""  # only puts a delete marker above the version
    yield "POST", bucket, "delete=", deletion((key, version))
    for name in inner:
        for query in ("", "versionId=null", "recursive=true"):
            yield "DELETE", f"{bucket}/{name}", query, b""
        yield "POST", bucket, "delete=", deletion((name, ""), (name, "null"))
    yield "PUT", path, f"retention=&versionId={version}", retention("COMPLIANCE", soon())
    yield "PUT", path, f"retention=&versionId={version}", retention("GOVERNANCE", soon() + timedelta(days=99))
    yield "PUT", path, f"retention=&versionId={version}", b"<Retention></Retention>"
    yield "PUT", path, "", b"other bytes"
    yield "PUT", path, f"versionId={version}", b"other bytes"
    yield "PUT", f"{bucket}/{locked.inner_path}", "", b"other bytes"
    yield "DELETE", path, "uploadId=../" + key.split("/")[0], b""
    yield "DELETE", bucket, "", b""
    yield "DELETE", bucket + "/", "", b""
    yield "PUT", bucket, "versioning=", b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
    yield "PUT", bucket, "object-lock=", b"<ObjectLockConfiguration/>"
    yield "PUT", bucket, "acl=", b""
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3::{bucket}/*"}
    yield "PUT", bucket, "policy=", json.dumps({"Version": "2012-10-17", "Statement": [everybody]}).encode()
    yield "POST", "/", "", b"Action=CreateUser&UserName=other"
    yield "POST", "/", "", b"Action=PutUserPolicy&UserName=plumbline&PolicyName=p&PolicyDocument=%7B%7D"


def test_nothing_the_applications_own_keys_can_sign_removes_or_changes_it(locked: Locked) -> None:
    for method, path, query, body in s3_attacks(locked):
        status = signed_request(locked, method, path, query, body)
        assert status != 0
        locked.assert_untouched(f"{method} {path}?{query} -> {status}")


def test_a_multipart_upload_over_it_leaves_the_locked_version(locked: Locked) -> None:
    locked.client.put_object(
        locked.settings.s3_bucket, locked.key, io.BytesIO(bytes(6 * 1024**2)), -1, part_size=5 * 1024**2
    )
    locked.assert_untouched("a multipart upload")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("versioning=", b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"),
        ("object-lock=", b"<ObjectLockConfiguration/>"),
        ("policy=", b"{}"),
        ("acl=", b""),
    ],
)
def test_the_buckets_own_rules_cannot_be_changed_through_s3(locked: Locked, query: str, body: bytes) -> None:
    assert signed_request(locked, "PUT", f"/{locked.settings.s3_bucket}", query, body) in (400, 403, 409)


def test_no_http_request_to_any_socket_removes_or_changes_it(locked: Locked) -> None:
    sockets = listening(locked.settings)
    fids = chunks_of(locked)
    assert len([one for one in sockets if isinstance(one, int)]) >= 8, sockets
    assert fids
    bucket = locked.settings.s3_bucket
    whole = f"/buckets/{bucket}"
    paths = [
        f"/{bucket}/{locked.key}", f"/{bucket}/{locked.inner_path}",
        f"{whole}/{locked.key}", f"{whole}/{locked.inner_path}",
        f"{whole}/{locked.inner_path}?recursive=true&ignoreRecursiveError=true", f"{whole}?recursive=true",
        "/buckets?recursive=true", "/?recursive=true", f"{whole}/{locked.inner_path}?mv.from=/etc",
        f"/moved?mv.from={whole}/{locked.inner_path}", f"/.tus{whole}/{locked.inner_path}",
        f"/col/delete?collection={bucket}", "/vol/vacuum?garbageThreshold=0.0001", "/vol/grow?count=1",
        "/dir/assign", f"/dir/assign?collection={bucket}", "/submit", "/admin/assign_volume?volume=99",
        f"/admin/delete_collection?collection={bucket}", "/admin/vacuum/compact?volume=1",
        *(f"/{fid}{suffix}" for fid in fids for suffix in ("", "?type=replicate", "?jwt=e30.e30.")),
        *(f"/delete?fid={fid}" for fid in fids),
    ]  # fmt: skip
    unsigned_token = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + "." + "e30."
    for place in sockets:
        for path in paths:
            for method in ("DELETE", "POST", "PUT", "GET"):
                for token in ("", unsigned_token):
                    http_request(place, method, path, token)
        locked.assert_untouched(f"HTTP requests to {place}")


def test_every_socket_speaks_either_guarded_http_or_grpc_with_our_certificate(locked: Locked, tmp_path: Path) -> None:
    config = locked.settings.data / "objects" / "config"
    certificates.ensure(tmp_path)  # a stranger's authority, with the same common name
    spoken = {}
    for place in listening(locked.settings):
        if http_request(place, "GET", "/", ""):
            spoken[place] = "http"
            continue
        assert not speaks_http2(place, None), f"{place} speaks HTTP/2 in the clear"
        assert not speaks_http2(place, tls()), f"{place} needs no certificate"
        assert not speaks_http2(place, tls(tmp_path)), f"{place} takes a stranger's certificate"
        assert speaks_http2(place, tls(config)), f"{place} does not even take ours"
        spoken[place] = "grpc"
    assert list(spoken.values()).count("grpc") >= 8, spoken  # four servers, each on a port and on a unix socket


def test_every_socket_is_for_this_machine_alone(locked: Locked) -> None:
    """TCP on 127.0.0.1 only; unix sockets that no other user may open."""
    for place in listening(locked.settings):
        if isinstance(place, str):
            assert Path(place).stat().st_mode & 0o077 == 0, place


def test_secrets_are_files_for_their_owner_alone(locked: Locked) -> None:
    config = locked.settings.data / "objects" / "config"
    assert config.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in config.iterdir()} == {0o600}
    assert not list(config.glob("*ca*key*")), "the authority's key must not be kept"


def signed_request(locked: Locked, method: str, path: str, query: str, body: bytes) -> int:
    settings = locked.settings
    url = urlsplit(f"{settings.s3_endpoint}{path}" + (f"?{query}" if query else ""))
    digest, now = hashlib.sha256(body).hexdigest(), datetime.now(UTC)
    headers: dict[str, str | list[str] | tuple[str]] = {
        "Host": url.netloc,
        "Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        "x-amz-content-sha256": digest,
        "x-amz-date": to_amz_date(now),
        **BYPASS,
    }
    signed = sign_v4_s3(
        method=method, url=url, region=settings.s3_region, headers=headers,
        credentials=Credentials(settings.s3_access_key, settings.s3_secret_key), content_sha256=digest, date=now,
    )  # fmt: skip
    connection = http.client.HTTPConnection(url.netloc, timeout=20)
    plain = {name: str(value) for name, value in signed.items()}
    connection.request(method, path + (f"?{query}" if query else ""), body, plain)
    status = connection.getresponse().status
    connection.close()
    return status


def http_request(place: int | str, method: str, path: str, token: str) -> int:
    """Status, or 0 when no HTTP answer came."""
    connection = http.client.HTTPConnection("127.0.0.1", timeout=5)
    try:
        connection.sock = connect(place)
        body = b"other bytes" if method in ("POST", "PUT") else None
        connection.request(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
    except (http.client.HTTPException, OSError):
        return 0
    else:
        return answer.status
    finally:
        connection.close()


def connect(place: int | str) -> socket.socket:
    if isinstance(place, int):
        return socket.create_connection(("127.0.0.1", place), timeout=5)
    unix = socket.socket(socket.AF_UNIX)
    unix.settimeout(5)
    unix.connect(place)
    return unix


def tls(certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if certificate:
        context.load_cert_chain(certificate / "server.pem", certificate / "server.key")
    return context


def speaks_http2(place: int | str, context: ssl.SSLContext | None) -> bool:
    """Whether the server answers our HTTP/2 preface with SETTINGS, frame type 4.

    In TLS 1.3 a handshake proves nothing: the server refuses our certificate after it.
    """
    plain = connect(place)
    try:
        stream = context.wrap_socket(plain) if context else plain
        with stream:
            stream.sendall(HTTP2_PREFACE)
            return stream.recv(9)[3:4] == b"\x04"
    except OSError:  # ssl.SSLError is one
        return False
    finally:
        plain.close()


def listening(settings: Settings) -> list[int | str]:
    """Every TCP port and unix socket of the store, from the kernel's own tables. Fails for one beyond loopback."""
    pid = (settings.data / "objects" / "weed.pid").read_text().split()[0]
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed while we looked
            if found := re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink())):
                inodes.add(found[1])
    places: list[int | str] = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                ip, port = words[1].split(":")
                assert ip == "0100007F", f"listens beyond loopback: {line}"
                places.append(int(port, 16))
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "00010000" and words[6] in inodes:
            places.append(words[7])
    return places


def chunks_of(locked: Locked) -> list[str]:
    """Inner file ids of the object's bytes, such as `3,01637037d6`."""
    folder = locked.settings.data / "objects"
    server = Path(f"/proc/{(folder / 'weed.pid').read_text().split()[0]}/cmdline").read_bytes().decode().split("\0")
    port = {name: value for name, _, value in (word[1:].partition("=") for word in server) if ".port" in name}
    shell = subprocess.run(
        [
            str(objects.program()), f"-config_dir={folder}/config", "-logtostderr=true", "shell",
            f"-master=127.0.0.1:{port['master.port']}.{port['master.port.grpc']}",
            f"-filer=127.0.0.1:{port['filer.port']}.{port['filer.port.grpc']}",
        ],
        input=f"fs.meta.cat /buckets/{locked.settings.s3_bucket}/{locked.inner_path}\nexit\n",
        capture_output=True, text=True, check=True, cwd=folder,
    )  # fmt: skip
    return re.findall(r'"fileId":\s*"([^"]+)"', shell.stdout)
