"""When something is due, again and again: daily, weekly, monthly or by a cron expression, in a time zone."""

from __future__ import annotations

import heapq
import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from msgspec import Meta, Struct

from ..errors import BadInput
from ..query.periods import first_shown

Every = Literal["day", "week", "month", "cron"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST_DAY = 0
"""The day of a monthly timing that means the last one of the month."""
LEAST = timedelta(minutes=5)
"""How far apart two due times are at least, unless the settings say otherwise."""

_AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_LONGEST_CRON = 100
_YEARS_AHEAD = timedelta(days=10 * 366)
_LONGEST_SHIFT = timedelta(days=1)
"""No change of clocks is longer."""
_DAY = timedelta(days=1)


class Timing(Struct, frozen=True, omit_defaults=True):
    """When: `every` day, week or month `at` a time (HH:MM) by the clock, or by a `cron` expression of five fields.

    `days`: of the week. `day`: of the month, 1 to 28, or 0 for the last one, since not every month has a 29th.
    Made of anything; `check` refuses what does not fit.
    """

    every: Every
    at: str = "08:00"
    days: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = ()
    day: int = 1
    cron: str = ""


def check(timing: Timing, now: datetime, zone: ZoneInfo, least: timedelta = LEAST) -> None:
    """Raises BadInput for what is never due (within ten years of `now`), too often, or says no time at all."""
    match timing.every:
        case "cron":
            _check_cron(timing.cron, least)
            if next(due_times(timing, zone, now), now + _YEARS_AHEAD) >= now + _YEARS_AHEAD:
                raise BadInput("This is not due within ten years.", place="timing.cron", remedy="Correct the days.")
            return
        case "week" if not timing.days:
            raise BadInput("It is not said on which days.", place="timing.days", remedy="Give some, such as mon.")
        case "month" if not LAST_DAY <= timing.day <= 28:
            raise BadInput(
                "Not every month has this day.", place="timing.day", remedy="Give 1 to 28, or 0 for the last day."
            )
    if not _AT.fullmatch(timing.at):
        raise BadInput("This is not a time of day.", place="timing.at", remedy="Write it as 08:00.")


def due_times(timing: Timing, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """When it is due, in UTC and ascending, after a moment (aware); `timing` has been checked.

    What is due by the clock is due when clocks in the zone first show that time. If they skip it because they are set
    forward, it is due at the moment of the change, once, however many times were skipped. A cron expression that
    means every hour goes by elapsed time instead: it is due whenever clocks show one of its minutes, also in an
    hour that occurs twice, and not in one that is skipped.
    """
    cron = cron_of(timing)
    # Some clocks show an earlier time after a change: begin before any.
    start = after.astimezone(zone).replace(tzinfo=None) - _LONGEST_SHIFT
    local = CronSim(cron, start)
    moments = _by_elapsed_time(local, zone) if len(local.hours) == 24 else _by_the_clock(local, zone)
    last = after.astimezone(UTC)
    for moment in moments:
        if moment > last:
            yield moment
            last = moment


def next_due(timing: Timing, zone: ZoneInfo, after: datetime, count: int = 3) -> list[datetime]:
    """The next `count` due times, in UTC, after a moment."""
    return list(islice(due_times(timing, zone, after), count))


def latest_due(timing: Timing, zone: ZoneInfo, due: datetime, now: datetime, count: int = 1) -> datetime:
    """The first of the last `count` due times up to `now`, of those from `due` on, which is one."""
    back = timedelta(hours=1)
    while now - back > due:
        found = deque(_up_to(due_times(timing, zone, now - back), now), maxlen=count)
        if len(found) == count:
            return found[0]
        back *= 2
    return deque([due, *_up_to(due_times(timing, zone, due), now)], maxlen=count)[0]


def cron_of(timing: Timing) -> str:
    """The cron expression that means the same by the clock."""
    if timing.every == "cron":
        return timing.cron
    hour, _, minute = timing.at.partition(":")
    days, weekdays = "*", "*"
    if timing.every == "week":
        weekdays = ",".join(timing.days)
    elif timing.every == "month":
        days = str(timing.day or "L")
    return f"{int(minute)} {int(hour)} {days} * {weekdays}"


def _up_to(moments: Iterator[datetime], now: datetime) -> Iterator[datetime]:
    for moment in moments:
        if moment > now:
            return
        yield moment


def _by_the_clock(local: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    for shown in local:
        yield first_shown(shown, zone)


def _by_elapsed_time(local: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """Each moment at which clocks show one of these times, in order: a later time of the clock may come earlier."""
    waiting: list[datetime] = []
    for shown in local:
        first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
        while waiting and waiting[0] <= first:
            yield heapq.heappop(waiting)
        for moment in {first, shown.replace(tzinfo=zone, fold=1).astimezone(UTC)}:
            if moment.astimezone(zone).replace(tzinfo=None, fold=0) == shown:
                heapq.heappush(waiting, moment)
    yield from sorted(waiting)


def _check_cron(cron: str, least: timedelta) -> None:
    if len(cron) > _LONGEST_CRON or len(cron.split()) != 5:
        raise BadInput(
            "A cron expression has five fields: minute, hour, day, month and day of the week.",
            place="timing.cron",
            remedy="Write it as in 0 8 * * mon.",
        )
    try:
        parts = CronSim(cron, datetime(2000, 1, 1))
    except (CronSimError, ValueError) as error:
        raise BadInput(f"This is not a cron expression: {error}.", place="timing.cron", remedy="Correct it.") from error
    times = sorted(timedelta(hours=hour, minutes=minute) for hour in parts.hours for minute in parts.minutes)
    if min(later - earlier for earlier, later in zip(times, [*times[1:], times[0] + _DAY], strict=True)) < least:
        raise BadInput(
            f"This is due more often than every {least // timedelta(minutes=1)} minutes.",
            place="timing.cron",
            remedy="Give times that are further apart.",
        )
