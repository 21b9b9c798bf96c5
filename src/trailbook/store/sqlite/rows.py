"""Finding rows: keys from the index first, then the events behind them, in chunks, so that no read stays open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ...event.canonical import decode
from ...query.matches import matches
from ...query.tree import Condition
from ..keys import first_key
from ..ports import Order, Row
from .bodies import Bodies
from .plan import Plan, event_ids_of
from .tokens import EVERY

CHUNK = 1_000
Sizes = Mapping[int, int]
"""How many events of each book (by its number) are looked at; books that are not in it are left out."""


class Selection(NamedTuple):
    """What is looked for: the condition with the viewer's scope in it, its plan, and where each book ends."""

    condition: Condition
    plan: Plan
    sizes: Sizes


class Filter(NamedTuple):
    """A piece of SQL with its values."""

    sql: str
    values: tuple[int, ...]


class Keys(NamedTuple):
    """A SELECT of keys without order, its values, and the column to order and narrow it by."""

    sql: str
    values: tuple[int | str | bytes, ...]
    column: str


def key_filter(connection: sqlite3.Connection, plan: Plan, column: str) -> Filter:
    """The keys of the plan's period; rows that spilled over one of its edges are put on the side where they belong."""
    (furthest,) = connection.execute("SELECT value FROM setting WHERE name = 'furthest_spill'").fetchone()
    sql = f"{column} >= ? AND {column} < ?"
    values: tuple[int, ...] = (plan.low, plan.high)
    strays = _strays(connection, plan.until, furthest)
    if strays is not None:
        beyond = strays.values[1]
        sql = f"{column} >= ? AND {column} < ? AND ({column} < ? OR {column} IN ({strays.sql}))"
        values = (plan.low, beyond, plan.high, *strays.values)
    strays = _strays(connection, plan.since, furthest)
    if strays is not None:
        sql = f"{sql} AND {column} NOT IN ({strays.sql})"
        values = (*values, *strays.values)
    return Filter(sql, values)


def _strays(connection: sqlite3.Connection, edge: int | None, furthest: int) -> Filter | None:
    """A SELECT of the keys after an edge (microseconds) whose events occurred before it, None if there are none."""
    if edge is None or not furthest:
        return None
    sql = "SELECT key FROM spilled WHERE key >= ? AND key < ? AND micros < ?"
    values = (first_key(edge), first_key(edge + furthest + 1), edge)
    return Filter(sql, values) if connection.execute(f"{sql} LIMIT 1", values).fetchone() else None


def found_keys(connection: sqlite3.Connection, selection: Selection) -> Keys:
    """Where the keys of a selection come from: its ids, the whole table, or the index."""
    plan, ids = selection.plan, event_ids_of(selection.condition)
    if ids is not None:
        where = key_filter(connection, plan, "key")
        marks = ",".join("?" * len(ids))
        return Keys(f"SELECT key FROM identity WHERE id IN ({marks}) AND {where.sql}", (*ids, *where.values), "key")
    if plan.match == EVERY:
        where = key_filter(connection, plan, "key")
        return Keys(f"SELECT key FROM event WHERE {where.sql}", where.values, "key")
    return index_keys(connection, plan)


def index_keys(connection: sqlite3.Connection, plan: Plan) -> Keys:
    """The keys of a plan from the index alone, which is faster than the table for counting."""
    if plan.match is None:
        return Keys("SELECT key FROM event WHERE 0", (), "key")
    where = key_filter(connection, plan, "rowid")
    sql = f"SELECT rowid AS key FROM facet WHERE facet MATCH ? AND {where.sql}"
    return Keys(sql, (plan.match, *where.values), "rowid")


class Finder:
    """Finds rows of selections on one connection. Not shared between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._bodies = Bodies()

    def rows(
        self, selection: Selection, order: Order, start: int | None = None, first_chunk: int = CHUNK
    ) -> Iterator[Row]:
        """The rows of a selection in order, those after the key `start` if one is given."""
        size = first_chunk
        while True:
            chunk = self._chunk(selection, order, start, size)
            for key, book, position, body in chunk:
                if position >= selection.sizes.get(book, 0):
                    continue
                event = decode(self._bodies.restore(self._connection, body))
                if not selection.plan.recheck or matches(selection.condition, event):
                    yield Row(key, position, event)
            if len(chunk) < size:
                return
            start, size = chunk[-1][0], CHUNK

    def _chunk(
        self, selection: Selection, order: Order, start: int | None, size: int
    ) -> list[tuple[int, int, int, bytes]]:
        """The next raw rows: key, book, position, body."""
        found = found_keys(self._connection, selection)
        backwards = order == "newest"
        after = "" if start is None else f" AND {found.column} {'<' if backwards else '>'} ?"
        direction = "DESC" if backwards else "ASC"
        inner = f"{found.sql}{after} ORDER BY {found.column} {direction} LIMIT ?"
        values = (*found.values, *(() if start is None else (start,)), size)
        sql = f"SELECT e.key, e.book, e.position, e.body FROM ({inner}) AS f CROSS JOIN event AS e ON e.key = f.key"
        return sorted(self._connection.execute(sql, values), key=lambda row: row[0], reverse=backwards)

    def newer(self, selection: Selection, sizes: Sizes) -> Iterator[Row]:
        """The rows that the plan finds by the index, but that lie between the selection's sizes and larger ones."""
        for book, size in sizes.items():
            sql = "SELECT key, position, body FROM event WHERE book = ? AND position >= ? AND position < ?"
            for key, position, body in self._connection.execute(sql, (book, selection.sizes.get(book, 0), size)):
                event = decode(self._bodies.restore(self._connection, body))
                if matches(selection.condition, event):
                    yield Row(key, position, event)
