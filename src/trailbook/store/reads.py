"""The reads of a store as its callers see them, made of those of one connection."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from ..directory.viewer import Viewer
from ..event.model import Kind, PartyKey
from ..query.tree import Condition
from .ports import Dimension, FacetCount, Head, Heads, Order, Page, Row
from .reader import OneReader

STEP_ROWS = 50
STEP_SECONDS = 0.05
"""A scan takes so many rows at once, or what it finds in so much time if that is any."""

F = TypeVar("F")


class Reads(ABC, Generic[F]):
    """Reads for any thread: each with a connection of its own, a scan in steps."""

    @abstractmethod
    def _asking(self, viewer: Viewer) -> AbstractContextManager[OneReader[F]]:
        """What a read of this viewer is asked of, for as long as it takes."""

    @abstractmethod
    def _step(self, viewer: Viewer, finder: F) -> AbstractContextManager[None]:
        """Lets the finder go on for a while, in whatever thread."""

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
        with self._asking(viewer) as reader:
            finder, rows = reader.scan(viewer, condition, order, limit, heads)
        return self._in_steps(viewer, finder, rows)

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

    def _in_steps(self, viewer: Viewer, finder: F, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, step by step: streams take long, and go from thread to thread."""
        while True:
            with self._step(viewer, finder):
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
