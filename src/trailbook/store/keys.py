"""Row keys: a 64-bit number that is the event's time, so that order by key is order by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SLOT_BITS = 4
SLOTS = 1 << SLOT_BITS
"""How many events of one microsecond keep their own microsecond; the next ones spill over to the next free one."""

QUARTER = 900_000_000
"""A quarter of an hour in microseconds. Offsets to UTC have been multiples of it since 1972."""


def microseconds(moment: datetime) -> int:
    """Microseconds since 2000-01-01 UTC, negative before."""
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment_of(micros: int) -> datetime:
    """The moment so many microseconds after 2000-01-01 UTC."""
    return EPOCH + timedelta(microseconds=micros)


def first_key(micros: int) -> int:
    """The smallest key of a microsecond; valid for any year."""
    return micros * SLOTS


class KeyAllocator:
    """Gives out keys that are free. `highest(low, high)` tells the highest key taken in [low, high), or None.

    Keys of a microsecond are taken from the first upwards, so the one above the highest is free; when all are used
    up, the next microsecond's follow. Valid for one transaction.
    """

    def __init__(self, highest: Callable[[int, int], int | None]) -> None:
        self._highest = highest
        self._next: dict[int, int] = {}
        self._skip: dict[int, int] = {}

    def allocate(self, micros: int) -> int:
        """A free key for an event of this microsecond: its own, or else the next free one after."""
        start = micros
        while True:
            micros = self._skip.get(micros, micros)
            key = self._next.get(micros)
            if key is None:
                low = first_key(micros)
                taken = self._highest(low, low + SLOTS)
                key = low if taken is None else taken + 1
            if key < first_key(micros) + SLOTS:
                self._next[micros] = key + 1
                if micros != start:
                    self._skip[start] = micros
                return key
            self._next[micros] = key
            micros += 1
