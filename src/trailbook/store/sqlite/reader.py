"""Reading: page, scan, count, summary, facet counts, each within what the viewer may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from ...directory.viewer import Root, Viewer, within
from ...event.facets import named_parties, unescape
from ...event.model import Kind, PartyKey
from ...event.text import fold
from ...query.tree import Condition, Field, Parties
from ..cursor import Cursor, read_cursor, write_cursor
from ..dimensions import facet_dimension, most_frequent
from ..parties import preferred
from ..ports import Dimension, FacetCount, Head, Heads, Order, Page, Row
from .connect import Connection, reading
from .groups import summarise
from .plan import Planner
from .rows import CHUNK, Finder, Selection, index_keys

MOST_ROWS = 1_000
"""The most rows on a page."""


class SqliteReader:
    """Reads on one connection. Not shared between threads."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self._connection = connection
        self._key = key
        self._planner = Planner(connection, key)
        self._finder = Finder(connection)

    def page(
        self, viewer: Viewer, condition: Condition, order: Order, cursor: str | None, limit: int, heads: Heads | None
    ) -> Page:
        """See `ports.Reader.page`."""
        limit = min(max(limit, 1), MOST_ROWS)
        at = Cursor(0, order, False) if cursor is None else read_cursor(cursor, order)
        with reading(self._connection):
            selection = self._select(viewer, condition, heads)
            towards: Order = order if not at.backwards else "oldest" if order == "newest" else "newest"
            found = self._finder.rows(selection, towards, None if cursor is None else at.key, limit + 1)
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

    def scan(
        self, viewer: Viewer, condition: Condition, order: Order, limit: int | None, heads: Heads | None
    ) -> tuple[Finder, Iterator[Row]]:
        """See `ports.Reader.scan`. Gives the rows' own finder too, so that another thread may go on with them."""
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

    def facet_counts(
        self, viewer: Viewer, condition: Condition, field: str, limit: int, heads: Heads | None
    ) -> list[FacetCount]:
        """See `ports.Reader.facet_counts`."""
        groups = self.summary(viewer, condition, [facet_dimension(field)], heads)
        return most_frequent(((values[0], events) for values, events in groups.items()), limit)

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """See `ports.Reader.events`."""
        return list(self._finder.rows(self._select(viewer, Field("id", (id,)), None), "oldest"))

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        sql = "SELECT name, size, root FROM book ORDER BY name"
        heads = (Head(*row) for row in self._connection.execute(sql))
        return {head.book: head for head in heads if _sees_book(viewer, head.book)}

    def parties(self, viewer: Viewer, kind: Kind, text: str, heads: Heads | None) -> list[PartyKey]:
        """See `ports.Reader.parties`."""
        if not text:
            return []
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
        found = [(PartyKey(kind, tenant, id), name) for tenant, id, name in self._connection.execute(sql, values)]
        if heads is not None or not viewer.sees_whole_books():
            found = [named for named in found if self._is_seen(viewer, heads, *named)]
        return preferred({party for party, _ in found}, text)

    def _is_seen(self, viewer: Viewer, heads: Heads | None, party: PartyKey, name: str) -> bool:
        """Whether the viewer may see any event, up to the heads, in which the party bears the name."""
        rows = self._finder.rows(self._select(viewer, Parties((party,)), heads), "newest")
        return any((party, name) in named_parties(row.event) for row in rows)

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
        return {number: size for number, name, size in books if _sees_book(viewer, name)}

    def _newer(self, selection: Selection, viewer: Viewer) -> Iterator[Row]:
        """The rows of a selection that lie beyond its sizes."""
        return self._finder.newer(selection, self._sizes(viewer))


def _sees_book(viewer: Viewer, book: str) -> bool:
    return isinstance(viewer.scope, Root) or book == viewer.scope.tenant
