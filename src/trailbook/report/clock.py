"""Dates and times as a report shows them: in its zone, locale and pattern, formatted once and kept."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale, UnknownLocaleError, localedata
from babel.dates import format_date, format_skeleton, format_time, get_datetime_format

from ..errors import BadDefinition

ISO = "iso"
Style = Literal["short", "medium", "long", "full"]
STYLES: tuple[Style, ...] = ("short", "medium", "long", "full")
_DATE_PATTERN = re.compile(r"(?:'[^']*'|[GyYuUQqMLwWdDFEec]|[^A-Za-z'])+")
_DAYS_KEPT = 10_000


Shown = tuple[str, str, str]
"""A moment as it is shown: date and time, the date alone, the time alone."""


class _Day(NamedTuple):
    """A day as it is shown, what it puts before and after a time, and whether the clocks are set forward or back in it.

    All of it is worked out once a day, as columns of time are among the costly ones of an export.
    """

    text: str
    before: str
    after: str
    changes: bool


def zone_named(name: str) -> ZoneInfo:
    """The IANA time zone of this name. Raises BadDefinition, with names that are near."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadDefinition(
            f"There is no time zone '{name}'.",
            place="zone",
            remedy=suggestion(name, available_timezones()) or "Write it as in Europe/Berlin or UTC.",
        ) from error


@lru_cache(maxsize=256)
def locale_named(name: str) -> Locale:
    """The CLDR locale of this name, such as `de` or `en-US`. Raises BadDefinition, with names that are near."""
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise BadDefinition(
            f"There is no locale '{name}'.",
            place="locale",
            remedy=suggestion(name.replace("-", "_"), localedata.locale_identifiers()) or "Write it as in en or pt-BR.",
        ) from error


def check_pattern(pattern: str) -> None:
    """Raise BadDefinition unless `pattern` is empty, `iso`, a CLDR style or a CLDR pattern of date fields only."""
    if pattern and pattern != ISO and pattern not in STYLES and not _DATE_PATTERN.fullmatch(pattern):
        raise BadDefinition(
            f"'{pattern}' is not a date pattern.",
            place="date_pattern",
            remedy=f"Write {ISO}, {', '.join(STYLES)}, or fields of a date as in dd.MM.yyyy (other letters in quotes).",
        )


def suggestion(wrong: str, names: Iterable[str]) -> str:
    """`Did you mean …?` with the nearest of the `names`, or nothing if none is near."""
    by_folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wrong.casefold(), by_folded, n=1)
    return f"Did you mean {by_folded[near[0]]}?" if near else ""


class Clock:
    """Shows moments in one zone, locale and pattern (see `check_pattern`).

    Formatting with CLDR data takes tens of microseconds, so each day and each time of day is formatted once. With
    `iso` the three forms are those of RFC 3339, seconds and offset included. In an hour that occurs twice because
    the clocks are set back, the offset is always shown.
    """

    def __init__(
        self, zone: ZoneInfo, locale: Locale, *, pattern: str = "", seconds: bool = False, offset: bool = False
    ) -> None:
        self.zone = zone
        self._locale = locale
        self._pattern = pattern or "medium"
        self._iso = pattern == ISO
        self._seconds = seconds
        self._offset = offset
        style: Style = next((one for one in STYLES if one == pattern), "medium")
        self._joined = str(get_datetime_format(style, locale=locale)).replace("'", "").partition("{0}")
        self._days: dict[int, _Day] = {}
        self._times: dict[int, str] = {}
        # The last moment is remembered: the columns of one row ask in turn.
        self._local: tuple[datetime | None, datetime] = None, datetime.min
        self._shown: tuple[datetime | None, Shown] = None, ("", "", "")

    def local(self, moment: datetime) -> datetime:
        """The moment in the zone."""
        asked, local = self._local
        if moment is not asked:
            local = moment.astimezone(self.zone)
            self._local = moment, local
        return local

    def show(self, moment: datetime) -> Shown:
        """The moment in its three forms."""
        asked, shown = self._shown
        if moment is not asked:
            shown = self._show(self.local(moment))
            self._shown = moment, shown
        return shown

    def day(self, day: date) -> str:
        """A date, such as `Nov 17, 2021`."""
        return self._day(day).text

    def week(self, monday: date) -> str:
        """A week: its first day, or `2021-W46` as in ISO 8601."""
        return "{}-W{:02}".format(*monday.isocalendar()[:2]) if self._iso else self.day(monday)

    def month(self, first: date) -> str:
        """A month, such as `November 2021`."""
        if self._iso:
            return f"{first:%Y-%m}"
        return str(format_skeleton("yMMMM", datetime.combine(first, time()), locale=self._locale))

    def _day(self, day: date) -> _Day:
        number = day.toordinal()
        found = self._days.get(number)
        if found is None:
            if len(self._days) >= _DAYS_KEPT:
                self._days.clear()
            text = day.isoformat()[:10] if self._iso else self._format_day(day)
            before, _, after = (part.replace("{1}", text) for part in self._joined)
            found = self._days[number] = _Day(text, before, after, self._clocks_change(day))
        return found

    def _format_day(self, day: date) -> str:
        try:
            return str(format_date(day, self._pattern, locale=self._locale))
        except (KeyError, ValueError, AttributeError) as error:
            raise BadDefinition(
                f"'{self._pattern}' is not a date pattern.", place="date_pattern", remedy=str(error)
            ) from error

    def _clocks_change(self, day: date) -> bool:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return midnight.utcoffset() != (midnight + timedelta(days=1)).replace(fold=1).utcoffset()

    def _show(self, local: datetime) -> Shown:
        if self._iso:
            stamp = local.isoformat(timespec="seconds")
            return stamp, stamp[:10], stamp[11:]
        day = self._day(local)
        clock = self._time(local)
        if self._offset or (day.changes and local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()):
            clock = f"{clock} {offset_text(local.utcoffset())}"
        return f"{day.before}{clock}{day.after}", day.text, clock

    def _time(self, local: datetime) -> str:
        number = (local.hour * 60 + local.minute) * 60 + (local.second if self._seconds else 0)
        text = self._times.get(number)
        if text is None:
            style = "medium" if self._seconds else "short"
            text = str(format_time(local.time(), style, locale=self._locale))
            if self._locale.language == "en":
                # CLDR 42 put a narrow no-break space before AM and PM, which many tools show as garbage.
                text = text.replace("\u202f", " ")
            self._times[number] = text
        return text


def offset_text(offset: timedelta | None) -> str:
    """An offset from UTC as `+01:00`, as in RFC 3339."""
    minutes = round((offset or timedelta()).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
