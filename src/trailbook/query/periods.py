"""Dates, times and names of periods as moments: computed in the report's zone, half-open, in UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from ..errors import BadQuery
from .excerpt import quoted

FIRST_YEAR = 1715
LAST_YEAR = 2284
"""The years that a store can order events in."""

PeriodKey = Literal["since", "until", "during"]
_Unit = Literal["day", "week", "month", "quarter", "year"]

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4})-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_AGO = re.compile(r"-(\d{1,6})(mo|[mhdwy])", re.ASCII)
_AGO_EXACT = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
_AGO_UNITS: dict[str, _Unit] = {"d": "day", "w": "week", "mo": "month", "y": "year"}
NAMES: dict[str, tuple[_Unit, int]] = {
    "today": ("day", 0),
    "yesterday": ("day", -1),
    "this-week": ("week", 0),
    "last-week": ("week", -1),
    "this-month": ("month", 0),
    "last-month": ("month", -1),
    "this-quarter": ("quarter", 0),
    "last-quarter": ("quarter", -1),
    "this-year": ("year", 0),
    "last-year": ("year", -1),
}
"""Periods by name: their unit, and how many of them from the present one."""
_MONTHS: dict[_Unit, int] = {"month": 1, "quarter": 3, "year": 12}

# Late enough that any offset which some day can resolve resolves from here too.
_LATEST = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)


class _Span(NamedTuple):
    """From `start` to before `end`, in UTC; a moment has both alike."""

    start: datetime
    end: datetime


def resolve_period(
    key: PeriodKey, value: str, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """The moments, in UTC, at or after and before which the period lies; None means open. Raises BadQuery.

    `value` is a date, month or year; a date-time (ISO 8601; without an offset it is in `zone`); an offset back from
    `now`, which must be aware, such as `-7d`; a name such as `last-month` (weeks begin on Monday); and for `during`
    also two of these, `2021-11-01..2021-11-17`. `until` a date includes that day, `until` a date-time does not include
    that moment. A local time that a change of clocks skips means the moment of the change; one that occurs twice means
    the first.
    """
    if key == "since":
        return _span(value, now, zone).start, None
    if key == "until":
        return None, _span(value, now, zone).end
    first, dots, last = value.partition("..")
    if dots:
        start, end = _span(first, now, zone).start, _span(last, now, zone).end
        if end <= start:
            raise BadQuery(f"{quoted(value)} ends before it begins.", remedy="Write the earlier date first.")
        return start, end
    if _DATE_TIME.fullmatch(value):
        raise BadQuery(
            f"{quoted(value)} is a moment, not a period.",
            remedy=f"Write since:{value}, or two moments with '..' between.",
        )
    start, end = _span(value, now, zone)
    return start, now.astimezone(UTC) if _AGO.fullmatch(value) else end


def check_period(key: PeriodKey, value: str) -> None:
    """Raises BadQuery if `resolve_period` would, whatever the time and the zone."""
    resolve_period(key, value, _LATEST, ZoneInfo("UTC"))


def _span(value: str, now: datetime, zone: ZoneInfo) -> _Span:
    if value.lower() in NAMES:
        unit, steps = NAMES[value.lower()]
        first = _step(_beginning(unit, now.astimezone(zone).date()), unit, steps)
        return _days(first, _step(first, unit, 1), zone)
    if found := _AGO.fullmatch(value):
        moment = _ago(int(found[1]), found[2], now, zone)
        return _Span(moment, moment)
    try:
        if found := _DATE.fullmatch(value):
            _check_year(int(found[1]), value)
            unit = "day" if found[3] else "month" if found[2] else "year"
            first = date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
            return _days(first, _step(first, unit, 1), zone)
        if found := _DATE_TIME.fullmatch(value.upper()):
            _check_year(int(found[1]), value)
            moment = datetime.fromisoformat(value.upper())
            moment = moment.astimezone(UTC) if moment.tzinfo else first_shown(moment, zone)
            return _Span(moment, moment)
    except ValueError as error:
        raise BadQuery(
            f"There is no {quoted(value)} in the calendar.", remedy="Correct the date or the time."
        ) from error
    raise BadQuery(
        f"{quoted(value)} is not a date, a time or the name of a period.",
        remedy="Write a date such as 2021-11-17 or 2021-11, a time such as 2021-11-17T14:07, an offset such as -7d "
        f"(m, h, d, w, mo, y), or one of: {', '.join(NAMES)}.",
    )


def _ago(count: int, letters: str, now: datetime, zone: ZoneInfo) -> datetime:
    value = f"-{count}{letters}"
    try:
        if letters in _AGO_EXACT:
            moment = now.astimezone(UTC) - count * _AGO_EXACT[letters]
        else:
            # Whole days keep the time on the clock, so that -7d from noon is noon although the clocks changed between.
            local = now.astimezone(zone)
            day = _step(local.date(), _AGO_UNITS[letters], -count)
            moment = first_shown(datetime.combine(day, local.time()), zone)
    except (ValueError, OverflowError):
        _refuse_year(value)
    _check_year(moment.year, value)
    return moment


def _beginning(unit: _Unit, day: date) -> date:
    match unit:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, day.month - (day.month - 1) % 3, 1)
        case "year":
            return date(day.year, 1, 1)


def _step(day: date, unit: _Unit, count: int) -> date:
    """`day` that many units later; a day that the month does not have becomes its last."""
    if unit in _MONTHS:
        year, month = divmod(day.year * 12 + day.month - 1 + count * _MONTHS[unit], 12)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return day + timedelta(days=count * (7 if unit == "week" else 1))


def _days(first: date, after: date, zone: ZoneInfo) -> _Span:
    return _Span(
        first_shown(datetime.combine(first, time()), zone),
        first_shown(datetime.combine(after, time()), zone),
    )


def first_shown(local: datetime, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which clocks in `zone` show `local`, or a later time if they never show it."""
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(fold=0):
        return moment
    # The clocks skip it. Reckoned with the offset after the change (fold=1, PEP 495) it is a moment before the
    # change, and the other way round; the change, on a whole second, is between.
    before = int(local.replace(tzinfo=zone, fold=1).timestamp()) - 1
    change = int(moment.timestamp()) + 1
    while change - before > 1:
        middle = (before + change) // 2
        if datetime.fromtimestamp(middle, zone).replace(tzinfo=None, fold=0) < local:
            before = middle
        else:
            change = middle
    return datetime.fromtimestamp(change, UTC)


def _check_year(year: int, value: str) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        _refuse_year(value)


def _refuse_year(value: str) -> NoReturn:
    raise BadQuery(
        f"{quoted(value)} is outside the years {FIRST_YEAR} to {LAST_YEAR}.",
        remedy="Events are recorded within these years only; leave the edge out if you mean all of them.",
    )
