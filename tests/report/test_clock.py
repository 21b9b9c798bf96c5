"""Dates and times: the design's examples, other locales and patterns, and the hour that occurs twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from trails import cells, event

from trailbook.errors import BadDefinition
from trailbook.report.clock import Clock
from trailbook.report.definition import Definition

EXAMPLE = event(at=datetime(2021, 11, 17, 14, 7, 9, tzinfo=UTC))
MOMENT = ("date_time", "date", "time")


def test_english_is_as_in_the_design() -> None:
    assert cells(EXAMPLE, *MOMENT) == ("Nov 17, 2021, 2:07 PM", "Nov 17, 2021", "2:07 PM")


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("de", ("17.11.2021, 14:07", "17.11.2021", "14:07")),
        ("ar", ("17\u200f/11\u200f/2021، 2:07 م", "17\u200f/11\u200f/2021", "2:07 م")),
        ("en-GB", ("17 Nov 2021, 14:07", "17 Nov 2021", "14:07")),
        ("ja", ("2021/11/17 14:07", "2021/11/17", "14:07")),
    ],
)
def test_other_locales_have_their_own_ways(locale: str, shown: tuple[str, ...]) -> None:
    assert cells(EXAMPLE, *MOMENT, locale=locale) == shown


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("iso", ("2021-11-17T15:07:09+01:00", "2021-11-17", "15:07:09+01:00")),
        ("full", ("Wednesday, November 17, 2021, 3:07 PM", "Wednesday, November 17, 2021", "3:07 PM")),
        ("dd.MM.yy", ("17.11.21, 3:07 PM", "17.11.21", "3:07 PM")),
        ("d 'of' MMMM", ("17 of November, 3:07 PM", "17 of November", "3:07 PM")),
    ],
)
def test_a_date_pattern_is_followed(pattern: str, shown: tuple[str, ...]) -> None:
    assert cells(EXAMPLE, *MOMENT, date_pattern=pattern, zone="Europe/Berlin") == shown


@pytest.mark.parametrize("pattern", ["HH:mm", "yyyy 'open", "banana", "yyyyyyyyyyy-Q'"])
def test_what_is_not_a_date_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadDefinition) as caught:
        Definition(date_pattern=pattern)
    assert caught.value.place == "date_pattern"


def test_seconds_and_offset_are_shown_on_request() -> None:
    assert cells(EXAMPLE, *MOMENT, seconds=True, offset=True, zone="Asia/Kolkata") == (
        "Nov 17, 2021, 7:37:09 PM +05:30",
        "Nov 17, 2021",
        "7:37:09 PM +05:30",
    )


@pytest.mark.parametrize(
    ("utc", "shown"),
    [
        ((2021, 11, 7, 4, 59), "Nov 7, 2021, 12:59 AM"),
        ((2021, 11, 7, 5, 30), "Nov 7, 2021, 1:30 AM -04:00"),
        ((2021, 11, 7, 6, 30), "Nov 7, 2021, 1:30 AM -05:00"),
        ((2021, 11, 7, 7, 0), "Nov 7, 2021, 2:00 AM"),
        ((2021, 3, 14, 7, 30), "Mar 14, 2021, 3:30 AM"),
    ],
)
def test_the_offset_is_shown_in_the_hour_that_occurs_twice_and_only_there(utc: tuple[int, ...], shown: str) -> None:
    sent = event(at=datetime(*utc, tzinfo=UTC))  # type: ignore[misc, arg-type]
    assert cells(sent, "date_time", zone="America/New_York") == (shown,)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2037, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"]),
)
def test_what_is_shown_tells_the_moment_to_the_second(naive: datetime, zone: str) -> None:
    """No two moments look the same: from text and zone, with the offset where one is shown, the moment follows."""
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    clock = Clock(ZoneInfo(zone), Locale.parse("en"), pattern="yyyy-MM-dd", seconds=True)
    text, day, time = clock.show(moment)
    assert text == f"{day}, {time}"
    if time[-1] == "M":
        back = datetime.strptime(text, "%Y-%m-%d, %I:%M:%S %p").replace(tzinfo=ZoneInfo(zone))
    else:
        hours, minutes = time[-6:].split(":")
        sign = -1 if hours[0] == "-" else 1
        offset = timedelta(hours=int(hours), minutes=sign * int(minutes))
        back = datetime.strptime(text[:-7], "%Y-%m-%d, %I:%M:%S %p").replace(tzinfo=timezone(offset))
    assert back.astimezone(UTC) == moment


@pytest.mark.parametrize("name", ["Europe/Berlim", "America", "../etc/passwd", "", "utc"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(BadDefinition) as caught:
        Definition(zone=name)
    assert caught.value.place == "zone"


@pytest.mark.parametrize(
    ("field", "wrong", "meant"), [("zone", "Europe/Berlim", "Europe/Berlin"), ("locale", "de-DEE", "de_DE")]
)
def test_near_zones_and_locales_are_suggested(field: str, wrong: str, meant: str) -> None:
    with pytest.raises(BadDefinition) as caught:
        Definition(**{field: wrong})  # type: ignore[arg-type]
    assert meant in caught.value.remedy


@pytest.mark.parametrize("name", ["xx", "", "de_DEE", "../../x"])
def test_an_unknown_locale_is_refused(name: str) -> None:
    with pytest.raises(BadDefinition) as caught:
        Definition(locale=name)
    assert caught.value.place == "locale"
