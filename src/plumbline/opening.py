"""Connects to everything evidence is kept with, for the API, the worker and tests alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from device_registry.digital_certificate.reading import trusted_certificates
from device_registry.documents import DocumentKeeper
from evidence.content import Examiner
from evidence.custodian import Custodian
from evidence.signing import Signer
from foundation.clock import Clock
from foundation.database import Database
from foundation.object_store import ObjectStore
from foundation.reach import EVERYTHING, Reach
from plumbline.settings import Settings, SettingsError, variable


@asynccontextmanager
async def opened(settings: Settings, clock: Clock, unless_said: Reach = EVERYTHING) -> AsyncIterator[Custodian]:
    """Everything evidence is kept with, connected; closed at the end. Jobs and commands reach every unit."""
    database = await Database.open(settings.database_url, most=settings.database_connections, unless_said=unless_said)
    store = ObjectStore.open(
        settings.s3_endpoint, settings.s3_bucket, settings.s3_region, settings.s3_access_key, settings.s3_secret_key
    )
    examiner = Examiner(clock)
    try:
        yield Custodian(
            database=database,
            clock=clock,
            store=store,
            signer=Signer.load_or_create(settings.signing_key_file),
            examiner=examiner,
            retention=timedelta(days=settings.retention_days),
            upload_expiry=timedelta(hours=settings.upload_expires_hours),
            largest_upload=settings.max_upload_bytes,
            bundle_kept=timedelta(days=settings.bundle_days),
        )
    finally:
        await examiner.close()
        await store.close()
        await database.close()


def document_keeper(settings: Settings, custodian: Custodian) -> DocumentKeeper:
    """The register's scans, kept by the same means as evidence. Raises SettingsError."""
    return DocumentKeeper(
        custodian.database, custodian.clock, custodian.store, custodian.retention, trusted_by(settings)
    )


def trusted_by(settings: Settings) -> bytes:
    """Whose digital certificates are believed, in PEM. Raises SettingsError."""
    try:
        return trusted_certificates(settings.dcc_trust)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{variable('dcc_trust')}: no certificates (PEM) can be read there: {error}") from error
