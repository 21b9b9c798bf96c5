"""The one place where concrete choices meet: which store, and which directory belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

from .directory.directory import Directory
from .directory.viewer import Viewer
from .directory.visible import visible_members, visible_parties_named
from .errors import StoreError
from .event.model import Kind, PartyKey
from .store.ports import LocalStore, Store
from .store.sqlite.store import SqliteStore


def open_store(path: str, *, create: bool = False, any_index: bool = False) -> LocalStore:
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
    return SqliteStore(file, create=create, any_index=any_index)


class People:
    """What a viewer may know from a store's directory, which is read once, when it is first asked."""

    def __init__(self, store: Store, viewer: Viewer, now: datetime) -> None:
        self._store = store
        self._viewer = viewer
        self._now = now

    def named(self, kind: Kind, text: str) -> Sequence[PartyKey]:
        """The parties that a name or id in a query stands for."""
        return visible_parties_named(self._directory, self._viewer, kind, text)

    def members(self, party: PartyKey) -> Sequence[PartyKey]:
        """Who belongs to a group or role now."""
        return visible_members(self._directory, self._viewer, party, self._now)

    @cached_property
    def _directory(self) -> Directory:
        return self._store.directory()
