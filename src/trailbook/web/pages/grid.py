"""The rows of a report as the builder shows them: cells that are cut, and by what each can be narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ...errors import NotAllowed
from ...query.editing import Leaf
from ...query.language import unparse
from ...report.asked import Asked
from ...report.columns import COLUMNS, ROWS_LABEL
from ...report.groups import BUCKET_LABELS
from ...report.hidden import Hidden
from ...report.narrowing import narrowings
from ...report.result import Heading
from ...report.run import Listing
from ...store.ports import Row
from .labels import MATCHES
from .screens import Screen

LONGEST = {"clipped": 160, "wrapped": 600}
"""Characters of a cell, by how cells are shown; the event's own page has all of them."""
_DATES = ("date_time", "date", "time")


class Value(NamedTuple):
    """What of a cell the report can be narrowed to, or go without: a text, and the condition in the query language."""

    text: str
    query: str


class Cell(NamedTuple):
    """A cell: its text, cut (then `more` characters are left out), by what it narrows, and its day if it is a date."""

    text: str
    more: int
    values: tuple[Value, ...]
    day: str


class Line(NamedTuple):
    """A row: the event's id and book, each if the reader may know it, and its cells."""

    id: str
    book: str
    cells: tuple[Cell, ...]


def headings(screen: Screen, found: Sequence[Heading]) -> list[Heading]:
    """The headings, in the reader's language as far as they are the columns' own labels."""
    return [
        Heading(one.key, screen.gettext(one.label) if one.label == _own_label(one.key) else one.label, one.kind)
        for one in found
    ]


def _own_label(key: str) -> str:
    """What a column, a unit of time or the number of rows is called by default."""
    return COLUMNS[key].label if key in COLUMNS else BUCKET_LABELS.get(key, ROWS_LABEL)


def lines(screen: Screen, asked: Asked, listing: Listing, rows: Sequence[Row], longest: int) -> list[Line]:
    """The rows, as they are shown, with at most so many characters in a cell."""
    keys = [heading.key for heading in listing.headings]
    with_id, with_book = asked.hidden.shows(COLUMNS["id"]), asked.hidden.shows(COLUMNS["book"])
    clock = asked.setting.clock
    found = []
    for row in rows:
        day = clock.local(row.event.occurred_at).date().isoformat()
        cells = tuple(
            _cell(screen, key, text, row, longest, day, asked.hidden)
            for key, text in zip(keys, listing.text(row), strict=True)
        )
        found.append(Line(row.event.id if with_id else "", row.event.tenant if with_book else "", cells))
    return found


def _cell(screen: Screen, key: str, text: str, row: Row, longest: int, day: str, hidden: Hidden) -> Cell:
    if key == "matched":
        return Cell(screen.gettext(MATCHES[text]) if text else "", 0, (), "")
    values = tuple(
        Value(one.text, _written(one.leaf)) for one in narrowings(key, row) if not hidden.any or _may(hidden, one.leaf)
    )
    return Cell(text[:longest], max(0, len(text) - longest), values, day if key in _DATES else "")


def _may(hidden: Hidden, leaf: Leaf) -> bool:
    """Whether a reader from whom something is hidden may ask for this."""
    try:
        hidden.check_query(leaf)
    except NotAllowed:
        return False
    return True


@lru_cache(maxsize=4096)
def _written(leaf: Leaf) -> str:
    return unparse(leaf)
