"""The months that events are kept by: each a partition of its own, found from the time alone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from ..keys import microseconds, moment_of

FIRST_YEAR, LAST_YEAR = 1970, 2100
"""Before and after these, all events are in one partition each: hardly any event is, whatever its producer says."""
_LOWEST, _HIGHEST = -(2**62), 2**62
_DAY = 86_400_000_000


class Month(NamedTuple):
    """The time from `since` up to, not including, `until` (microseconds, see `keys`), and its partition's name."""

    since: int
    until: int
    name: str


_START = microseconds(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))
_END = microseconds(datetime(LAST_YEAR, 1, 1, tzinfo=UTC))


def month_of(micros: int) -> Month:
    """The month that a time is in."""
    if micros < _START:
        return Month(_LOWEST, _START, "event_before")
    if micros >= _END:
        return Month(_END, _HIGHEST, "event_after")
    return _month_of_day(micros // _DAY)


@lru_cache(maxsize=4096)
def _month_of_day(day: int) -> Month:
    moment = moment_of(day * _DAY)
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    following = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    return Month(microseconds(first), microseconds(following), f"event_{moment:%Y_%m}")


def months_from(moment: datetime, count: int) -> list[Month]:
    """So many months, the first of which the moment is in."""
    found = [month_of(microseconds(moment))]
    while len(found) < count:
        found.append(month_of(found[-1].until))
    return found
