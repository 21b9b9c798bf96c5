"""The one place where concrete choices meet: which store is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from .capture import Recorder
from .errors import BadInput, StoreError
from .ingest.recording import StoreSink
from .masking.mask import mask_path
from .store.address import is_database
from .store.ports import LocalStore, Migration
from .store.sqlite.connect import CACHE_BYTES, WAIT_SECONDS
from .store.sqlite.store import SqliteStore, migrate_file


def open_store(
    path: str,
    *,
    create: bool = False,
    any_index: bool = False,
    wait: float = WAIT_SECONDS,
    cache_bytes: int = CACHE_BYTES,
    reserve: int = 0,
) -> LocalStore:
    """The embedded store at `path`; `create`: make it, and its folder, if it is not there.

    Or the store in PostgreSQL whose URL `path` is: it is made by `migrate_store`, and what is kept in memory or kept
    back on the disk is its server's affair. Raises StoreError; see SqliteStore and PostgresStore.
    """
    if is_database(path):
        # Whoever keeps events in a file does without the driver.
        from .store.postgres.store import PostgresStore

        return PostgresStore(path, any_index=any_index, wait=wait)
    file = _in_its_folder(path) if create else Path(path)
    return SqliteStore(file, create=create, any_index=any_index, wait=wait, cache_bytes=cache_bytes, reserve=reserve)


def migrate_store(path: str) -> Migration:
    """Bring the store at `path` to this version, and make it if it is not there. Raises StoreError."""
    if is_database(path):
        from .store.postgres.schema import migrate

        return migrate(path)
    return migrate_file(_in_its_folder(path))


def local_recorder(
    path: str,
    application: str,
    *,
    tenant: str | None = None,
    mask: Iterable[str] = (),
    spool: str | None = None,
    strict: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Recorder:
    """A recorder that needs no server: it records into the store at `path`; a file is made if it is not there.

    `mask` are paths whose values are never written, as in the settings. The spool is `path` with `-spool` behind it,
    unless another is named; with a database, one has to be. Raises StoreError, RecorderError and BadInput.
    """
    if spool is None and is_database(path):
        raise BadInput("A spool has to be a file here.", place="spool", remedy="Name one with `spool`.")
    open_store(path, create=True).close()
    mask = tuple(mask)
    sink = StoreSink(lambda: open_store(path), tuple(mask_path(one) for one in mask), clock)
    where = f"{path}-spool" if spool is None else spool
    return Recorder("", "", application, tenant=tenant, spool=where, strict=strict, mask=mask, sink=sink, clock=clock)


def _in_its_folder(path: str) -> Path:
    """The path, in a folder that is there."""
    file = Path(path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Its folder cannot be made: {error.strerror}.", place=path, remedy="Name another place with --store."
        ) from error
    return file
