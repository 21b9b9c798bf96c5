"""The reads of the embedded store as its callers see them: each in the thread that asks, and within a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...directory.viewer import Viewer
from ...event.model import Kind, PartyKey
from ...query.tree import Condition
from ..ports import Dimension, FacetCount, Head, Heads, Order, Page, Row
from .connect import Connections, explained
from .reader import SqliteReader
from .rows import Finder

STEP_ROWS = 50
STEP_SECONDS = 0.05
"""A scan takes so many rows at once, or what it finds in so much time if that is any."""


class SqliteReads:
    """Reads, each of which may take so many `seconds` (None: any time)."""

    def __init__(self, path: Path, connections: Connections, token_key: bytes, seconds: float | None = None) -> None:
        self.path = path
        self.token_key = token_key
        self._connections = connections
        self._seconds = seconds

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
        with self._asking() as reader:
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
        with self._asking() as reader:
            finder, rows = reader.scan(viewer, condition, order, limit, heads)
        return self._stepwise(finder, rows)

    def count(
        self, viewer: Viewer, condition: Condition, *, at_most: int | None = None, heads: Heads | None = None
    ) -> int:
        """See `ports.Reader.count`."""
        with self._asking() as reader:
            return reader.count(viewer, condition, at_most, heads)

    def summary(
        self, viewer: Viewer, condition: Condition, *, by: Sequence[Dimension], heads: Heads | None = None
    ) -> dict[tuple[Any, ...], int]:
        """See `ports.Reader.summary`."""
        with self._asking() as reader:
            return reader.summary(viewer, condition, by, heads)

    def facet_counts(
        self, viewer: Viewer, condition: Condition, field: str, *, limit: int = 10, heads: Heads | None = None
    ) -> list[FacetCount]:
        """See `ports.Reader.facet_counts`."""
        with self._asking() as reader:
            return reader.facet_counts(viewer, condition, field, limit, heads)

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """See `ports.Reader.events`."""
        with self._asking() as reader:
            return reader.events(viewer, id)

    def parties(self, viewer: Viewer, kind: Kind, text: str, *, heads: Heads | None = None) -> list[PartyKey]:
        """See `ports.Reader.parties`."""
        with self._asking() as reader:
            return reader.parties(viewer, kind, text, heads)

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        with self._asking() as reader:
            return reader.heads(viewer)

    @contextmanager
    def _asking(self) -> Iterator[SqliteReader]:
        with explained(self.path):
            reader = self._connections.own("reader", lambda connection: SqliteReader(connection, self.token_key))
            with self._connections.get().within(self._seconds):
                yield reader

    def _stepwise(self, finder: Finder, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, each step on the connection of the thread that takes it: streams go from thread to thread."""
        while True:
            with explained(self.path):
                finder.connection = self._connections.get()
                with finder.connection.within(self._seconds):
                    some = _some(rows)
            if not some:
                return
            yield from some


def _some(rows: Iterator[Row]) -> list[Row]:
    """The next rows: as many as come soon, and none only at the end."""
    found: list[Row] = []
    soon = time.monotonic() + STEP_SECONDS
    for row in rows:
        found.append(row)
        if len(found) == STEP_ROWS or time.monotonic() > soon:
            break
    return found
