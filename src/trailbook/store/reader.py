"""The reads of a store on one connection: what they have in common, made of what each store finds in its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any, Generic, TypeVar

from ..directory.viewer import Viewer
from ..event.facets import named_parties
from ..event.model import Kind, PartyKey
from ..query.tree import Condition, Field, Parties
from .cursor import Cursor, read_cursor, write_cursor
from .dimensions import facet_dimension, most_frequent
from .parties import preferred
from .ports import Dimension, FacetCount, Head, Heads, Order, Page, Row

MOST_ROWS = 1_000
"""The most rows on a page."""

F = TypeVar("F")


class OneReader(ABC, Generic[F]):
    """Reads on one connection; `F` finds the rows of a scan, and can go on on another one."""

    def page(
        self, viewer: Viewer, condition: Condition, order: Order, cursor: str | None, limit: int, heads: Heads | None
    ) -> Page:
        """See `ports.Reader.page`."""
        limit = min(max(limit, 1), MOST_ROWS)
        at = Cursor(0, order, False) if cursor is None else read_cursor(cursor, order)
        towards: Order = order if not at.backwards else "oldest" if order == "newest" else "newest"
        start = None if cursor is None else at.key
        with self._view():
            found = self._rows(viewer, condition, towards, heads, start, limit + 1)
            rows = list(islice(found, limit + 1))
        more, rows = len(rows) > limit, rows[:limit]
        if at.backwards:
            rows.reverse()
        if not rows:
            return Page((), None, None)
        has_before = more if at.backwards else cursor is not None
        has_after = True if at.backwards else more
        return Page(
            tuple(rows),
            write_cursor(Cursor(rows[0].key, order, True)) if has_before else None,
            write_cursor(Cursor(rows[-1].key, order, False)) if has_after else None,
        )

    @abstractmethod
    def scan(
        self, viewer: Viewer, condition: Condition, order: Order, limit: int | None, heads: Heads | None
    ) -> tuple[F, Iterator[Row]]:
        """See `ports.Reader.scan`. Gives the rows' own finder too, so that another thread may go on with them."""

    @abstractmethod
    def count(self, viewer: Viewer, condition: Condition, at_most: int | None, heads: Heads | None) -> int:
        """See `ports.Reader.count`."""

    @abstractmethod
    def summary(
        self, viewer: Viewer, condition: Condition, by: Sequence[Dimension], heads: Heads | None
    ) -> dict[tuple[Any, ...], int]:
        """See `ports.Reader.summary`."""

    def facet_counts(
        self, viewer: Viewer, condition: Condition, field: str, limit: int, heads: Heads | None
    ) -> list[FacetCount]:
        """See `ports.Reader.facet_counts`."""
        groups = self.summary(viewer, condition, [facet_dimension(field)], heads)
        return most_frequent(((values[0], events) for values, events in groups.items()), limit)

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """See `ports.Reader.events`."""
        return list(self._rows(viewer, Field("id", (id,)), "oldest"))

    @abstractmethod
    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""

    def parties(self, viewer: Viewer, kind: Kind, text: str, heads: Heads | None) -> list[PartyKey]:
        """See `ports.Reader.parties`."""
        if not text:
            return []
        found = self._named(viewer, kind, text)
        if heads is not None or not viewer.sees_whole_books():
            found = [named for named in found if self._is_seen(viewer, heads, *named)]
        return preferred({party for party, _ in found}, text)

    def _is_seen(self, viewer: Viewer, heads: Heads | None, party: PartyKey, name: str) -> bool:
        """Whether the viewer may see any event, up to the heads, in which the party bears the name."""
        rows = self._rows(viewer, Parties((party,)), "newest", heads)
        return any((party, name) in named_parties(row.event) for row in rows)

    def _view(self) -> AbstractContextManager[object]:
        """One consistent view for what is read meanwhile."""
        return nullcontext()

    @abstractmethod
    def _named(self, viewer: Viewer, kind: Kind, text: str) -> list[tuple[PartyKey, str]]:
        """Parties of this id, `tenant/id` or name, each with a name, in the books that the viewer sees any of."""

    @abstractmethod
    def _rows(
        self,
        viewer: Viewer,
        condition: Condition,
        order: Order,
        heads: Heads | None = None,
        start: int | None = None,
        first_chunk: int = 1_000,
    ) -> Iterator[Row]:
        """What the viewer may see of the rows of a condition, in order, those after the key `start` if one is given."""
