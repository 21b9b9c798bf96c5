"""The reads of the store as its callers see them: each in a transaction of its own, and within a time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...directory.viewer import Root, Viewer
from ..reads import Reads
from . import connect
from .bodies import Bodies
from .connect import Database, Scope, Way
from .numbers import Numbers
from .reader import PostgresReader
from .rows import Finder

_NO_BOOK = 0
"""The number of no book."""


class PostgresReads(Reads[Finder]):
    """Reads, each of which may take so many `seconds` (None: any time)."""

    def __init__(self, database: Database, numbers: Numbers, seconds: float | None = None) -> None:
        self._database = database
        self._numbers = numbers
        self._seconds = seconds
        self._own = threading.local()

    @contextmanager
    def _asking(self, viewer: Viewer) -> Iterator[PostgresReader]:
        with self._database.reading(self._scope(viewer), self._seconds) as connection:
            yield PostgresReader(connection, self._database, self._bodies())

    def _scope(self, viewer: Viewer) -> Scope:
        """What the database lets this viewer's reads see, whatever they ask for."""
        if isinstance(viewer.scope, Root):
            return None
        return self._numbers.book(viewer.scope.tenant) or _NO_BOOK

    def _bodies(self) -> Bodies:
        """This thread's own."""
        bodies: Bodies | None = getattr(self._own, "bodies", None)
        if bodies is None:
            bodies = self._own.bodies = Bodies()
        return bodies

    @contextmanager
    def _step(self, viewer: Viewer, finder: Finder) -> Iterator[None]:
        finder.connection = _Each(self._database, self._scope(viewer), self._seconds)
        with connect.explained(self._database.place):
            yield


class _Each:
    """Asks each statement in a transaction of its own. All of them together may take so many seconds."""

    def __init__(self, database: Database, scope: Scope, seconds: float | None) -> None:
        self._database = database
        self._scope = scope
        self._deadline = math.inf if seconds is None else time.monotonic() + seconds

    def check_time(self) -> None:
        """See `connect.Asking`."""
        connect.check_time(self._deadline)

    def rows(self, sql: str, values: Sequence[Any] | None = None, way: Way = "any") -> list[connect.Row]:
        """See `connect.Asking`."""
        self.check_time()
        left = None if self._deadline == math.inf else max(0.001, self._deadline - time.monotonic())
        with self._database.reading(self._scope, left) as connection:
            return connection.rows(sql, values, way)
