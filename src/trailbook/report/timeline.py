"""A report over time: how many events in each hour, day, week or month, those without any included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..store.dimensions import Unit, bucket
from .asked import Asked

MOST_BARS = 62
"""More are too thin to be seen and to be hit; months alone may be more, up to `MOST_MONTHS`."""
MOST_MONTHS = 600
_HOUR = timedelta(hours=1)


class Bar(NamedTuple):
    """A stretch of time and its number of events; `since` and `until` as a query or period takes them."""

    start: datetime | date
    since: str
    until: str
    events: int


class Timeline(NamedTuple):
    """Stretches of one length, without gaps, in order of time."""

    unit: Unit
    bars: tuple[Bar, ...]


def timeline(asked: Asked) -> Timeline:
    """What is asked for over time, in its zone; no bars if there is nothing. Raises NotAllowed if times are hidden."""
    asked.hidden.check_times("A count over time")
    ends = [
        asked.reader.page(asked.viewer, asked.condition, order=order, limit=1, heads=asked.heads).rows
        for order in ("oldest", "newest")
    ]
    if not ends[0]:
        return Timeline("day", ())
    zone = asked.setting.clock.zone
    oldest, newest = (one[0].event.occurred_at.astimezone(zone) for one in ends)
    first, last = _span(asked, oldest, newest)
    unit = _unit(first, last)
    if unit == "month":
        first, last = oldest, newest
    counts = asked.reader.summary(asked.viewer, asked.condition, by=[bucket(unit, zone)], heads=asked.heads)
    starts = list(_hours(first, last, zone) if unit == "hour" else _days(unit, first.date(), last.date()))
    return Timeline(unit, tuple(_bar(unit, start, counts.get((start,), 0)) for start in starts))


def _span(asked: Asked, oldest: datetime, newest: datetime) -> tuple[datetime, datetime]:
    """The first and the last moment of the period or, where it is open or in the future, of its events."""
    about = asked.about()
    if about.until is None:
        return about.since or oldest, newest
    # A period ends before its last moment.
    last = min(about.until - timedelta(microseconds=1), max(asked.setting.clock.local(asked.now), newest))
    return about.since or oldest, last


def _unit(first: datetime, last: datetime) -> Unit:
    days = (last.date() - first.date()).days + 1
    if days <= 2:
        return "hour"
    if days <= MOST_BARS:
        return "day"
    return "week" if days <= MOST_BARS * 7 else "month"


def _hours(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """As `bucket` tells hours: each with the offset that it has."""
    moment, end = first.astimezone(UTC), last.astimezone(UTC)
    before = None
    while True:
        local = moment.astimezone(zone)
        start = local.replace(
            minute=0, second=0, microsecond=0, fold=0, tzinfo=timezone(local.utcoffset() or timedelta())
        )
        if start.astimezone(UTC) > end:
            return
        if start != before:
            yield start
        before, moment = start, start.astimezone(UTC) + _HOUR


def _days(unit: Unit, first: date, last: date) -> Iterator[date]:
    """The days, Mondays or firsts of a month from the one that `first` is in."""
    day = (
        first - timedelta(days=first.weekday())
        if unit == "week"
        else first.replace(day=1)
        if unit == "month"
        else first
    )
    shown = 0
    while day <= last and shown < MOST_MONTHS:
        yield day
        day, shown = _after(unit, day), shown + 1


def _after(unit: Unit, day: date) -> date:
    if unit == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if unit == "week" else 1)


def edges(unit: Unit, start: datetime | date) -> tuple[str, str]:
    """The stretch of time that begins there, as `since` and `until` take it."""
    if isinstance(start, datetime):
        return _moment(start), _moment(start + _HOUR)
    return start.isoformat(), (_after(unit, start) - timedelta(days=1)).isoformat()


def _bar(unit: Unit, start: datetime | date, events: int) -> Bar:
    return Bar(start, *edges(unit, start), events)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
