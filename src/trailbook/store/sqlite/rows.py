"""Finding rows: places from the index first, then the events behind them, in chunks, so that no read stays open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ...query.matches import matches
from ...query.tree import Condition
from ..keys import SLOT_BITS, SLOTS, TICK, first_key, first_place, key_at, micros_of, tick_of
from ..plan import event_ids_of
from ..ports import Order, Row
from .bodies import Bodies
from .connect import Connection
from .plan import Plan
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
    """A SELECT of keys without order, its values, and the column to order it by."""

    sql: str
    values: tuple[int | str | bytes, ...]
    column: str


class Window(NamedTuple):
    """The places from `low` up to, not including, `high`."""

    low: int = -(2**63)
    high: int = 2**63 - 1


EVERYWHERE = Window()


def key_filter(connection: sqlite3.Connection, plan: Plan, column: str, window: Window) -> Filter:
    """The places of the plan's period; rows in the ticks at its edges are put on the side where they belong.

    Only one lower and one upper bound may be on the column itself: SQLite would go by the first one and try all rows
    up to the other.
    """
    furthest = furthest_spill(connection)
    sql = f"{column} >= ? AND {column} < ?"
    low = max(plan.low, window.low)
    values: tuple[int, ...] = (low, min(plan.high, window.high))
    strays = _strays(connection, plan.until, furthest)
    if strays is not None:
        beyond = strays.values[1]
        sql = f"{column} >= ? AND {column} < ? AND (+{column} < ? OR {column} IN ({strays.sql}))"
        values = (low, min(beyond, window.high), plan.high, *strays.values)
    strays = _strays(connection, plan.since, furthest)
    if strays is not None:
        sql = f"{sql} AND {column} NOT IN ({strays.sql})"
        values = (*values, *strays.values)
    return Filter(sql, values)


def _strays(connection: sqlite3.Connection, edge: int | None, furthest: int) -> Filter | None:
    """A SELECT of the places in or after an edge's tick whose events occurred before it, None if there are none."""
    if edge is None:
        return None
    sql = f"SELECT key FROM event WHERE key >= ? AND key < ? AND (key >> {SLOT_BITS}) * {TICK} + offset < ?"
    values = (first_place(edge), first_place(edge - 1) + SLOTS + furthest, edge)
    return Filter(sql, values) if connection.execute(f"{sql} LIMIT 1", values).fetchone() else None


def found_keys(connection: sqlite3.Connection, selection: Selection, window: Window = EVERYWHERE) -> Keys:
    """Where the keys of a selection come from: its ids, the whole table, or the index."""
    plan, ids = selection.plan, event_ids_of(selection.condition)
    if ids is not None and plan.match is not None:
        where = key_filter(connection, plan, "key", window)
        marks = ",".join("?" * len(ids))
        return Keys(f"SELECT key FROM identity WHERE id IN ({marks}) AND {where.sql}", (*ids, *where.values), "key")
    if plan.match == EVERY:
        where = key_filter(connection, plan, "key", window)
        return Keys(f"SELECT key FROM event WHERE {where.sql}", where.values, "key")
    return index_keys(connection, plan, window)


def index_keys(connection: sqlite3.Connection, plan: Plan, window: Window = EVERYWHERE) -> Keys:
    """The keys of a plan from the index alone, which is faster than the table for counting."""
    if plan.match is None:
        return Keys("SELECT key FROM event WHERE 0", (), "key")
    where = key_filter(connection, plan, "rowid", window)
    sql = f"SELECT rowid AS key FROM facet WHERE facet MATCH ? AND {where.sql}"
    return Keys(sql, (plan.match, *where.values), "rowid")


_Raw = tuple[int, int, int, bytes]
"""A row whose event is still packed: key, book, position, body."""


def furthest_spill(connection: sqlite3.Connection) -> int:
    """How many places at most a row is from the tick in which its event occurred."""
    (furthest,) = connection.execute("SELECT value FROM setting WHERE name = 'furthest_spill'").fetchone()
    return int(furthest)


class Finder:
    """Finds rows of selections on one connection. Not shared between threads.

    `connection` may be exchanged for another one to the same file, so that another thread can go on.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._bodies = Bodies()

    def rows(
        self, selection: Selection, order: Order, start: int | None = None, first_chunk: int = CHUNK
    ) -> Iterator[Row]:
        """The rows of a selection in order, those after the key `start` if one is given."""
        for key, book, position, body in self._in_order(selection, order, start, first_chunk + SLOTS):
            self.connection.check_time()
            if position < selection.sizes.get(book, 0):
                event = self._bodies.event(self.connection, body)
                if not selection.plan.recheck or matches(selection.condition, event):
                    yield Row(key, position, event)

    def _in_order(self, selection: Selection, order: Order, start: int | None, size: int) -> Iterator[_Raw]:
        """Raw rows by key. Places are in order of ticks only, so a row waits until none can come before it any more."""
        newest = order == "newest"
        furthest = furthest_spill(self.connection)
        waiting: list[_Raw] = []
        window = EVERYWHERE
        if start is not None:
            place = first_place(micros_of(start))
            window = Window(high=place + SLOTS + furthest) if newest else Window(low=place)
        while True:
            chunk = self._chunk(selection, order, window, size)
            for at, offset, book, position, body in chunk:
                key = key_at(at, offset)
                if start is None or (key < start if newest else key > start):
                    waiting.append((key, book, position, body))
            waiting.sort(reverse=newest)
            if len(chunk) < size:
                yield from waiting
                return
            place, size = chunk[-1][0], CHUNK
            window = Window(high=place) if newest else Window(low=place + 1)
            edge = first_key(tick_of(place) + TICK if newest else tick_of(place - furthest))
            ready = [raw for raw in waiting if (raw[0] >= edge if newest else raw[0] < edge)]
            del waiting[: len(ready)]
            yield from ready

    def _chunk(
        self, selection: Selection, order: Order, window: Window, size: int
    ) -> list[tuple[int, int, int, int, bytes]]:
        """The first rows of a window by place: place, offset, book, position, body."""
        found = found_keys(self.connection, selection, window)
        backwards = order == "newest"
        inner = f"{found.sql} ORDER BY {found.column} {'DESC' if backwards else 'ASC'} LIMIT ?"
        values = (*found.values, size)
        columns = "e.key, e.offset, e.book, e.position, e.body"
        sql = f"SELECT {columns} FROM ({inner}) AS f CROSS JOIN event AS e ON e.key = f.key"
        return sorted(self.connection.execute(sql, values), reverse=backwards)

    def newer(self, selection: Selection, sizes: Sizes) -> Iterator[Row]:
        """The rows that the plan finds by the index, but that lie between the selection's sizes and larger ones."""
        for book, size in sizes.items():
            sql = "SELECT key, offset, position, body FROM event WHERE book = ? AND position >= ? AND position < ?"
            values = (book, selection.sizes.get(book, 0), size)
            for place, offset, position, body in self.connection.execute(sql, values):
                self.connection.check_time()
                event = self._bodies.event(self.connection, body)
                if matches(selection.condition, event):
                    yield Row(key_at(place, offset), position, event)
