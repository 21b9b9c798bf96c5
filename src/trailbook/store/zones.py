"""The stretches of time in which a zone keeps one offset to UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from .keys import microseconds, moment_of


class Stretch(NamedTuple):
    """From `start` up to, not including, `end` (microseconds, see `keys`) local time is UTC plus `offset`."""

    start: int
    end: int
    offset: int


def stretches(zone: ZoneInfo, start: int, end: int) -> list[Stretch]:
    """The stretches that cover start to end (microseconds), cut to that range."""
    found: list[Stretch] = []
    for year in range(moment_of(start).year, moment_of(end).year + 1):
        for one in _of_year(zone, year):
            low, high = max(one.start, start), min(one.end, end)
            if low >= high:
                continue
            if found and found[-1].offset == one.offset:
                found[-1] = Stretch(found[-1].start, high, one.offset)
            else:
                found.append(Stretch(low, high, one.offset))
    return found


@lru_cache(maxsize=2048)
def _of_year(zone: ZoneInfo, year: int) -> tuple[Stretch, ...]:
    first, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found: list[Stretch] = []
    start = day = first
    while day < last:
        following = min(day + timedelta(days=1), last)
        if _offset(zone, day) != _offset(zone, following):
            change = _change_between(zone, day, following)
            found.append(_stretch(zone, start, change))
            start = change
        day = following
    return (*found, _stretch(zone, start, last)) if start < last else tuple(found)


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second after `low` at which the offset is that of `high`."""
    after = _offset(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (low, middle) if _offset(zone, middle) == after else (middle, high)
    return high


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _stretch(zone: ZoneInfo, start: datetime, end: datetime) -> Stretch:
    return Stretch(microseconds(start), microseconds(end), _offset(zone, start) // timedelta(microseconds=1))
