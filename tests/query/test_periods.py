"""Periods: which moments each way of writing means, in zones whose clocks change at awkward times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.errors import BadQuery
from trailbook.query.periods import check_period, resolve_period

NOW = datetime(2021, 11, 17, 14, 7, 30, tzinfo=UTC)  # a Wednesday
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut",
    "America/Havana", "Pacific/Apia", "America/Toronto", "Africa/Monrovia",
]  # fmt: skip


def during(value: str, zone: ZoneInfo = UTC_ZONE, now: datetime = NOW) -> tuple[str, str]:
    since, until = resolve_period("during", value, now, zone)
    assert since is not None
    assert until is not None
    assert since.tzinfo is until.tzinfo is UTC
    return _short(since), _short(until)


def edge(key: str, value: str, zone: ZoneInfo = UTC_ZONE, now: datetime = NOW) -> str:
    since, until = resolve_period(key, value, now, zone)  # type: ignore[arg-type]
    assert (since is None) == (key == "until")
    assert (until is None) == (key == "since")
    return _short(since or until)


def _short(moment: datetime | None) -> str:
    assert moment is not None
    assert moment.tzinfo is UTC
    return moment.replace(tzinfo=None).isoformat(sep=" ").removesuffix(":00")


@pytest.mark.parametrize(
    ("value", "since", "until"),
    [
        ("2021-11-17", "2021-11-17 00:00", "2021-11-18 00:00"),
        ("2021-11", "2021-11-01 00:00", "2021-12-01 00:00"),
        ("2021-12", "2021-12-01 00:00", "2022-01-01 00:00"),
        ("2021", "2021-01-01 00:00", "2022-01-01 00:00"),
        ("2021-12-31", "2021-12-31 00:00", "2022-01-01 00:00"),
        ("2284", "2284-01-01 00:00", "2285-01-01 00:00"),
        ("1715", "1715-01-01 00:00", "1716-01-01 00:00"),
        ("today", "2021-11-17 00:00", "2021-11-18 00:00"),
        ("Yesterday", "2021-11-16 00:00", "2021-11-17 00:00"),
        ("this-week", "2021-11-15 00:00", "2021-11-22 00:00"),
        ("last-week", "2021-11-08 00:00", "2021-11-15 00:00"),
        ("this-month", "2021-11-01 00:00", "2021-12-01 00:00"),
        ("last-month", "2021-10-01 00:00", "2021-11-01 00:00"),
        ("this-quarter", "2021-10-01 00:00", "2022-01-01 00:00"),
        ("last-quarter", "2021-07-01 00:00", "2021-10-01 00:00"),
        ("this-year", "2021-01-01 00:00", "2022-01-01 00:00"),
        ("last-year", "2020-01-01 00:00", "2021-01-01 00:00"),
        ("-30m", "2021-11-17 13:37:30", "2021-11-17 14:07:30"),
        ("-24h", "2021-11-16 14:07:30", "2021-11-17 14:07:30"),
        ("-7d", "2021-11-10 14:07:30", "2021-11-17 14:07:30"),
        ("-2w", "2021-11-03 14:07:30", "2021-11-17 14:07:30"),
        ("-3mo", "2021-08-17 14:07:30", "2021-11-17 14:07:30"),
        ("-1y", "2020-11-17 14:07:30", "2021-11-17 14:07:30"),
        ("2021-11-01..2021-11-17", "2021-11-01 00:00", "2021-11-18 00:00"),
        ("2021-11-17..2021-11-17", "2021-11-17 00:00", "2021-11-18 00:00"),
        ("2021-10..yesterday", "2021-10-01 00:00", "2021-11-17 00:00"),
        ("2021-11-17T10:00..2021-11-17T12:00", "2021-11-17 10:00", "2021-11-17 12:00"),
        ("-7d..-1d", "2021-11-10 14:07:30", "2021-11-16 14:07:30"),
    ],
)
def test_during_is_from_the_beginning_to_before_the_end(value: str, since: str, until: str) -> None:
    assert during(value) == (since, until)


@pytest.mark.parametrize(
    ("value", "since", "until"),
    [
        ("2021-11-17", "2021-11-17 00:00", "2021-11-18 00:00"),
        ("2021-11", "2021-11-01 00:00", "2021-12-01 00:00"),
        ("last-month", "2021-10-01 00:00", "2021-11-01 00:00"),
        ("2021-11-17T14:07", "2021-11-17 14:07", "2021-11-17 14:07"),
        ("2021-11-17 14:07:05", "2021-11-17 14:07:05", "2021-11-17 14:07:05"),
        ("2021-11-17T14:07:05.25", "2021-11-17 14:07:05.250000", "2021-11-17 14:07:05.250000"),
        ("2021-11-17t14:07z", "2021-11-17 14:07", "2021-11-17 14:07"),
        ("2021-11-17T14:07+05:30", "2021-11-17 08:37", "2021-11-17 08:37"),
        ("-7d", "2021-11-10 14:07:30", "2021-11-10 14:07:30"),
    ],
)
def test_until_a_date_includes_it_and_until_a_time_does_not(value: str, since: str, until: str) -> None:
    assert edge("since", value) == since
    assert edge("until", value) == until


def test_edges_are_those_of_the_zone() -> None:
    assert during("2021-11-17", NEW_YORK) == ("2021-11-17 05:00", "2021-11-18 05:00")
    assert edge("since", "2021-11-17T14:07", NEW_YORK) == "2021-11-17 19:07"
    assert edge("since", "2021-11-17T14:07Z", NEW_YORK) == "2021-11-17 14:07"


def test_today_is_the_day_of_the_zone() -> None:
    late = datetime(2021, 11, 17, 23, 30, tzinfo=UTC)
    assert during("today", BERLIN, late) == ("2021-11-17 23:00", "2021-11-18 23:00")
    assert during("today", NEW_YORK, late) == ("2021-11-17 05:00", "2021-11-18 05:00")


def test_now_may_be_given_in_any_zone() -> None:
    assert during("-24h", BERLIN, NOW.astimezone(NEW_YORK)) == ("2021-11-16 14:07:30", "2021-11-17 14:07:30")


def test_months_back_from_a_day_that_is_not_there_end_at_the_last_one() -> None:
    assert edge("since", "-3mo", now=datetime(2021, 5, 31, 12, tzinfo=UTC)) == "2021-02-28 12:00"
    assert edge("since", "-1y", now=datetime(2020, 2, 29, 12, tzinfo=UTC)) == "2019-02-28 12:00"


def test_days_back_keep_the_time_on_the_clock_and_hours_do_not() -> None:
    noon_after_the_change = datetime(2021, 11, 1, 11, tzinfo=UTC)
    assert edge("since", "-1d", BERLIN, noon_after_the_change) == "2021-10-31 11:00"
    assert edge("since", "-2d", BERLIN, noon_after_the_change) == "2021-10-30 10:00"
    assert edge("since", "-48h", BERLIN, noon_after_the_change) == "2021-10-30 11:00"


@pytest.mark.parametrize(
    ("zone", "day", "since", "until"),
    [
        # The day that loses, or gains, an hour; Lord Howe's clocks change by half an hour.
        ("Europe/Berlin", "2021-03-28", "2021-03-27 23:00", "2021-03-28 22:00"),
        ("Europe/Berlin", "2021-10-31", "2021-10-30 22:00", "2021-10-31 23:00"),
        ("America/New_York", "2021-03-14", "2021-03-14 05:00", "2021-03-15 04:00"),
        ("America/New_York", "2021-11-07", "2021-11-07 04:00", "2021-11-08 05:00"),
        ("Australia/Lord_Howe", "2021-10-03", "2021-10-02 13:30", "2021-10-03 13:00"),
        ("Australia/Lord_Howe", "2021-04-04", "2021-04-03 13:00", "2021-04-04 13:30"),
        # Days that begin at one o'clock, since midnight is skipped.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00", "2018-11-05 02:00"),
        ("Asia/Beirut", "2021-03-28", "2021-03-27 22:00", "2021-03-28 21:00"),
        # A day that begins at half past midnight: clocks went from 23:30 to 00:30.
        ("America/Toronto", "1919-03-31", "1919-03-31 04:30", "1919-04-01 04:00"),
        # Midnight occurs twice in Havana; the day begins at the first.
        ("America/Havana", "2021-11-07", "2021-11-07 04:00", "2021-11-08 05:00"),
        # The last hour of the day before occurs twice in Sao Paulo; it belongs to that day.
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17 02:00", "2018-02-18 03:00"),
        # Samoa had no 30 December 2011.
        ("Pacific/Apia", "2011-12-29", "2011-12-29 10:00", "2011-12-30 10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30 10:00", "2011-12-30 10:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00", "2011-12-31 10:00"),
    ],
)
def test_a_day_on_which_clocks_change_has_its_own_edges(zone: str, day: str, since: str, until: str) -> None:
    assert during(day, ZoneInfo(zone)) == (since, until)


@pytest.mark.parametrize(
    ("zone", "value", "moment"),
    [
        ("Europe/Berlin", "2021-03-28T02:30", "2021-03-28 01:00"),
        ("Europe/Berlin", "2021-03-28T02:00", "2021-03-28 01:00"),
        ("Europe/Berlin", "2021-03-28T03:00", "2021-03-28 01:00"),
        ("Europe/Berlin", "2021-03-28T02:59:59.999999", "2021-03-28 01:00"),
        ("America/New_York", "2021-03-14T02:30", "2021-03-14 07:00"),
        ("Australia/Lord_Howe", "2021-10-03T02:15", "2021-10-02 15:30"),
        ("Europe/Berlin", "2021-10-31T02:30", "2021-10-31 00:30"),
        ("Europe/Berlin", "2021-10-31T02:30+01:00", "2021-10-31 01:30"),
        ("America/New_York", "2021-11-07T01:30", "2021-11-07 05:30"),
        ("Australia/Lord_Howe", "2021-04-04T01:45", "2021-04-03 14:45"),
    ],
)
def test_a_skipped_time_moves_forward_and_a_doubled_one_is_the_first(zone: str, value: str, moment: str) -> None:
    assert edge("since", value, ZoneInfo(zone)) == moment
    assert edge("until", value, ZoneInfo(zone)) == moment


@given(st.sampled_from(ZONES), st.dates(date(1850, 1, 1), date(2100, 1, 1)))
def test_days_meet_without_gap_or_overlap_and_hold_the_moments_of_their_date(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    since, until = resolve_period("during", day.isoformat(), NOW, zone)
    assert resolve_period("since", (day + timedelta(days=1)).isoformat(), NOW, zone) == (until, None)
    assert since is not None
    assert until is not None
    tick = timedelta(microseconds=1)
    if since < until:
        assert since.astimezone(zone).date() == (until - tick).astimezone(zone).date() == day
    assert (since - tick).astimezone(zone).date() < day


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("since", "2021-02-30", "There is no '2021-02-30' in the calendar."),
        ("since", "2021-13", "There is no '2021-13' in the calendar."),
        ("since", "2021-11-17T24:00", "There is no '2021-11-17T24:00' in the calendar."),
        ("since", "2021-11-17T10:00+25:00", "There is no '2021-11-17T10:00+25:00' in the calendar."),
        ("since", "17.11.2021", "'17.11.2021' is not a date"),
        ("since", "2021-W46", "'2021-W46' is not a date"),
        ("since", "２０２１", "'２０２１' is not a date"),
        ("since", "7d", "'7d' is not a date"),
        ("since", "", "'' is not a date"),
        ("since", "2021-11-01..2021-11-17", "'2021-11-01..2021-11-17' is not a date"),
        ("until", "next-week", "'next-week' is not a date"),
        ("during", "2021-11-01..", "'' is not a date"),
        ("during", "2021-11-17..2021-11-16", "'2021-11-17..2021-11-16' ends before it begins."),
        ("during", "2021-11-17T14:07", "'2021-11-17T14:07' is a moment, not a period."),
        ("since", "1714-12-31", "'1714-12-31' is outside the years 1715 to 2284."),
        ("until", "2285", "'2285' is outside the years 1715 to 2284."),
        ("until", "0000-01-01", "'0000-01-01' is outside the years 1715 to 2284."),
        ("until", "9999-12-31T23:59Z", "'9999-12-31T23:59Z' is outside the years 1715 to 2284."),
        ("since", "-400y", "'-400y' is outside the years 1715 to 2284."),
        ("since", "-999999y", "'-999999y' is outside the years 1715 to 2284."),
        ("since", "-999999d", "'-999999d' is outside the years 1715 to 2284."),
        ("since", "-999999w", "'-999999w' is outside the years 1715 to 2284."),
    ],
)
def test_what_is_no_period_is_refused(key: str, value: str, problem: str) -> None:
    with pytest.raises(BadQuery) as refused:
        resolve_period(key, value, NOW, BERLIN)  # type: ignore[arg-type]
    assert refused.value.problem.startswith(problem)
    assert refused.value.remedy


def test_a_check_without_the_time_refuses_only_what_is_always_wrong() -> None:
    check_period("since", "-300y")
    check_period("during", "last-year..today")
    with pytest.raises(BadQuery, match="calendar"):
        check_period("since", "2021-02-30")
