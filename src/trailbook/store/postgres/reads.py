"""The reads of the store as its callers see them: each in a transaction of its own, and within a time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...directory.viewer import Root, Viewer
from ...event.model import Kind, PartyKey
from ...query.tree import Condition
from ..ports import Dimension, FacetCount, Head, Heads, Order, Page, Row
from . import connect
from .bodies import Bodies
from .connect import Database, Scope, Way
from .numbers import Numbers
from .reader import Reader
from .rows import Finder

STEP_ROWS = 50
STEP_SECONDS = 0.05
"""A scan takes so many rows at once, or what it finds in so much time if that is any."""
_NO_BOOK = 0
"""The number of no book."""


class PostgresReads:
    """Reads, each of which may take so many `seconds` (None: any time)."""

    def __init__(self, database: Database, numbers: Numbers, token_key: bytes, seconds: float | None = None) -> None:
        self.token_key = token_key
        self._database = database
        self._numbers = numbers
        self._seconds = seconds
        self._own = threading.local()

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
        with self._asking(viewer) as reader:
            return reader.page(viewer, condition, order, cursor, limit, heads)

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
        scope = self._scope(viewer)
        with self._asking(viewer) as reader:
            finder, rows = reader.scan(viewer, condition, order, limit, heads)
        return self._stepwise(scope, finder, rows)

    def count(
        self, viewer: Viewer, condition: Condition, *, at_most: int | None = None, heads: Heads | None = None
    ) -> int:
        """See `ports.Reader.count`."""
        with self._asking(viewer) as reader:
            return reader.count(viewer, condition, at_most, heads)

    def summary(
        self, viewer: Viewer, condition: Condition, *, by: Sequence[Dimension], heads: Heads | None = None
    ) -> dict[tuple[Any, ...], int]:
        """See `ports.Reader.summary`."""
        with self._asking(viewer) as reader:
            return reader.summary(viewer, condition, by, heads)

    def facet_counts(
        self, viewer: Viewer, condition: Condition, field: str, *, limit: int = 10, heads: Heads | None = None
    ) -> list[FacetCount]:
        """See `ports.Reader.facet_counts`."""
        with self._asking(viewer) as reader:
            return reader.facet_counts(viewer, condition, field, limit, heads)

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """See `ports.Reader.events`."""
        with self._asking(viewer) as reader:
            return reader.events(viewer, id)

    def parties(self, viewer: Viewer, kind: Kind, text: str, *, heads: Heads | None = None) -> list[PartyKey]:
        """See `ports.Reader.parties`."""
        with self._asking(viewer) as reader:
            return reader.parties(viewer, kind, text, heads)

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        with self._asking(viewer) as reader:
            return reader.heads(viewer)

    @contextmanager
    def _asking(self, viewer: Viewer) -> Iterator[Reader]:
        with self._database.reading(self._scope(viewer), self._seconds) as connection:
            yield Reader(connection, self._database, self._bodies(), self.token_key)

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

    def _stepwise(self, scope: Scope, finder: Finder, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, each statement in a transaction of its own: streams take long, and go from thread to thread."""
        while True:
            finder.connection = _Each(self._database, scope, self._seconds)
            with connect.explained(self._database.place):
                some = _some(rows)
            if not some:
                return
            yield from some


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


def _some(rows: Iterator[Row]) -> list[Row]:
    """The next rows: as many as come soon, and none only at the end."""
    found: list[Row] = []
    soon = time.monotonic() + STEP_SECONDS
    for row in rows:
        found.append(row)
        if len(found) == STEP_ROWS or time.monotonic() > soon:
            break
    return found
