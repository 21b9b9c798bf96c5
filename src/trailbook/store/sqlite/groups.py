"""Summaries: counting by resource, action, initiator and time from the index and the narrow columns alone."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import structs

from ...errors import Damaged
from ...event.model import Event
from ..keys import QUARTER, SLOT_BITS, TICK, moment_of, tick_of
from ..ports import Dimension
from ..zones import stretches
from .connect import LOOK, Connection
from .entry import read_what, read_who
from .plan import Plan
from .rows import Finder, Selection, found_keys, index_keys
from .tokens import EVERY, what_token

_FAR_PAST = 150_000 * 86_400_000_000
"""Whole days in microseconds, added before dividing so that no number is negative: SQLite rounds towards zero."""
MOST_MATCHES = 40
"""Up to so many kinds of event, one MATCH for each is faster than looking each event up in its table."""
_UNITS = {"hour": 3_600_000_000, "day": 86_400_000_000}

_BLANK = Event("", moment_of(0), "", "-")

Groups = Counter[tuple[Any, ...]]


class _Piece(NamedTuple):
    """A part of the period (microseconds, None is open) in which the zone keeps one offset (microseconds)."""

    since: int | None
    until: int | None
    offset: int


class _Cell(NamedTuple):
    """A group as the database gives it: numbers of a book, a who, a what and a time bucket; 0 where not asked for."""

    book: int
    who: int
    what: int
    bucket: int
    events: int


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
        bucket = f"((key >> {SLOT_BITS}) * {TICK} + {piece.offset + _FAR_PAST}) / {_UNITS[unit]}" if unit else "0"
        values = _Values(connection, piece, unit)
        for cell in _cells(connection, part, parts, bucket, key):
            connection.check_time()
            groups[tuple(values.of(dimension, cell) for dimension in by)] += cell.events
    return groups


def _by_event(connection: Connection, selection: Selection, by: Sequence[Dimension]) -> Groups:
    rows = Finder(connection).rows(selection, "oldest")
    return Counter(tuple(dimension.value(row.event) for dimension in by) for row in rows)


def _pieces(connection: sqlite3.Connection, plan: Plan, by: Sequence[Dimension]) -> list[_Piece] | None:
    """The period in pieces of constant offset to UTC; None if time can't be told from keys by whole quarter hours."""
    zones = {dimension.zone for dimension in by if dimension.part in _UNITS and dimension.zone is not None}
    if not zones:
        return [_Piece(plan.since, plan.until, 0)]
    if len(zones) > 1 or _any_spilled_far(connection):
        return None
    low, high = connection.execute("SELECT min(key), max(key) FROM event").fetchone()
    if low is None:
        return []
    first, last = tick_of(low), tick_of(high) + TICK
    start = first if plan.since is None else max(plan.since, first)
    end = last if plan.until is None else min(plan.until, last)
    found = [_Piece(*one) for one in stretches(zones.pop(), start, end)] if start < end else []
    return None if any(piece.offset % QUARTER for piece in found) else found


def _any_spilled_far(connection: sqlite3.Connection) -> bool:
    (far,) = connection.execute("SELECT value FROM setting WHERE name = 'spilled_far'").fetchone()
    return bool(far)


def _cells(
    connection: sqlite3.Connection, selection: Selection, parts: set[str], bucket: str, key: bytes
) -> Iterator[_Cell]:
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
    yield from map(_Cell._make, connection.execute(sql, found.values))


def _cells_by_index(connection: sqlite3.Connection, plan: Plan, whats: dict[int, str], bucket: str) -> Iterator[_Cell]:
    """One MATCH for the token of each what, or one in all: the event table is not touched."""
    for what, token in (whats or {0: EVERY}).items():
        match = plan.match if plan.match is None or token == EVERY else f'({plan.match}) AND "{token}"'
        keys = index_keys(connection, structs.replace(plan, match=f'"{token}"' if plan.match == EVERY else match))
        sql = f"SELECT {bucket}, count(*) FROM ({keys.sql}) GROUP BY 1"
        for number, events in connection.execute(sql, keys.values):
            yield _Cell(0, 0, what, number, events)


class _Values:
    """The values of dimensions for cells, each worked out once per number rather than once per cell."""

    def __init__(self, connection: sqlite3.Connection, piece: _Piece, unit: str | None) -> None:
        self._connection = connection
        self._piece = piece
        self._unit = unit
        self._known: dict[tuple[str, int], Hashable] = {}

    def of(self, dimension: Dimension, cell: _Cell) -> Hashable:
        """The value that all events of the cell have in the dimension."""
        part = dimension.part
        number = cell.bucket if part in _UNITS else getattr(cell, part)
        key = (dimension.name, number)
        if key not in self._known:
            self._known[key] = dimension.value(self._event(part, number))
        return self._known[key]

    def _event(self, part: str, number: int) -> Event:
        """An event that has the part which the number stands for, and nothing else."""
        if part == "who":
            return structs.replace(_BLANK, initiator=read_who(self._text("who", number)))
        if part == "book":
            return structs.replace(_BLANK, tenant=self._text("book", number, "name"))
        if part == "what":
            resource, action, application, outcome = read_what(self._text("what", number))
            values = {"resource": resource, "action": action, "application": application, "outcome": outcome}
            return structs.replace(_BLANK, **values)
        assert self._unit is not None
        start = number * _UNITS[self._unit] - _FAR_PAST - self._piece.offset
        return structs.replace(_BLANK, occurred_at=moment_of(max(start, self._piece.since or start)))

    def _text(self, table: str, number: int, column: str = "text") -> str:
        row = self._connection.execute(f"SELECT {column} FROM {table} WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise Damaged(f"The {table} that events refer to by {number} is missing.", remedy=LOOK)
        return str(row[0])
