"""Everything an operator can choose, read once from the environment and then passed on as one value.

A setting is added as one field here: its name, its type with limits, a default, and a sentence with its unit.
Nothing else in the program reads the environment.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "PLUMBLINE_"
NOT_SETTINGS = frozenset({"PLUMBLINE_PYTHON", "PLUMBLINE_VENV", "PLUMBLINE_REAL_DATA", "PLUMBLINE_CHROMIUM"})
"""Names that belong to `bin/run`, which are read before there is a Python to read settings with, and to `bin/test`."""
SECRETS = frozenset({"metrics_token", "s3_secret_key"})
"""Fields that are never printed."""
WITH_PASSWORDS = frozenset({"database_url", "migration_database_url", "smtp_url"})
"""Fields printed without the password in them."""


class SettingsError(Exception):
    """The environment does not fit; the message names the variable and how to mend it."""


def _default_data() -> Path:
    """Root gets a system folder: root's home is closed to the account that PostgreSQL must run as."""
    if os.geteuid() == 0:
        return Path("/var/lib/plumbline")
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "plumbline"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field a setting. An empty connection field means: start an embedded server for it."""

    data: Annotated[Path, Meta(description="Folder of the embedded servers, generated secrets and logs.")] = (
        msgspec.field(default_factory=_default_data)
    )
    host: Annotated[str, Meta(description="Address the API listens on.", min_length=1)] = "127.0.0.1"
    port: Annotated[
        int, Meta(description="TCP port the API listens on; `run` takes a free one if it is taken.", ge=1, le=65535)
    ] = 8000
    database_url: Annotated[
        str, Meta(description="PostgreSQL >= 18, as the application's own role. Empty: an embedded server.")
    ] = ""
    migration_database_url: Annotated[
        str, Meta(description="The same database, as the role that owns it and may migrate. Empty: database_url.")
    ] = ""
    s3_endpoint: Annotated[
        str, Meta(description="S3 server with Object Lock, with http:// or https://. Empty: an embedded server.")
    ] = ""
    s3_access_key: Annotated[str, Meta(description="Access key of the application at the S3 server.")] = ""
    s3_secret_key: Annotated[str, Meta(description="Secret key of the application at the S3 server.")] = ""
    s3_bucket: Annotated[
        str, Meta(description="Bucket of all evidence; it must have Object Lock.", min_length=3, max_length=63)
    ] = "plumbline-evidence"
    s3_region: Annotated[str, Meta(description="Region of the bucket, as signed into requests.", min_length=1)] = (
        "us-east-1"
    )
    retention_days: Annotated[
        int,
        Meta(
            description="Days an object is locked after it arrives (Object Lock, COMPLIANCE: nobody can shorten it).",
            ge=1,
            le=36500,
        ),
    ] = 3650
    signing_key: Annotated[
        str, Meta(description="File with the Ed25519 key (PEM) that signs receipts. Empty: made in the data folder.")
    ] = ""
    log_signing_key: Annotated[
        str,
        Meta(
            description="File with the Ed25519 keys (PEM, newest first) that sign the log's checkpoints, the same for "
            "all workers. Empty: made in the data folder."
        ),
    ] = ""
    tsa_url: Annotated[
        str,
        Meta(
            description="Address of a time-stamping authority (RFC 3161) for the log's checkpoints. Empty: none.",
            pattern=r"^(https?://\S+)?$",
        ),
    ] = ""
    tsa_trust: Annotated[str, Meta(description="File of certificates (PEM) that vouch for tsa_url.")] = ""
    dcc_trust: Annotated[
        str,
        Meta(description="File or folder of certificates (PEM) that vouch for signers of digital certificates."),
    ] = ""
    api_processes: Annotated[
        int,
        Meta(
            description="Processes `run` serves the API with, each brought back when it dies, as are the jobs beside "
            "them. 1: everything in `run`'s own.",
            ge=1,
            le=64,
        ),
    ] = 1
    database_connections: Annotated[
        int, Meta(description="Connections one process keeps to PostgreSQL at most.", ge=4, le=500)
    ] = 16
    max_upload_bytes: Annotated[int, Meta(description="Bytes of the largest single upload.", ge=1)] = 4 * 1024**3
    upload_expires_hours: Annotated[
        int, Meta(description="Hours after its last byte that an unfinished upload is dropped.", ge=1)
    ] = 14 * 24
    bundle_days: Annotated[
        int, Meta(description="Days the file of a court bundle is kept; it can be made again at any time.", ge=1)
    ] = 14
    replica_folder: Annotated[
        str,
        Meta(description="Folder of backups from which a lost or changed object is put back by itself. Empty: none."),
    ] = ""
    sign_in_hours: Annotated[int, Meta(description="Hours a sign-in lasts.", ge=1)] = 12
    job_workers: Annotated[int, Meta(description="Jobs one process works on at the same time.", ge=1, le=64)] = 2
    job_lease_seconds: Annotated[
        int, Meta(description="Seconds without a sign of life after which another worker takes a job over.", ge=5)
    ] = 30
    self_proof_hour: Annotated[
        int, Meta(description="Hour of the day in Beijing at which every guard is tried by a canary.", ge=0, le=23)
    ] = 3
    metrics_token: Annotated[str, Meta(description="Bearer token with which /metrics answers. Empty: it does not.")] = (
        ""
    )
    map_tiles_url: Annotated[
        str,
        Meta(
            description="Map tiles for the desk's maps, such as https://tiles.example/{z}/{x}/{y}.png. Empty: none.",
            pattern=r"^(https?://[^/?#@\s;,'\"]+/\S*)?$",
        ),
    ] = ""
    public_url: Annotated[
        str,
        Meta(
            description="Address under which phones reach this server, as QR labels print it, such as "
            "https://plumbline.example. Empty: labels hold the device's number alone, for the officers' phones.",
            pattern=r"^(https?://[^\s/?#]+)?(/[^\s?#]*)?$",
            max_length=100,
        ),
    ] = ""
    smtp_url: Annotated[
        str,
        Meta(
            description="Mail server for notices, smtp://user:password@host:port or smtps://. Empty: no mail.",
            pattern=r"^(smtps?://\S+)?$",
        ),
    ] = ""
    mail_from: Annotated[str, Meta(description="Sender of these mails, such as plumbline@example.org.")] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe level written to standard error.")
    ] = "info"

    @property
    def signing_key_file(self) -> Path:
        """Where the key of the receipts is."""
        return Path(self.signing_key) if self.signing_key else self.data / "receipt-signing-key.pem"

    @property
    def log_signing_key_file(self) -> Path:
        """Where the keys of the log's checkpoints are."""
        return Path(self.log_signing_key) if self.log_signing_key else self.data / "log-signing-keys.pem"

    @property
    def map_tiles_origin(self) -> str:
        """The host that a map's pictures come from, as a Content-Security-Policy names it."""
        return "/".join(self.map_tiles_url.split("/")[:3])

    @property
    def owner_url(self) -> str:
        """URL for migrations: the owner's role where one is configured."""
        return self.migration_database_url or self.database_url


class Described(msgspec.Struct, frozen=True):
    """One setting as `plumbline settings` prints it; `value` and `default` are masked for secrets."""

    name: str
    variable: str
    value: str
    default: str
    sentence: str


def load(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError for a PLUMBLINE_ name that does not exist and for a value that does not fit."""
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS and value != ""
    }
    for name in sorted(set(given) - set(Settings.__struct_fields__)):
        near = get_close_matches(name, Settings.__struct_fields__, n=1)
        hint = f" Did you mean {variable(near[0])}?" if near else " `plumbline settings` lists all names."
        message = f"{variable(name)} is not a setting.{hint}"
        raise SettingsError(message)
    try:
        settings = msgspec.convert(given, Settings, strict=False, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        message = f"{_named(str(error))} `plumbline settings` explains each setting."
        raise SettingsError(message) from error
    for needing, needed in _BELONG_TOGETHER:
        if getattr(settings, needing) and not getattr(settings, needed):
            message = f"{variable(needing)} is set without {variable(needed)}. Set both, or neither."
            raise SettingsError(message)
    # Children run in other folders, so a relative path would mean something else to each of them.
    return msgspec.structs.replace(settings, data=settings.data.expanduser().absolute())


_BELONG_TOGETHER = (
    ("migration_database_url", "database_url"),
    ("s3_endpoint", "s3_access_key"),
    ("s3_endpoint", "s3_secret_key"),
    ("s3_access_key", "s3_endpoint"),
    ("smtp_url", "mail_from"),
    ("tsa_url", "tsa_trust"),
)


def describe(settings: Settings) -> Iterator[Described]:
    """Every setting in order of declaration, secrets masked."""
    defaults = Settings()
    for field in msgspec.inspect.type_info(Settings).fields:  # type: ignore[attr-defined]
        yield Described(
            name=field.name,
            variable=variable(field.name),
            value=_shown(field.name, getattr(settings, field.name)),
            default=_shown(field.name, getattr(defaults, field.name)),
            sentence=field.type.extra_json_schema["description"],
        )


def variable(name: str) -> str:
    """Name of the environment variable of a field."""
    return PREFIX + name.upper()


def _shown(name: str, value: object) -> str:
    text = str(value)
    if name in SECRETS and text:
        return "(set, not shown)"
    return _without_password(text) if name in WITH_PASSWORDS else text


def _without_password(url: str) -> str:
    """Whatever stands between the first colon after the user and the last @, and a query that speaks of a password."""
    if "password" in url:
        url = url.partition("?")[0] + "?(not shown)"
    scheme, _, rest = url.partition("://")
    user_info, at, place = rest.rpartition("@")
    user, colon, _ = user_info.partition(":")
    return f"{scheme}://{user}:•••@{place}" if at and colon else url


def _decoded(kind: type, value: object) -> object:
    """For types that msgspec does not know; of these, settings have paths alone."""
    return kind(value)


def _named(error: str) -> str:
    """From ``... - at `$.port` `` of msgspec to the variable that an operator knows."""
    reason, _, path = error.partition(" - at `$.")
    return f"{variable(path.rstrip('`'))}: {reason}." if path else f"{reason}."
