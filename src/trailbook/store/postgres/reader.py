"""Reading: page, scan, count, summary, facet counts, each within what the viewer may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from ...directory.viewer import Root, Viewer, within
from ...event.facets import named_parties, unescape
from ...event.model import Kind, PartyKey
from ...query.tree import Condition, Field, Parties
from ..cursor import Cursor, read_cursor, write_cursor
from ..dimensions import facet_dimension, most_frequent
from ..parties import preferred
from ..ports import Dimension, FacetCount, Head, Heads, Order, Page, Row
from .bodies import Bodies
from .connect import Connection, Database
from .groups import summarise
from .names import find_names
from .plan import Plan, Planner
from .rows import CHUNK, Finder, Selection, source, way_to

MOST_ROWS = 1_000
"""The most rows on a page."""
_EVERYTHING = Plan("", (), None, None, recheck=False)


class Reader:
    """Reads in one transaction, which sees what the viewer's scope lets it see of the database."""

    def __init__(self, connection: Connection, database: Database, bodies: Bodies, key: bytes) -> None:
        self._connection = connection
        self._database = database
        self._bodies = bodies
        self._planner = Planner(connection, key)

    def page(
        self, viewer: Viewer, condition: Condition, order: Order, cursor: str | None, limit: int, heads: Heads | None
    ) -> Page:
        """See `ports.Reader.page`."""
        limit = min(max(limit, 1), MOST_ROWS)
        at = Cursor(0, order, False) if cursor is None else read_cursor(cursor, order)
        selection = self._select(viewer, condition, heads)
        towards: Order = order if not at.backwards else "oldest" if order == "newest" else "newest"
        found = self._finder().rows(selection, towards, None if cursor is None else at.key, limit + 1)
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
        """See `ports.Reader.scan`. Gives the rows' finder too, so that they can be gone on with elsewhere."""
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

    def facet_counts(
        self, viewer: Viewer, condition: Condition, field: str, limit: int, heads: Heads | None
    ) -> list[FacetCount]:
        """See `ports.Reader.facet_counts`."""
        groups = self.summary(viewer, condition, [facet_dimension(field)], heads)
        return most_frequent(((values[0], events) for values, events in groups.items()), limit)

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """See `ports.Reader.events`."""
        return list(self._finder().rows(self._select(viewer, Field("id", (id,)), None), "oldest"))

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        sql = "SELECT name, size, root FROM trailbook.book WHERE size > 0"
        heads = sorted(self._connection.rows(sql))
        return {name: Head(name, size, root) for name, size, root in heads if _sees_book(viewer, name)}

    def parties(self, viewer: Viewer, kind: Kind, text: str, heads: Heads | None) -> list[PartyKey]:
        """See `ports.Reader.parties`."""
        if not text:
            return []
        tenant, _, rest = text.partition("/")
        found = find_names(self._connection, kind, text, unescape(tenant), rest)
        if heads is not None or not viewer.sees_whole_books():
            found = [named for named in found if self._is_seen(viewer, heads, *named)]
        return preferred({party for party, _ in found}, text)

    def _is_seen(self, viewer: Viewer, heads: Heads | None, party: PartyKey, name: str) -> bool:
        """Whether the viewer may see any event, up to the heads, in which the party bears the name."""
        rows = self._finder().rows(self._select(viewer, Parties((party,)), heads), "newest")
        return any((party, name) in named_parties(row.event) for row in rows)

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
            if _sees_book(viewer, name) and (heads is None or name in heads)
        }

    def _finder(self) -> Finder:
        return Finder(self._connection, self._database, self._bodies)


def _sees_book(viewer: Viewer, book: str) -> bool:
    return isinstance(viewer.scope, Root) or book == viewer.scope.tenant
