"""Reading: scan, count, summary, parties, each within what the viewer may see; pages are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from ...directory.viewer import Root, Viewer, sees_book, within
from ...event.facets import unescape
from ...event.model import Kind, PartyKey
from ...event.text import fold
from ...query.tree import Condition
from ..ports import Dimension, Head, Heads, Order, Row
from ..reader import OneReader
from .connect import Connection, reading
from .groups import summarise
from .plan import Planner
from .rows import CHUNK, Finder, Selection, index_keys


class SqliteReader(OneReader[Finder]):
    """Reads on one connection. Not shared between threads."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self._connection = connection
        self._key = key
        self._planner = Planner(connection, key)
        self._finder = Finder(connection)

    def scan(
        self, viewer: Viewer, condition: Condition, order: Order, limit: int | None, heads: Heads | None
    ) -> tuple[Finder, Iterator[Row]]:
        """See `OneReader.scan`."""
        selection = self._select(viewer, condition, heads)
        first = CHUNK if limit is None else min(limit, CHUNK)
        finder = Finder(self._connection)
        return finder, islice(finder.rows(selection, order, first_chunk=first), limit)

    def count(self, viewer: Viewer, condition: Condition, at_most: int | None, heads: Heads | None) -> int:
        """See `ports.Reader.count`."""
        with reading(self._connection):
            selection = self._select(viewer, condition, heads)
            if selection.plan.recheck:
                return sum(1 for _ in islice(self._finder.rows(selection, "newest"), at_most))
            newer = sum(1 for _ in self._newer(selection, viewer))
            bound = None if at_most is None else at_most + newer
            keys = index_keys(self._connection, selection.plan)
            inner = keys.sql if bound is None else f"{keys.sql} LIMIT {bound:d}"
            (number,) = self._connection.execute(f"SELECT count(*) FROM ({inner})", keys.values).fetchone()
            return int(number) - newer if bound is None else min(int(number) - newer, bound - newer)

    def summary(
        self, viewer: Viewer, condition: Condition, by: Sequence[Dimension], heads: Heads | None
    ) -> dict[tuple[Any, ...], int]:
        """See `ports.Reader.summary`."""
        with reading(self._connection):
            selection = self._select(viewer, condition, heads)
            groups = summarise(self._connection, selection._replace(sizes=self._sizes(viewer)), by, self._key)
            newer = self._newer(selection, viewer)
            groups.subtract(tuple(dimension.value(row.event) for dimension in by) for row in newer)
            return dict(+groups)

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        sql = "SELECT name, size, root FROM book ORDER BY name"
        heads = (Head(*row) for row in self._connection.execute(sql))
        return {head.book: head for head in heads if sees_book(viewer, head.book)}

    def _named(self, viewer: Viewer, kind: Kind, text: str) -> list[tuple[PartyKey, str]]:
        tenant, _, rest = text.partition("/")
        # Each by its own index: with OR, SQLite goes through all parties of the kind.
        sql = """
            SELECT DISTINCT p.tenant, p.id, p.name FROM (
                SELECT * FROM party WHERE kind = :kind AND folded_id = :text
                UNION ALL SELECT * FROM party WHERE kind = :kind AND folded_name = :text
                UNION ALL SELECT * FROM party WHERE kind = :kind AND folded_id = :rest AND tenant = :tenant
            ) AS p JOIN book AS b ON b.id = p.book WHERE :book IS NULL OR b.name = :book
        """
        book = None if isinstance(viewer.scope, Root) else viewer.scope.tenant
        values = {"kind": kind, "book": book, "text": fold(text), "rest": fold(rest), "tenant": unescape(tenant)}
        return [(PartyKey(kind, tenant, id), name) for tenant, id, name in self._connection.execute(sql, values)]

    def _view(self) -> AbstractContextManager[object]:
        return reading(self._connection)

    def _rows(
        self,
        viewer: Viewer,
        condition: Condition,
        order: Order,
        heads: Heads | None = None,
        start: int | None = None,
        first_chunk: int = CHUNK,
    ) -> Iterator[Row]:
        return self._finder.rows(self._select(viewer, condition, heads), order, start, first_chunk)

    def _select(self, viewer: Viewer, condition: Condition, heads: Heads | None) -> Selection:
        narrowed = within(viewer, condition)
        sizes = self._sizes(viewer)
        if heads is not None:
            names: dict[int, str] = dict(self._connection.execute("SELECT id, name FROM book"))
            noted = {number: heads[name].size for number, name in names.items() if name in heads}
            sizes = {number: min(size, noted.get(number, 0)) for number, size in sizes.items()}
        return Selection(narrowed, self._planner.plan(narrowed), sizes)

    def _sizes(self, viewer: Viewer) -> dict[int, int]:
        """The sizes of the books that the viewer may see any part of; what is in others is never looked at."""
        books = self._connection.execute("SELECT id, name, size FROM book")
        return {number: size for number, name, size in books if sees_book(viewer, name)}

    def _newer(self, selection: Selection, viewer: Viewer) -> Iterator[Row]:
        """The rows of a selection that lie beyond its sizes."""
        return self._finder.newer(selection, self._sizes(viewer))
