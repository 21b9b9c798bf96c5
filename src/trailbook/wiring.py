"""The one place where concrete choices meet: which store, and which directory belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from .directory.viewer import Viewer
from .directory.visible import visible_members, visible_parties_named
from .event.model import Kind, PartyKey
from .store.ports import LocalStore, Store
from .store.sqlite.store import SqliteStore


def open_store(path: str, *, create: bool = False, any_index: bool = False) -> LocalStore:
    """The embedded store at `path`; `create`: make it if it is not there. Raises StoreError; see SqliteStore."""
    return SqliteStore(Path(path), create=create, any_index=any_index)


def present_members(store: Store, viewer: Viewer, now: datetime) -> Callable[[PartyKey], Sequence[PartyKey]]:
    """Who belongs to a group or role now, as far as the viewer may know."""
    directory = store.directory()
    return lambda party: visible_members(directory, viewer, party, now)


def directory_names(store: Store, viewer: Viewer) -> Callable[[Kind, str], Sequence[PartyKey]]:
    """What the viewer may know from the directory of a name or id in a query."""
    directory = store.directory()
    return lambda kind, text: visible_parties_named(directory, viewer, kind, text)
