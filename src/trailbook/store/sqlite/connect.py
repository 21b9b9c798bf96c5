"""Opening the SQLite file, and what its errors mean to the caller."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ...errors import Busy, Damaged, DiskFull, StoreError, TooSlow
from ..bodies import LOOK

WAIT_SECONDS = 30.0
"""How long a writer waits for another one before it gives up, unless it is told otherwise."""
_PAUSE_SECONDS = 0.01

CACHE_BYTES = 64 * 1024 * 1024
"""Of the file's pages that a connection keeps in memory at most, unless it is told otherwise."""

PAGE_BYTES = 8192
"""Of a new file: rows of packed events leave less room unused on larger pages."""

T = TypeVar("T")

OPERATIONS = 50_000
"""Of SQLite's machine, between two looks at the clock: some milliseconds."""

_CAUSES: tuple[tuple[str, type[StoreError], str, str], ...] = (
    (
        "disk is full",
        DiskFull,
        "The disk is full; nothing of this batch was stored.",
        "Free some space and run it again.",
    ),
    (
        "readonly",
        StoreError,
        "The store cannot be written: its file, folder or disk is read-only.",
        "Check the permissions.",
    ),
    (
        "unable to open",
        StoreError,
        "The store cannot be opened.",
        "Check that its folder exists and that you may write there.",
    ),
    (
        "not a database",
        StoreError,
        "This file is not a Trailbook store.",
        "Give the path of a store, or of a new file.",
    ),
    ("malformed", Damaged, "The store is damaged.", "Run `trailbook doctor`, and restore it from a backup."),
    ("locked", Busy, "The store was being written by others for too long.", "Try again."),
    (
        "disk i/o error",
        StoreError,
        "The disk reported an error.",
        "Check the disk; what was acknowledged before is kept.",
    ),
    ("interrupted", TooSlow, "The query took longer than allowed.", "Narrow the period or the query."),
)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into ours, which say what to do."""
    try:
        yield
    except StoreError as error:
        error.place = error.place or str(path)
        raise
    except sqlite3.DatabaseError as error:
        text = str(error).lower()
        if getattr(error, "sqlite_errorname", "") == "SQLITE_IOERR_SHMSIZE":
            text = "disk is full"
        for sign, kind, problem, remedy in _CAUSES:
            if sign in text:
                raise kind(problem, place=str(path), remedy=remedy) from error
        raise StoreError(f"The store reported: {error}.", place=str(path)) from error
    except UnicodeDecodeError as error:
        # Nothing but UTF-8 is ever written.
        raise Damaged(f"The store holds text that cannot be read: {error}.", place=str(path), remedy=LOOK) from error


class Connection(sqlite3.Connection):
    """A connection whose reads can be bound to a time. Not shared between threads."""

    _deadline = math.inf

    @contextmanager
    def within(self, seconds: float | None) -> Iterator[None]:
        """What is done meanwhile is interrupted after so many seconds (None: never)."""
        if seconds is None:
            yield
            return
        self._deadline = time.monotonic() + seconds
        self.set_progress_handler(self._is_late, OPERATIONS)
        try:
            yield
        finally:
            self.set_progress_handler(None, 0)
            self._deadline = math.inf

    def check_time(self) -> None:
        """Interrupt what is done between SQLite's steps, as SQLite itself is interrupted within them."""
        if self._is_late():
            raise sqlite3.OperationalError("interrupted")

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline


class Connections:
    """One connection per thread to the same file, opened when first asked for.

    Those of threads that have ended are closed when another one is opened, and the rest together.
    """

    def __init__(self, path: Path, wait: float = WAIT_SECONDS, cache_bytes: int = CACHE_BYTES) -> None:
        self.path = path
        self._wait = wait
        self._cache_bytes = cache_bytes
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, Connection]] = []
        self._lock = threading.Lock()

    def get(self) -> Connection:
        """This thread's connection, in autocommit mode: transactions are begun explicitly."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
            with self._lock:
                for thread, left in self._all:
                    if not thread.is_alive():
                        left.close()
                self._all = [one for one in self._all if one[0].is_alive()]
                self._all.append((threading.current_thread(), connection))
        return connection

    def own(self, name: str, make: Callable[[Connection], T]) -> T:
        """This thread's own object of this name, made of its connection when first asked for."""
        connection = self.get()
        if not hasattr(self._local, name):
            setattr(self._local, name, make(connection))
        found: T = getattr(self._local, name)
        return found

    def _open(self) -> Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._wait, isolation_level=None, check_same_thread=False, cached_statements=512,
            factory=Connection,
        )  # fmt: skip
        try:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            _use_wal(connection, self._wait)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{self._cache_bytes // 1024}")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA trusted_schema = OFF")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for _, connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()


def _use_wal(connection: sqlite3.Connection, wait: float) -> None:
    """Switch to a write-ahead log; SQLite refuses it at once, without waiting, while somebody else does the same."""
    until = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One consistent view for several statements; keep it short, since an open view lets the WAL grow."""
    if connection.in_transaction:
        yield connection
        return
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")


@contextmanager
def waiting(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Wait only so long for locks in the meantime."""
    (usual,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {usual}")
