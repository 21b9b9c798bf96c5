"""The reads of the embedded store as its callers see them: each in the thread that asks, and within a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...directory.viewer import Viewer
from ..reads import Reads
from .connect import Connections, explained
from .reader import SqliteReader
from .rows import Finder


class SqliteReads(Reads[Finder]):
    """Reads, each of which may take so many `seconds` (None: any time)."""

    def __init__(self, path: Path, connections: Connections, token_key: bytes, seconds: float | None = None) -> None:
        self.path = path
        self.token_key = token_key
        self._connections = connections
        self._seconds = seconds

    @contextmanager
    def _asking(self, viewer: Viewer) -> Iterator[SqliteReader]:
        with explained(self.path):
            reader = self._connections.own("reader", lambda connection: SqliteReader(connection, self.token_key))
            with self._connections.get().within(self._seconds):
                yield reader

    @contextmanager
    def _step(self, viewer: Viewer, finder: Finder) -> Iterator[None]:
        with explained(self.path):
            finder.connection = self._connections.get()
            with finder.connection.within(self._seconds):
                yield
