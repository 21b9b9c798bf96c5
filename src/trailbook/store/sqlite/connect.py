"""Opening the SQLite file, and what its errors mean to the caller."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import Damaged, StoreError

WAIT_SECONDS = 30.0
"""How long a writer waits for another one before it gives up, unless it is told otherwise."""
_PAUSE_SECONDS = 0.01

PAGE_BYTES = 8192
"""Of a new file: rows of packed events leave less room unused on larger pages."""

LOOK = "Run `trailbook verify` to see what is damaged, and restore it from a backup."
"""What to do about damage."""

_CAUSES = (
    ("disk is full", "The disk is full; nothing of this batch was stored.", "Free some space and run it again."),
    ("readonly", "The store cannot be written: its file, folder or disk is read-only.", "Check the permissions."),
    ("unable to open", "The store cannot be opened.", "Check that its folder exists and that you may write there."),
    ("not a database", "This file is not a Trailbook store.", "Give the path of a store, or of a new file."),
    ("malformed", "The store is damaged.", "Run `trailbook doctor`, and restore it from a backup."),
    ("locked", "The store was being written by others for too long.", "Try again."),
    ("disk i/o error", "The disk reported an error.", "Check the disk; what was acknowledged before is kept."),
    ("interrupted", "The query took longer than allowed.", "Narrow the period or the query."),
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
        kind = Damaged if "malformed" in text else StoreError
        for sign, problem, remedy in _CAUSES:
            if sign in text:
                raise kind(problem, place=str(path), remedy=remedy) from error
        raise kind(f"The store reported: {error}.", place=str(path)) from error
    except UnicodeDecodeError as error:
        # Nothing but UTF-8 is ever written.
        raise Damaged(f"The store holds text that cannot be read: {error}.", place=str(path), remedy=LOOK) from error


class Connections:
    """One connection per thread to the same file, opened when first asked for and closed together."""

    def __init__(self, path: Path, wait: float = WAIT_SECONDS) -> None:
        self.path = path
        self._wait = wait
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def get(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode: transactions are begun explicitly."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._wait, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        try:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            _use_wal(connection, self._wait)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA trusted_schema = OFF")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for connection in self._all:
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
