"""When something is due, in words: what people read before they save a schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from trailbook.deliver.times import Timing, next_due
from trailbook.deliver.wording import in_words, shown_times

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("timing", "english", "german"),
    [
        (Timing("day"), "Every day at 08:00", "Jeden Tag um 08:00"),
        (
            Timing("week", "17:30", ("fri", "mon")),
            "Every Monday and Friday at 17:30",
            "Jeden Montag und Freitag um 17:30",
        ),
        (
            Timing("week", days=("mon", "tue", "wed", "thu", "fri")),
            "Monday to Friday at 08:00",
            "Montag bis Freitag um 08:00",
        ),
        (Timing("month", day=3), "On day 3 of every month at 08:00", "Am 3. jedes Monats um 08:00"),
        (Timing("month", day=0), "On the last day of every month at 08:00", "Am letzten Tag jedes Monats um 08:00"),
        (Timing("cron", cron="0 8 * * 5L"), "At 08:00 on the last Friday of the month",
         "Nach dem Cron-Ausdruck 0 8 * * 5L"),
    ],
)  # fmt: skip
def test_it_is_said_in_words(timing: Timing, english: str, german: str) -> None:
    assert in_words(timing, "en") == in_words(timing, "fr") == english
    assert in_words(timing, "de") == in_words(timing, "de-AT") == german


def test_the_next_times_say_the_day_and_the_offset() -> None:
    """Also across a change of clocks."""
    found = next_due(Timing("week", days=("sat",)), BERLIN, datetime(2021, 10, 29, tzinfo=UTC), 2)
    assert shown_times(found, BERLIN, "en") == [
        "Saturday, October 30, 2021, 8:00 AM +02:00",
        "Saturday, November 6, 2021, 8:00 AM +01:00",
    ]
    assert shown_times(found[:1], BERLIN, "de") == ["Samstag, 30. Oktober 2021, 08:00 +02:00"]
