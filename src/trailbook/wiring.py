"""The one place where concrete choices meet: which store is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from .capture import Recorder
from .errors import StoreError
from .ingest.recording import StoreSink
from .masking.mask import mask_path
from .store.ports import LocalStore
from .store.sqlite.connect import CACHE_BYTES, WAIT_SECONDS
from .store.sqlite.store import SqliteStore


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

    Raises StoreError; see SqliteStore.
    """
    file = Path(path)
    if create:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"Its folder cannot be made: {error.strerror}.", place=path, remedy="Name another place with --store."
            ) from error
    return SqliteStore(file, create=create, any_index=any_index, wait=wait, cache_bytes=cache_bytes, reserve=reserve)


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
    """A recorder that needs no server: it records into the embedded store at `path`, made if it is not there.

    `mask` are paths whose values are never written, as in the settings. The spool is `path` with `-spool` behind it,
    unless another is named. Raises StoreError, RecorderError and BadInput.
    """
    open_store(path, create=True).close()
    mask = tuple(mask)
    sink = StoreSink(lambda: open_store(path), tuple(mask_path(one) for one in mask), clock)
    where = f"{path}-spool" if spool is None else spool
    return Recorder("", "", application, tenant=tenant, spool=where, strict=strict, mask=mask, sink=sink, clock=clock)
