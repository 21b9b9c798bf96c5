"""Reading: scan, count, summary, parties, each within what the viewer may see; pages are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from ...directory.viewer import Viewer, sees_book, within
from ...event.facets import unescape
from ...event.model import Kind, PartyKey
from ...query.tree import Condition
from ..ports import Dimension, Head, Heads, Order, Row
from ..reader import OneReader
from .bodies import Bodies
from .connect import Connection, Database
from .groups import summarise
from .names import find_names
from .plan import Plan, Planner
from .rows import CHUNK, Finder, Selection, source, way_to

_EVERYTHING = Plan("", (), None, None, recheck=False)


class PostgresReader(OneReader[Finder]):
    """Reads in one transaction, which sees what the viewer's scope lets it see of the database."""

    def __init__(self, connection: Connection, database: Database, bodies: Bodies) -> None:
        self._connection = connection
        self._database = database
        self._bodies = bodies
        self._planner = Planner(connection)

    def scan(
        self, viewer: Viewer, condition: Condition, order: Order, limit: int | None, heads: Heads | None
    ) -> tuple[Finder, Iterator[Row]]:
        """See `OneReader.scan`."""
        selection = self._select(viewer, condition, heads)
        if selection.sizes is None:
            selection = selection._replace(sizes=self._sizes(viewer))
        first = CHUNK if limit is None else min(limit, CHUNK)
        finder = self._finder()
        return finder, islice(finder.rows(selection, order, first_chunk=first), limit)

    def count(self, viewer: Viewer, condition: Condition, at_most: int | None, heads: Heads | None) -> int:
        """See `ports.Reader.count`."""
        selection = self._select(viewer, condition, heads)
        if selection.plan.recheck:
            return sum(1 for _ in islice(self._finder().rows(selection, "newest"), at_most))
        if selection.plan == _EVERYTHING:
            sizes = self._sizes(viewer) if selection.sizes is None else selection.sizes
            return sum(sizes.values()) if at_most is None else min(at_most, sum(sizes.values()))
        bound = "" if at_most is None else f" LIMIT {at_most:d}"
        sql = f"SELECT count(*) FROM (SELECT {source(selection)}{bound}) AS found"
        ((count,),) = self._connection.rows(sql, way=way_to(selection.plan))
        return int(count)

    def summary(
        self, viewer: Viewer, condition: Condition, by: Sequence[Dimension], heads: Heads | None
    ) -> dict[tuple[Any, ...], int]:
        """See `ports.Reader.summary`."""
        return dict(summarise(self._connection, self._finder(), self._select(viewer, condition, heads), by))

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        sql = "SELECT name, size, root FROM trailbook.book WHERE size > 0"
        heads = sorted(self._connection.rows(sql))
        return {name: Head(name, size, root) for name, size, root in heads if sees_book(viewer, name)}

    def _named(self, viewer: Viewer, kind: Kind, text: str) -> list[tuple[PartyKey, str]]:
        tenant, _, rest = text.partition("/")
        return find_names(self._connection, kind, text, unescape(tenant), rest)

    def _rows(
        self,
        viewer: Viewer,
        condition: Condition,
        order: Order,
        heads: Heads | None = None,
        start: int | None = None,
        first_chunk: int = CHUNK,
    ) -> Iterator[Row]:
        return self._finder().rows(self._select(viewer, condition, heads), order, start, first_chunk)

    def _select(self, viewer: Viewer, condition: Condition, heads: Heads | None) -> Selection:
        narrowed = within(viewer, condition)
        sizes = None if heads is None else self._sizes(viewer, heads)
        return Selection(narrowed, self._planner.plan(narrowed), sizes)

    def _sizes(self, viewer: Viewer, heads: Heads | None = None) -> dict[int, int]:
        """The sizes of the books that the viewer may see any part of, or smaller ones noted in heads."""
        books = self._connection.rows("SELECT number, name, size FROM trailbook.book WHERE size > 0")
        return {
            number: size if heads is None else min(size, heads[name].size)
            for number, name, size in books
            if sees_book(viewer, name) and (heads is None or name in heads)
        }

    def _finder(self) -> Finder:
        return Finder(self._connection, self._database, self._bodies)
