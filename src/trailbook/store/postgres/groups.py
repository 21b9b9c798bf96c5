"""Summaries: counting by resource, action, initiator and time from the narrow columns alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import structs

from ..cells import FAR_PAST, UNITS, Cell, Piece, Values
from ..ports import Dimension
from ..zones import stretches
from .connect import Asking
from .places import BOOK_BITS
from .rows import Finder, Selection, source, way_to

Groups = Counter[tuple[Any, ...]]
_COLUMNS = {"book": f"(place >> {BOOK_BITS})::int", "who": "who", "what": "what"}


def summarise(connection: Asking, finder: Finder, selection: Selection, by: Sequence[Dimension]) -> Groups:
    """The number of rows of a selection for each combination of values."""
    parts: set[str] = {dimension.part for dimension in by}
    zones = {dimension.zone for dimension in by if dimension.part in UNITS and dimension.zone is not None}
    if selection.plan.recheck or "event" in parts or len(zones) > 1:
        rows = finder.rows(selection, "oldest")
        return Counter(tuple(dimension.value(row.event) for dimension in by) for row in rows)
    unit = "hour" if "hour" in parts else "day" if "day" in parts else None
    groups: Groups = Counter()
    for piece in _pieces(connection, selection, by):
        narrowed = structs.replace(selection.plan, since=piece.since, until=piece.until)
        cells = _cells(connection, selection._replace(plan=narrowed), parts, unit, piece)
        values = Values(_texts(connection, cells), piece, unit)
        for cell in cells:
            connection.check_time()
            groups[tuple(values.of(dimension, cell) for dimension in by)] += cell.events
    return groups


def _pieces(connection: Asking, selection: Selection, by: Sequence[Dimension]) -> list[Piece]:
    """The period in pieces of constant offset to UTC."""
    plan = selection.plan
    zone = next((one.zone for one in by if one.part in UNITS and one.zone is not None), None)
    if zone is None:
        return [Piece(plan.since, plan.until, 0)]
    sql = f"SELECT min(at), max(at) {source(selection)}"
    ((first, last),) = connection.rows(sql, way=way_to(plan))
    if first is None:
        return []
    return [Piece(*one) for one in stretches(zone, first, last + 1)]


def _cells(connection: Asking, selection: Selection, parts: set[str], unit: str | None, piece: Piece) -> list[Cell]:
    columns = [_COLUMNS[name] if name in parts else "0" for name in ("book", "who", "what")]
    columns.append(f"(at + {piece.offset + FAR_PAST}) / {UNITS[unit]}" if unit else "0")
    grouped = [column for column in columns if column != "0"]
    sql = f"SELECT {', '.join(columns)}, count(*) {source(selection)}"
    if grouped:
        sql += f" GROUP BY {', '.join(grouped)}"
    return [cell for cell in map(Cell._make, connection.rows(sql, way=way_to(selection.plan))) if cell.events]


def _texts(connection: Asking, cells: list[Cell]) -> Callable[[str, int], str | None]:
    """Gives the text of each number in the cells; all are read at once, as there may be thousands."""
    found: dict[tuple[str, int], str] = {}
    for table, column in (("book", "name"), ("who", "text"), ("what", "text")):
        if numbers := {getattr(cell, table) for cell in cells} - {0}:
            sql = f"SELECT number, {column} FROM trailbook.{table} WHERE number = ANY (%b)"
            found.update(((table, number), text) for number, text in connection.rows(sql, ([*numbers],)))
    return lambda table, number: found.get((table, number))
