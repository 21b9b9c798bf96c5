"""Events over time: stretches of one length without gaps, in the zone, each of which can be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from trails import NOW, event, trail

from trailbook.directory.viewer import OPERATOR, TenantScope, Viewer
from trailbook.errors import NotAllowed
from trailbook.event.model import Event
from trailbook.report.asked import Asked, ask
from trailbook.report.definition import from_dict
from trailbook.report.timeline import MOST_MONTHS, timeline


def asked(events: list[Event], viewer: Viewer = OPERATOR, **definition: str) -> Asked:
    return ask(trail(events), viewer, from_dict(definition), now=NOW)


def on(*moments: datetime) -> list[Event]:
    return [event(number, moment) for number, moment in enumerate(moments, 1)]


@pytest.mark.parametrize(
    ("apart", "unit", "bars"),
    [(timedelta(hours=5), "hour", 6), (timedelta(days=10), "day", 11), (timedelta(days=140), "week", 21),
     (timedelta(days=800), "month", 27)],
)  # fmt: skip
def test_the_longer_the_time_the_longer_its_stretches(apart: timedelta, unit: str, bars: int) -> None:
    first = datetime(2018, 1, 1, 2, tzinfo=UTC)
    line = timeline(asked(on(first, first + apart)))
    assert (line.unit, len(line.bars)) == (unit, bars)
    assert [one.events for one in line.bars] == [1, *[0] * (bars - 2), 1]


def test_each_stretch_can_be_asked_for_and_all_are_the_whole() -> None:
    # The clocks are set back in the night of October 31.
    start = datetime(2021, 10, 30, 22, tzinfo=UTC)
    events = on(*[start + timedelta(minutes=20 * step) for step in range(80)])
    for zone in ("Europe/Berlin", "Asia/Kolkata"):
        for query in ("", "during:2021-10-31", "action:play since:2021-10-31T00:30"):
            whole = asked(events, query=query, zone=zone)
            line = timeline(whole)
            assert sum(one.events for one in line.bars) == whole.count()
            for one in line.bars:
                within = asked(events, query=query, zone=zone, since=one.since, until=one.until)
                assert within.count() == one.events, one


def test_a_period_is_shown_whole_but_not_what_is_still_to_come() -> None:
    line = timeline(asked(on(datetime(2021, 11, 17, tzinfo=UTC)), during="2021-11"))
    assert [one.since for one in line.bars][::29] == ["2021-11-01", "2021-11-30"]
    line = timeline(asked(on(datetime(2021, 12, 1, tzinfo=UTC)), during="2021-11-25..2021-12-31"))
    assert line.bars[-1].since == "2021-12-01"


def test_there_are_no_bars_of_nothing_and_never_too_many() -> None:
    assert timeline(asked([])).bars == ()
    line = timeline(asked(on(datetime(1800, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))))
    assert len(line.bars) == MOST_MONTHS


def test_who_may_not_know_times_sees_no_bars() -> None:
    viewer = Viewer("v", TenantScope("acme"), frozenset({"date_time"}))
    with pytest.raises(NotAllowed):
        timeline(asked(on(NOW), viewer))
