"""The store in PostgreSQL as its callers see it: opens the database, and gives each thread its own writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import TypeVar

from ...directory.directory import Directory
from ...directory.model import Changes
from ...errors import StoreError
from ...event.canonical import Sealed
from ...event.facets import VERSION as FACETS_VERSION
from ..address import shown
from ..ports import Heads, Kept, Problem, Progress, Reader, Receipt, Record
from .busy import Busyness
from .checks import doctor, verify
from .connect import WAIT_SECONDS, WRITER, Connection, Database, connect, explained
from .index import rebuild
from .numbers import Numbers
from .people import directory_version, keep_changes, lock_directory, read_directory, replace_directory
from .reads import PostgresReads
from .records import all_records, forget_expired, keep_records, read_record, read_records, replace_records
from .schema import MIGRATIONS, newer
from .statistics import statistics
from .tokens import Entries
from .whole import read_kept, read_leaves
from .writer import Work, Writer, nothing

T = TypeVar("T")
_MIGRATE = "Run `trailbook migrate`."


class PostgresStore(PostgresReads):
    """A store in a PostgreSQL database, for any number of threads, processes and machines."""

    def __init__(self, url: str, *, any_index: bool = False, wait: float = WAIT_SECONDS) -> None:
        """Open the store whose libpq URL this is; `migrate` makes it. Raises StoreError.

        `any_index`: accept an index made by another version, to rebuild it. `wait`: how long (seconds) writing waits
        for others, and anybody for a connection, before it gives up.
        """
        version, facets_version = _opened(url)
        if version > len(MIGRATIONS):
            raise _at(url, newer(version, len(MIGRATIONS)))
        if version < len(MIGRATIONS):
            raise _at(url, StoreError("This store is of an earlier version of Trailbook.", remedy=_MIGRATE))
        if not any_index and facets_version != FACETS_VERSION:
            raise _at(
                url,
                StoreError(
                    "The index of this store was made by another version of Trailbook.",
                    remedy="Run `trailbook doctor --reindex`.",
                ),
            )
        database = Database(url, wait)
        super().__init__(database, Numbers(database))
        self._entries = Entries(self._numbers.of_tokens)
        self._busyness = Busyness(database)

    def limited(self, seconds: float) -> Reader:
        """See `ports.Store.limited`."""
        return PostgresReads(self._database, self._numbers, seconds)

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        """See `ports.Appender.append`."""
        return self._transact(nothing, batch)[1]

    def append_each(self, batches: Iterable[Iterable[Sealed]]) -> Iterator[list[Receipt]]:
        """See `ports.Appender.append_each`."""
        # By a writer of its own: this one may know a dictionary that is not stored yet while others append.
        return self._new_writer().transact_each(batches)

    def directory(self) -> Directory:
        """See `ports.DirectoryStore.directory`."""
        with self._database.whole() as connection:
            return read_directory(connection)

    def directory_version(self) -> int:
        """See `ports.DirectoryStore.directory_version`."""
        with self._database.whole() as connection:
            return directory_version(connection)

    def change_directory(
        self,
        decide: Callable[[Directory], Changes],
        events: Callable[[Directory, Changes], Iterable[Sealed]] = lambda before, changes: (),
    ) -> Changes:
        """See `ports.DirectoryStore.change_directory`."""

        def change(connection: Connection) -> tuple[Changes, Iterable[Sealed]]:
            lock_directory(connection)
            before = read_directory(connection)
            changes = decide(before)
            told = list(events(before, changes))
            keep_changes(connection, changes)
            return changes, told

        return self._transact(change)[0]

    def record(self, kind: str, id: str, now: datetime) -> Record | None:
        """See `ports.Records.record`."""
        with self._database.whole() as connection:
            return read_record(connection, kind, id, now)

    def records(
        self, kind: str, now: datetime, *, owner: str | None = None, after: str = "", limit: int = 1_000
    ) -> list[Record]:
        """See `ports.Records.records`."""
        with self._database.whole() as connection:
            return read_records(connection, kind, now, owner, after, limit)

    def keep(
        self,
        changed: Sequence[Record],
        *,
        now: datetime,
        removed: Sequence[Record] = (),
        events: Iterable[Sealed] = (),
    ) -> list[Receipt]:
        """See `ports.Records.keep`."""

        def change(connection: Connection) -> tuple[None, Iterable[Sealed]]:
            keep_records(connection, changed, removed, now)
            return None, ()

        return self._transact(change, list(events))[1]

    def forget_expired(self, now: datetime) -> int:
        """See `ports.Records.forget_expired`."""
        with self._database.writing() as connection:
            return forget_expired(connection, now)

    def leaves(self, book: str, start: int, limit: int) -> list[bytes]:
        """See `ports.Whole.leaves`."""
        number = self._numbers.book(book)
        with self._database.whole() as connection:
            bodies = self._bodies()
            return [] if number is None else read_leaves(connection, self._database, bodies, number, start, limit)

    def kept(self, book: str, start: int, limit: int) -> list[Kept]:
        """See `ports.Whole.kept`."""
        number = self._numbers.book(book)
        with self._database.whole() as connection:
            bodies = self._bodies()
            return [] if number is None else read_kept(connection, self._database, bodies, number, start, limit)

    def kept_records(self, after: tuple[str, str] = ("", ""), limit: int = 1_000) -> list[Record]:
        """See `ports.Whole.kept_records`."""
        with self._database.whole() as connection:
            return all_records(connection, after, limit)

    def restore(self, directory: Directory, version: int, records: Iterable[Record]) -> None:
        """See `ports.Whole.restore`."""
        given = list(records)

        def replace(connection: Connection) -> tuple[None, Iterable[Sealed]]:
            lock_directory(connection)
            replace_directory(connection, directory, version)
            replace_records(connection, given)
            return None, ()

        self._transact(replace)

    def verify(self, against: Heads, progress: Progress) -> list[Problem]:
        """See `ports.Checker.verify`."""
        return verify(self._database, self._bodies(), against, progress)

    def doctor(self, progress: Progress) -> list[Problem]:
        """See `ports.Checker.doctor`."""
        return doctor(self._database, self._bodies(), progress)

    def rebuild_index(self, progress: Progress) -> None:
        """See `ports.LocalStore.rebuild_index`."""
        rebuild(self._database, self._bodies(), self._entries, self._numbers, progress)

    def statistics(self) -> dict[str, int]:
        """See `ports.LocalStore.statistics`."""
        with self._database.whole() as connection:
            return statistics(connection)

    def close(self) -> None:
        """Let go of the connections."""
        self._busyness.flush()
        self._database.close()

    def _transact(self, work: Work[T], batch: Iterable[Sealed] = ()) -> tuple[T, list[Receipt]]:
        writer: Writer | None = getattr(self._own, "writer", None)
        if writer is None:
            writer = self._own.writer = self._new_writer()
        return writer.transact(work, batch)

    def _new_writer(self) -> Writer:
        return Writer(self._database, self._entries, self._numbers, self._busyness)


def _opened(url: str) -> tuple[int, int]:
    """The store's version, and that of its facets."""
    with explained(shown(url)), closing(connect(url)) as connection:
        # Of the catalogue everybody may ask; of a schema, not everybody.
        sql = """
            SELECT FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE nspname = 'trailbook' AND relname = 'trail'
        """
        if not connection.execute(sql).fetchall():
            raise StoreError("There is no store in this database.", remedy=_MIGRATE)
        connection.execute(f"SET ROLE {WRITER}")
        sql = "SELECT version, facets_version FROM trailbook.trail"
        ((version, facets_version),) = connection.execute(sql, binary=True).fetchall()
        return version, facets_version


def _at(url: str, error: StoreError) -> StoreError:
    error.place = shown(url)
    return error
