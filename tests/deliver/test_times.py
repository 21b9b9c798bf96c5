"""Due times: the same as a calendar gone through minute by minute, in zones whose clocks change at awkward times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from size import sized

from trailbook.deliver.times import WEEKDAYS, Timing, check, due_times, latest_due, next_due
from trailbook.deliver.wording import in_words
from trailbook.errors import BadInput

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia",
    "Asia/Kathmandu", "America/Havana", "Asia/Beirut", "America/Sao_Paulo", "America/Santiago", "Asia/Gaza",
    "Africa/Cairo", "America/Caracas", "Asia/Pyongyang", "Antarctica/Troll", "America/St_Johns",
]  # fmt: skip
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOW = datetime(2021, 12, 1, 9, tzinfo=UTC)


@cache
def changes_of(zone: str) -> list[datetime]:
    """The days, 2011 to 2035, in which clocks are set forward or back."""
    place, day, found = ZoneInfo(zone), datetime(2011, 1, 1, tzinfo=UTC), []
    while day.year < 2036:
        if day.astimezone(place).utcoffset() != (day + DAY).astimezone(place).utcoffset():
            found.append(day)
        day += DAY
    return found


def brute(meant: Callable[[datetime], bool], elapsed: bool, zone: str, start: datetime, end: datetime) -> list[str]:
    """The due times after `start` up to `end`: what clocks show, minute by minute.

    By the clock, a minute is due when clocks show it, or a later one, for the first time.
    """
    place, found = ZoneInfo(zone), []
    moment = start - 2 * DAY
    shown = moment.astimezone(place).replace(tzinfo=None)
    while moment < end:
        moment += MINUTE
        local = moment.astimezone(place).replace(tzinfo=None)
        if elapsed:
            due = meant(local)
        else:
            due = False
            while shown < local:
                shown += MINUTE
                due = meant(shown) or due
        if due and moment > start:
            found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


def last_day(local: datetime) -> bool:
    return (local + DAY).month != local.month


@st.composite
def timings(draw: st.DrawFn) -> tuple[Timing, Callable[[datetime], bool], bool]:
    """A timing, which local minutes it means, and whether it goes by elapsed time."""
    hour, minute = draw(st.integers(0, 23) | st.sampled_from((0, 1, 2, 3))), draw(st.integers(0, 59))
    at = f"{hour:02}:{minute:02}"

    def at_time(local: datetime) -> bool:
        return (local.hour, local.minute) == (hour, minute)

    match draw(st.sampled_from(("day", "week", "month", "last", "every", "hours", "fifth"))):
        case "day":
            return Timing("day", at), at_time, False
        case "week":
            days = draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))
            numbers = {WEEKDAYS.index(one) for one in days}
            return Timing("week", at, tuple(days)), lambda one: one.weekday() in numbers and at_time(one), False
        case "month":
            day = draw(st.integers(1, 28))
            return Timing("month", at, day=day), lambda one: one.day == day and at_time(one), False
        case "last":
            return Timing("month", at, day=0), lambda one: last_day(one) and at_time(one), False
        case "every":
            step = draw(st.sampled_from((5, 10, 15, 20, 30)))
            return Timing("cron", cron=f"*/{step} * * * *"), lambda one: one.minute % step == 0, True
        case "hours":
            hours = draw(st.sets(st.integers(0, 5), min_size=1))
            cron = f"{minute} {','.join(map(str, hours))} * * *"
            return Timing("cron", cron=cron), lambda one: one.hour in hours and one.minute == minute, False
    cron = f"{minute} * 5 * mon"  # day or weekday
    return Timing("cron", cron=cron), lambda one: (one.day == 5 or one.weekday() == 0) and one.minute == minute, True


def compare(made: tuple[Timing, Callable[[datetime], bool], bool], zone: str, start: datetime, days: int) -> None:
    timing, meant, elapsed = made
    check(timing, NOW, ZoneInfo(zone))
    end = start + days * DAY
    got = []
    for moment in due_times(timing, ZoneInfo(zone), start):
        if moment > end:
            break
        got.append(f"{moment:%Y-%m-%d %H:%M}")
    assert got == brute(meant, elapsed, zone, start, end)


@settings(max_examples=sized(30, 3_000), deadline=None)
@given(timings(), st.sampled_from(ZONES[1:]), st.data())
def test_where_clocks_change_it_is_due_as_in_a_calendar(made, zone: str, data: st.DataObject) -> None:
    days = changes_of(zone) or [datetime(2020, 3, 1, tzinfo=UTC)]
    start = data.draw(st.sampled_from(days)) - DAY + data.draw(st.integers(0, 60 * 36)) * MINUTE
    compare(made, zone, start, 3)


@settings(max_examples=sized(6, 500), deadline=None)
@given(timings(), st.sampled_from(ZONES), st.integers(0, 21 * 525_600))
def test_it_is_due_as_in_a_calendar(made, zone: str, minutes: int) -> None:
    compare(made, zone, datetime(2015, 1, 1, tzinfo=UTC) + minutes * MINUTE, 40)


@settings(max_examples=sized(50, 2_000), deadline=None)
@given(timings(), st.sampled_from(ZONES), st.integers(0, 21 * 525_600), st.integers(0, 100_000), st.integers(1, 9))
def test_the_next_time_does_not_depend_on_where_one_begins_to_look(
    made, zone: str, minutes: int, later: int, count: int
) -> None:
    """So that a worker that starts anew after any due time neither repeats nor leaves out a run."""
    timing, place = made[0], ZoneInfo(zone)
    start = datetime(2015, 1, 1, tzinfo=UTC) + minutes * MINUTE
    first, second, third = next_due(timing, place, start)
    assert next_due(timing, place, first, 2) == [second, third]
    now = first + later * MINUTE
    latest = latest_due(timing, place, first, now)
    assert first <= latest <= now < next_due(timing, place, latest, 1)[0]
    early = latest_due(timing, place, first, now, count)
    following = [early, *next_due(timing, place, early, count)]
    assert latest in following
    assert first == early if following.index(latest) < count - 1 else following[count - 1] == latest


@pytest.mark.parametrize(
    ("zone", "timing", "day", "times"),
    [
        # Set forward from 02:00 to 03:00 at 01:00 UTC.
        ("Europe/Berlin", Timing("day", "02:30"), (2021, 3, 28), ["01:00"]),
        ("Europe/Berlin", Timing("cron", cron="0,15,30 2 * * *"), (2021, 3, 28), ["01:00"]),
        ("Europe/Berlin", Timing("cron", cron="0 1-4 * * *"), (2021, 3, 28), ["00:00", "01:00", "02:00", "23:00"]),
        # Set back from 03:00 to 02:00 at 01:00 UTC.
        ("Europe/Berlin", Timing("day", "02:30"), (2021, 10, 31), ["00:30"]),
        ("Europe/Berlin", Timing("cron", cron="0 * * * *"), (2021, 10, 31), [f"{hour:02}:00" for hour in range(24)]),
        ("Europe/Berlin", Timing("cron", cron="0 * * * *"), (2021, 3, 28), [f"{hour:02}:00" for hour in range(24)]),
        # By half an hour.
        ("Australia/Lord_Howe", Timing("day", "02:10"), (2021, 10, 2), ["15:30"]),
        ("Australia/Lord_Howe", Timing("day", "01:45"), (2021, 4, 3), ["14:45"]),
        # December 30 was left out: the run of that day is at the moment of the change.
        ("Pacific/Apia", Timing("day", "08:00"), (2011, 12, 30), ["10:00", "18:00"]),
    ],
)  # fmt: skip
def test_a_change_of_clocks_neither_doubles_nor_drops_a_run(
    zone: str, timing: Timing, day: tuple[int, int, int], times: list[str]
) -> None:
    start = datetime(*day, tzinfo=UTC) - MINUTE
    found = next_due(timing, ZoneInfo(zone), start, 30)
    assert [f"{one:%H:%M}" for one in found if one <= start + DAY] == times


@pytest.mark.parametrize(
    ("timing", "place"),
    [
        (Timing("day", "24:00"), "timing.at"),
        (Timing("day", "8:00"), "timing.at"),
        (Timing("week"), "timing.days"),
        (Timing("month", day=29), "timing.day"),
        (Timing("month", day=-1), "timing.day"),
        (Timing("cron"), "timing.cron"),
        (Timing("cron", cron="* * * * *"), "timing.cron"),
        (Timing("cron", cron="*/4 * * * *"), "timing.cron"),
        (Timing("cron", cron="0,58 0,23 * * *"), "timing.cron"),
        (Timing("cron", cron="0 8 31 2 *"), "timing.cron"),
        (Timing("cron", cron="0 8 31 4,6,9,11 *"), "timing.cron"),
        (Timing("cron", cron="0 0 0 8 * *"), "timing.cron"),
        (Timing("cron", cron="@daily"), "timing.cron"),
        (Timing("cron", cron="61 8 * * *"), "timing.cron"),
        (Timing("cron", cron="0 8 * * mon#6"), "timing.cron"),
    ],
)
def test_what_is_never_due_or_too_often_or_no_time_is_refused(timing: Timing, place: str) -> None:
    with pytest.raises(BadInput) as error:
        check(timing, NOW, BERLIN)
    assert error.value.place == place
    assert error.value.remedy


def test_how_often_is_enough_is_given() -> None:
    every_minute = Timing("cron", cron="* * * * *")
    check(every_minute, NOW, BERLIN, least=MINUTE)
    with pytest.raises(BadInput, match="every 30 minutes"):
        check(Timing("cron", cron="*/20 * * * *"), NOW, BERLIN, least=30 * MINUTE)


def test_the_29th_of_february_comes() -> None:
    leap = Timing("cron", cron="0 8 29 2 *")
    check(leap, NOW, UTC_ZONE)
    assert [one.year for one in next_due(leap, UTC_ZONE, NOW)] == [2024, 2028, 2032]


@settings(max_examples=sized(200, 5_000), deadline=None)
@given(st.lists(st.text("0123456789*/,-#LWSUNMOl ²", max_size=6), min_size=4, max_size=6).map(" ".join))
def test_any_text_is_a_cron_expression_or_is_refused(cron: str) -> None:
    try:
        check(Timing("cron", cron=cron), NOW, BERLIN)
    except BadInput:
        return
    assert len(next_due(Timing("cron", cron=cron), BERLIN, NOW)) == 3
    assert in_words(Timing("cron", cron=cron), "en")
