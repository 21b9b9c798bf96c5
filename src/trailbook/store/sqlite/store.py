"""The embedded store as its callers see it: opens the file, and gives each thread its own writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ...directory.directory import Directory
from ...directory.model import Changes
from ...errors import DiskFull, StoreError
from ...event.canonical import Sealed
from ...event.facets import VERSION as FACETS_VERSION
from ..ports import Heads, Kept, Migration, Problem, Progress, Reader, Receipt, Record
from .checks import doctor, verify
from .connect import CACHE_BYTES, WAIT_SECONDS, Connections, explained
from .index import rebuild
from .people import directory_version, keep_changes, read_directory, replace_directory
from .reads import SqliteReads
from .records import all_records, forget_expired, keep_records, read_record, read_records, replace_records
from .reserve import Reserve, room_for
from .schema import migrate
from .statistics import statistics
from .whole import WholeBooks
from .writer import Writer

T = TypeVar("T")


class SqliteStore(SqliteReads):
    """A store in one SQLite file, with its write-ahead log beside it; for several threads and processes."""

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        any_index: bool = False,
        wait: float = WAIT_SECONDS,
        cache_bytes: int = CACHE_BYTES,
        reserve: int = 0,
    ) -> None:
        """Open the store and bring it to this version. Raises StoreError.

        `create`: make it if it is not there. `any_index`: accept an index made by another version, to rebuild it.
        `wait`: how long (seconds) writing waits for others before it gives up. `cache_bytes`: how much of the file
        each thread keeps in memory. `reserve`: bytes of the disk that are kept back for all but `append`.
        """
        if not create and not (path.exists() and path.stat().st_size):
            raise StoreError(
                "There is no store here.",
                place=str(path),
                remedy="Fill one with `trailbook demo` or `trailbook import FILE`, or name another with --store.",
            )
        self.path = path
        self._connections = Connections(path, wait, cache_bytes)
        self._reserve = Reserve(path, reserve)
        settings = self._from_reserve(self._open)
        super().__init__(path, self._connections, settings["token_key"])
        if not any_index and settings["facets_version"] != FACETS_VERSION:
            raise StoreError(
                "The index of this store was made by another version of Trailbook.",
                place=str(path),
                remedy="Run `trailbook doctor --reindex`.",
            )
        # A disk that is full already keeps no one from reading.
        with suppress(DiskFull):
            self._reserve.secure(0)

    def limited(self, seconds: float) -> Reader:
        """See `ports.Store.limited`."""
        return SqliteReads(self.path, self._connections, self.token_key, seconds)

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        """See `ports.Appender.append`."""
        with explained(self.path):
            return self._writer().append(batch, self._secure_room)

    def append_each(self, batches: Iterable[Iterable[Sealed]]) -> Iterator[list[Receipt]]:
        """See `ports.Appender.append_each`."""
        return map(self.append, batches)

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

        return self._from_reserve(lambda: self._writer().transact(change)[0])

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

        batch = list(events)
        takes_away = not changed and not batch
        return self._from_reserve(lambda: self._writer().transact(change, batch)[1], all_of_it=takes_away)

    def forget_expired(self, now: datetime) -> int:
        """See `ports.Records.forget_expired`."""
        with explained(self.path):
            return forget_expired(self._connections.get(), now)

    def leaves(self, book: str, start: int, limit: int) -> list[bytes]:
        """See `ports.Whole.leaves`."""
        with explained(self.path):
            return self._whole().leaves(book, start, limit)

    def kept(self, book: str, start: int, limit: int) -> list[Kept]:
        """See `ports.Whole.kept`."""
        with explained(self.path):
            return self._whole().kept(book, start, limit)

    def kept_records(self, after: tuple[str, str] = ("", ""), limit: int = 1_000) -> list[Record]:
        """See `ports.Whole.kept_records`."""
        with explained(self.path):
            return all_records(self._connections.get(), after, limit)

    def restore(self, directory: Directory, version: int, records: Iterable[Record]) -> None:
        """See `ports.Whole.restore`."""

        def replace(connection: sqlite3.Connection) -> tuple[None, Iterable[Sealed]]:
            replace_directory(connection, directory, version)
            replace_records(connection, records)
            return None, ()

        with explained(self.path):
            self._writer().transact(replace)

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

    def close(self) -> None:
        """Close the file."""
        self._connections.close()

    def _open(self) -> dict[str, Any]:
        connection = self._connections.get()
        migrate(connection)
        return dict(connection.execute("SELECT name, value FROM setting"))

    def _from_reserve(self, do: Callable[[], T], *, all_of_it: bool = False) -> T:
        """Do it, and again with ever more of what is kept back on the disk as long as that is full.

        `all_of_it`: even with the last, which is for taking away alone.
        """
        while True:
            try:
                with explained(self.path):
                    return do()
            except DiskFull:
                if not self._reserve.give_back(all_of_it=all_of_it):
                    raise

    def _secure_room(self, events: int, size: int) -> None:
        self._reserve.secure(room_for(events, size))

    def _whole(self) -> WholeBooks:
        return self._connections.own("whole", WholeBooks)

    def _writer(self) -> Writer:
        return self._connections.own("writer", lambda connection: Writer(connection, self.path, self.token_key))


def migrate_file(path: Path) -> Migration:
    """Bring the store at `path` to this version, and make it if it is not there. Raises StoreError."""
    connections = Connections(path)
    with explained(path), closing(connections):
        return migrate(connections.get())
