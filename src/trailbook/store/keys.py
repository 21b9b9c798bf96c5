"""Places of rows: 64-bit numbers that tell a row's time roughly, and the keys that put rows in exact order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TICK = 15_625
"""Microseconds that share a range of places: the rougher, the shorter are the lists of an index of places. So many
places a second (TICK and SLOTS together give 1,024) hold about what a store takes in, so that bursts don't pile up."""
SLOT_BITS = 4
SLOTS = 1 << SLOT_BITS
"""How many events of one tick have a place in it; the next ones spill over to the next free place."""

QUARTER = 900_000_000
"""A quarter of an hour in microseconds. Offsets to UTC have been multiples of it since 1972."""
_PLACES = 1 << 64
_HALF = _PLACES // 2


def microseconds(moment: datetime) -> int:
    """Microseconds since 2000-01-01 UTC, negative before."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment_of(micros: int) -> datetime:
    """The moment so many microseconds after 2000-01-01 UTC."""
    return EPOCH + timedelta(microseconds=micros)


def first_place(micros: int) -> int:
    """The first place of the tick that a microsecond is in; valid for any year."""
    return micros // TICK * SLOTS


def tick_of(place: int) -> int:
    """The microsecond at which the tick of a place begins. Events never occurred after the tick of their place."""
    return (place >> SLOT_BITS) * TICK


def row_key(micros: int, place: int) -> int:
    """The key of a row: order by key is order by time, and by place among rows of one microsecond."""
    return micros * _PLACES + place + _HALF


def key_at(place: int, offset: int) -> int:
    """The key of the row in a place, whose event occurred so many microseconds from the place's tick."""
    return ((place >> SLOT_BITS) * TICK + offset) * _PLACES + place + _HALF


def first_key(micros: int) -> int:
    """What no key of a row of this microsecond is below."""
    return micros * _PLACES


def micros_of(key: int) -> int:
    """The time in the key of a row, in microseconds."""
    return key // _PLACES


class PlaceAllocator:
    """Gives out places that are free. `highest(low, high)` tells the highest place taken in [low, high), or None.

    Places of a tick are taken from the first upwards, so the one above the highest is free; when all are used up, the
    next tick's follow. Later events of a microsecond thus have higher places. Valid for one transaction.
    """

    def __init__(self, highest: Callable[[int, int], int | None]) -> None:
        self._highest = highest
        self._next: dict[int, int] = {}
        self._skip: dict[int, int] = {}

    def allocate(self, micros: int) -> int:
        """A free place for an event of this microsecond: in its own tick, or else the next free one after."""
        start = low = first_place(micros)
        while True:
            low = self._skip.get(low, low)
            place = self._next.get(low)
            if place is None:
                taken = self._highest(low, low + SLOTS)
                place = low if taken is None else taken + 1
            if place < low + SLOTS:
                self._next[low] = place + 1
                if low != start:
                    self._skip[start] = low
                return place
            self._next[low] = place
            low += SLOTS
