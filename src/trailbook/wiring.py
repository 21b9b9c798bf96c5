"""The one place where concrete choices meet: which store is opened."""

from __future__ import annotations

from pathlib import Path

from .errors import StoreError
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
