"""When something is due in words, in English or German, and the next times as their zone's clocks show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import get_day_names
from babel.lists import format_list
from cronsim import CronSim
from msgspec import Struct

from ..report.clock import Clock, locale_named
from .times import WEEKDAYS, Timing, cron_of


class _Words(Struct, frozen=True):
    """Sentences of one language; `{at}` is a time of day, `{days}` days of the week, `{day}` a day of the month."""

    day: str
    week: str
    weekdays: str
    month: str
    last: str


_WORDS = {
    "en": _Words(
        "Every day at {at}",
        "Every {days} at {at}",
        "Monday to Friday at {at}",
        "On day {day} of every month at {at}",
        "On the last day of every month at {at}",
    ),
    "de": _Words(
        "Jeden Tag um {at}",
        "Jeden {days} um {at}",
        "Montag bis Freitag um {at}",
        "Am {day}. jedes Monats um {at}",
        "Am letzten Tag jedes Monats um {at}",
    ),
}
_CRON = {"en": "{words}", "de": "Nach dem Cron-Ausdruck {cron}"}
"""English has a sentence for every expression; another language names it."""


def in_words(timing: Timing, locale: str) -> str:
    """When it is due, such as `Every Monday at 08:00`; in English for a locale of another language than these."""
    language = locale_named(locale).language
    language = language if language in _WORDS else "en"
    words = _WORDS[language]
    if timing.every == "cron":
        # The moment plays no part in the sentence.
        sentence = CronSim(cron_of(timing), datetime(2000, 1, 1)).explain()
        return _CRON[language].format(words=sentence, cron=timing.cron)
    chosen = [one for one in WEEKDAYS if one in timing.days]
    sentence = {"day": words.day, "week": words.week, "month": words.month if timing.day else words.last}[timing.every]
    if timing.every == "week" and chosen == list(WEEKDAYS[:5]):
        sentence = words.weekdays
    names = get_day_names("wide", locale=language)
    days = format_list([names[WEEKDAYS.index(one)] for one in chosen], locale=language) if chosen else ""
    return sentence.format(at=timing.at, days=days, day=timing.day)


def shown_times(moments: Iterable[datetime], zone: ZoneInfo, locale: str) -> list[str]:
    """Moments as clocks in the zone show them: day of the week, date, time and offset from UTC."""
    clock = Clock(zone, locale_named(locale), pattern="full", offset=True)
    return [clock.show(moment)[0] for moment in moments]
