"""Groups of events as databases count them, by numbers, and the values that these numbers stand for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

from msgspec import structs

from ..errors import Damaged
from ..event.model import Event
from .bodies import LOOK
from .entry import read_what, read_who
from .keys import moment_of
from .ports import Dimension

FAR_PAST = 150_000 * 86_400_000_000
"""Whole days in microseconds, added before dividing so that no number is negative: databases round towards zero."""
UNITS = {"hour": 3_600_000_000, "day": 86_400_000_000}

_BLANK = Event("", moment_of(0), "", "-")


class Piece(NamedTuple):
    """A part of the period (microseconds, None is open) in which the zone keeps one offset (microseconds)."""

    since: int | None
    until: int | None
    offset: int


class Cell(NamedTuple):
    """A group as the database gives it: numbers of a book, a who, a what and a time bucket; 0 where not asked for."""

    book: int
    who: int
    what: int
    bucket: int
    events: int


class Values:
    """The values of dimensions for cells, each worked out once per number rather than once per cell.

    `text` gives the text of a number in `who`, `what` or `book`; None if it is missing.
    """

    def __init__(self, text: Callable[[str, int], str | None], piece: Piece, unit: str | None) -> None:
        self._text = text
        self._piece = piece
        self._unit = unit
        self._known: dict[tuple[str, int], Hashable] = {}

    def of(self, dimension: Dimension, cell: Cell) -> Hashable:
        """The value that all events of the cell have in the dimension."""
        part = dimension.part
        number = cell.bucket if part in UNITS else getattr(cell, part)
        key = (dimension.name, number)
        if key not in self._known:
            self._known[key] = dimension.value(self._event(part, number))
        return self._known[key]

    def _event(self, part: str, number: int) -> Event:
        """An event that has the part which the number stands for, and nothing else."""
        if part == "who":
            return structs.replace(_BLANK, initiator=read_who(self._found("who", number)))
        if part == "book":
            return structs.replace(_BLANK, tenant=self._found("book", number))
        if part == "what":
            resource, action, application, outcome = read_what(self._found("what", number))
            values = {"resource": resource, "action": action, "application": application, "outcome": outcome}
            return structs.replace(_BLANK, **values)
        assert self._unit is not None
        start = number * UNITS[self._unit] - FAR_PAST - self._piece.offset
        return structs.replace(_BLANK, occurred_at=moment_of(max(start, self._piece.since or start)))

    def _found(self, part: str, number: int) -> str:
        text = self._text(part, number)
        if text is None:
            raise Damaged(f"The {part} that events refer to by {number} is missing.", remedy=LOOK)
        return text
