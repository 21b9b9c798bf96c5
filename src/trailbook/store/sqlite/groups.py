"""Summaries: counting by resource, action, initiator and time from the index and the narrow columns alone."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from msgspec import structs

from ..cells import FAR_PAST, UNITS, Cell, Piece, Values
from ..keys import QUARTER, SLOT_BITS, TICK, tick_of
from ..ports import Dimension
from ..zones import stretches
from .connect import Connection
from .plan import Plan
from .rows import Finder, Selection, found_keys, index_keys
from .tokens import EVERY, what_token

MOST_MATCHES = 40
"""Up to so many kinds of event, one MATCH for each is faster than looking each event up in its table."""
Groups = Counter[tuple[Any, ...]]


def summarise(connection: Connection, selection: Selection, by: Sequence[Dimension], key: bytes) -> Groups:
    """The number of rows of a selection for each combination of values, its sizes not considered."""
    parts: set[str] = {dimension.part for dimension in by}
    pieces = _pieces(connection, selection.plan, by)
    if selection.plan.recheck or "event" in parts or pieces is None:
        return _by_event(connection, selection, by)
    unit = "hour" if "hour" in parts else "day" if "day" in parts else None
    groups: Groups = Counter()
    for piece in pieces:
        narrowed = structs.replace(selection.plan, since=piece.since, until=piece.until)
        part = selection._replace(plan=narrowed)
        bucket = f"((key >> {SLOT_BITS}) * {TICK} + {piece.offset + FAR_PAST}) / {UNITS[unit]}" if unit else "0"
        values = Values(partial(_text, connection), piece, unit)
        for cell in _cells(connection, part, parts, bucket, key):
            connection.check_time()
            groups[tuple(values.of(dimension, cell) for dimension in by)] += cell.events
    return groups


def _by_event(connection: Connection, selection: Selection, by: Sequence[Dimension]) -> Groups:
    rows = Finder(connection).rows(selection, "oldest")
    return Counter(tuple(dimension.value(row.event) for dimension in by) for row in rows)


def _pieces(connection: sqlite3.Connection, plan: Plan, by: Sequence[Dimension]) -> list[Piece] | None:
    """The period in pieces of constant offset to UTC; None if time can't be told from keys by whole quarter hours."""
    zones = {dimension.zone for dimension in by if dimension.part in UNITS and dimension.zone is not None}
    if not zones:
        return [Piece(plan.since, plan.until, 0)]
    if len(zones) > 1 or _any_spilled_far(connection):
        return None
    low, high = connection.execute("SELECT min(key), max(key) FROM event").fetchone()
    if low is None:
        return []
    first, last = tick_of(low), tick_of(high) + TICK
    start = first if plan.since is None else max(plan.since, first)
    end = last if plan.until is None else min(plan.until, last)
    found = [Piece(*one) for one in stretches(zones.pop(), start, end)] if start < end else []
    return None if any(piece.offset % QUARTER for piece in found) else found


def _any_spilled_far(connection: sqlite3.Connection) -> bool:
    (far,) = connection.execute("SELECT value FROM setting WHERE name = 'spilled_far'").fetchone()
    return bool(far)


def _cells(
    connection: sqlite3.Connection, selection: Selection, parts: set[str], bucket: str, key: bytes
) -> Iterator[Cell]:
    if parts <= {"what", "hour", "day"}:
        whats = connection.execute("SELECT id, text FROM what").fetchall() if "what" in parts else []
        if selection.plan.match == EVERY or len(whats) <= MOST_MATCHES:
            tokens = {number: what_token(text, key) for number, text in whats}
            yield from _cells_by_index(connection, selection.plan, tokens, bucket)
            return
    found = found_keys(connection, selection)
    columns = [name if name in parts else "0" for name in ("book", "who", "what")]
    source = f"({found.sql}) AS f CROSS JOIN event USING (key)"
    sql = f"SELECT {', '.join(columns)}, {bucket}, count(*) FROM {source} GROUP BY 1, 2, 3, 4"
    yield from map(Cell._make, connection.execute(sql, found.values))


def _cells_by_index(connection: sqlite3.Connection, plan: Plan, whats: dict[int, str], bucket: str) -> Iterator[Cell]:
    """One MATCH for the token of each what, or one in all: the event table is not touched."""
    for what, token in (whats or {0: EVERY}).items():
        match = plan.match if plan.match is None or token == EVERY else f'({plan.match}) AND "{token}"'
        keys = index_keys(connection, structs.replace(plan, match=f'"{token}"' if plan.match == EVERY else match))
        sql = f"SELECT {bucket}, count(*) FROM ({keys.sql}) GROUP BY 1"
        for number, events in connection.execute(sql, keys.values):
            yield Cell(0, 0, what, number, events)


def _text(connection: sqlite3.Connection, table: str, number: int) -> str | None:
    column = "name" if table == "book" else "text"
    row = connection.execute(f"SELECT {column} FROM {table} WHERE id = ?", (number,)).fetchone()
    return None if row is None else str(row[0])
