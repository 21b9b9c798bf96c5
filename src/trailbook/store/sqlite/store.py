"""The embedded store as its callers see it: opens the file, and gives each thread its own reader and writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ...directory.directory import Directory
from ...directory.model import Changes
from ...directory.viewer import Viewer
from ...errors import StoreError
from ...event.canonical import Sealed
from ...event.facets import VERSION as FACETS_VERSION
from ...event.model import Kind, PartyKey
from ...query.tree import Condition
from ..ports import Dimension, FacetCount, Head, Heads, Order, Page, Problem, Progress, Receipt, Record, Row
from .checks import doctor, verify
from .connect import WAIT_SECONDS, Connections, explained
from .index import rebuild
from .people import directory_version, keep_changes, read_directory
from .reader import SqliteReader
from .records import forget_expired, keep_records, read_record, read_records
from .schema import migrate
from .statistics import statistics
from .writer import Writer

T = TypeVar("T")


class SqliteStore:
    """A store in one SQLite file, with its write-ahead log beside it; for several threads and processes."""

    def __init__(self, path: Path, *, create: bool = True, any_index: bool = False, wait: float = WAIT_SECONDS) -> None:
        """Open the store and bring it to this version. Raises StoreError.

        `create`: make it if it is not there. `any_index`: accept an index made by another version, to rebuild it.
        `wait`: how long (seconds) writing waits for others before it gives up.
        """
        self.path = path
        if not create and not (path.exists() and path.stat().st_size):
            raise StoreError(
                "There is no store here.",
                place=str(path),
                remedy="Fill one with `trailbook demo` or `trailbook import FILE`, or name another with --store.",
            )
        self._connections = Connections(path, wait)
        self._local = threading.local()
        with explained(path):
            connection = self._connections.get()
            migrate(connection)
            self._settings: dict[str, Any] = dict(connection.execute("SELECT name, value FROM setting"))
        if not any_index and self._settings["facets_version"] != FACETS_VERSION:
            raise StoreError(
                "The index of this store was made by another version of Trailbook.",
                place=str(path),
                remedy="Run `trailbook doctor --reindex`.",
            )

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        """See `ports.Appender.append`."""
        with explained(self.path):
            return self._writer().append(batch)

    def page(
        self,
        viewer: Viewer,
        condition: Condition,
        *,
        order: Order = "newest",
        cursor: str | None = None,
        limit: int = 50,
        heads: Heads | None = None,
    ) -> Page:
        """See `ports.Reader.page`."""
        with explained(self.path):
            return self._reader().page(viewer, condition, order, cursor, limit, heads)

    def scan(
        self,
        viewer: Viewer,
        condition: Condition,
        *,
        order: Order = "newest",
        limit: int | None = None,
        heads: Heads | None = None,
    ) -> Iterator[Row]:
        """See `ports.Reader.scan`."""
        with explained(self.path):
            rows = self._reader().scan(viewer, condition, order, limit, heads)
        return self._explained_rows(rows)

    def count(
        self, viewer: Viewer, condition: Condition, *, at_most: int | None = None, heads: Heads | None = None
    ) -> int:
        """See `ports.Reader.count`."""
        with explained(self.path):
            return self._reader().count(viewer, condition, at_most, heads)

    def summary(
        self, viewer: Viewer, condition: Condition, *, by: Sequence[Dimension], heads: Heads | None = None
    ) -> dict[tuple[Any, ...], int]:
        """See `ports.Reader.summary`."""
        with explained(self.path):
            return self._reader().summary(viewer, condition, by, heads)

    def facet_counts(self, viewer: Viewer, condition: Condition, field: str, *, limit: int = 10) -> list[FacetCount]:
        """See `ports.Reader.facet_counts`."""
        with explained(self.path):
            return self._reader().facet_counts(viewer, condition, field, limit)

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """See `ports.Reader.events`."""
        with explained(self.path):
            return self._reader().events(viewer, id)

    def parties(self, viewer: Viewer, kind: Kind, text: str, *, heads: Heads | None = None) -> list[PartyKey]:
        """See `ports.Reader.parties`."""
        with explained(self.path):
            return self._reader().parties(viewer, kind, text, heads)

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        with explained(self.path):
            return self._reader().heads(viewer)

    def directory(self) -> Directory:
        """See `ports.DirectoryStore.directory`."""
        with explained(self.path):
            return read_directory(self._connections.get())

    def directory_version(self) -> int:
        """See `ports.DirectoryStore.directory_version`."""
        with explained(self.path):
            return directory_version(self._connections.get())

    def change_directory(
        self,
        decide: Callable[[Directory], Changes],
        events: Callable[[Directory, Changes], Iterable[Sealed]] = lambda before, changes: (),
    ) -> Changes:
        """See `ports.DirectoryStore.change_directory`."""

        def change(connection: sqlite3.Connection) -> tuple[Changes, Iterable[Sealed]]:
            before = read_directory(connection)
            changes = decide(before)
            # Before anything is written: whoever makes the events may read this store, and must not see what may yet
            # be undone.
            told = list(events(before, changes))
            keep_changes(connection, changes)
            return changes, told

        with explained(self.path):
            return self._writer().transact(change)[0]

    def record(self, kind: str, id: str, now: datetime) -> Record | None:
        """See `ports.Records.record`."""
        with explained(self.path):
            return read_record(self._connections.get(), kind, id, now)

    def records(
        self, kind: str, now: datetime, *, owner: str | None = None, after: str = "", limit: int = 1_000
    ) -> list[Record]:
        """See `ports.Records.records`."""
        with explained(self.path):
            return read_records(self._connections.get(), kind, now, owner, after, limit)

    def keep(
        self,
        changed: Sequence[Record],
        *,
        now: datetime,
        removed: Sequence[Record] = (),
        events: Iterable[Sealed] = (),
    ) -> list[Receipt]:
        """See `ports.Records.keep`."""

        def change(connection: sqlite3.Connection) -> tuple[None, Iterable[Sealed]]:
            keep_records(connection, changed, removed, now)
            return None, ()

        with explained(self.path):
            return self._writer().transact(change, events)[1]

    def forget_expired(self, now: datetime) -> int:
        """See `ports.Records.forget_expired`."""
        with explained(self.path):
            return forget_expired(self._connections.get(), now)

    def verify(self, against: Heads, progress: Progress) -> list[Problem]:
        """See `ports.Checker.verify`."""
        with explained(self.path):
            return verify(self._connections.get(), against, progress)

    def doctor(self, progress: Progress) -> list[Problem]:
        """See `ports.Checker.doctor`."""
        with explained(self.path):
            return doctor(self._connections.get(), self.token_key, progress)

    def rebuild_index(self, progress: Progress) -> None:
        """Make the index anew from the events."""
        with explained(self.path):
            rebuild(self._connections.get(), self.token_key, progress)

    def statistics(self) -> dict[str, int]:
        """Figures about the file: events, books, and bytes of each part."""
        with explained(self.path):
            return statistics(self._connections.get())

    @property
    def token_key(self) -> bytes:
        """The key of hashed tokens."""
        key: bytes = self._settings["token_key"]
        return key

    def close(self) -> None:
        """Close the file."""
        self._connections.close()
        self._local = threading.local()

    def _explained_rows(self, rows: Iterator[Row]) -> Iterator[Row]:
        with explained(self.path):
            yield from rows

    def _reader(self) -> SqliteReader:
        return self._of_thread("reader", lambda: SqliteReader(self._connections.get(), self.token_key))

    def _writer(self) -> Writer:
        return self._of_thread("writer", lambda: Writer(self._connections.get(), self.path, self.token_key))

    def _of_thread(self, name: str, make: Callable[[], T]) -> T:
        if not hasattr(self._local, name):
            setattr(self._local, name, make())
        found: T = getattr(self._local, name)
        return found
