"""What a party did and what was done to it, day by day, and which actions those were most often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from ...errors import NotAllowed, TooSlow
from ...event.model import PartyKey
from ...query.tree import Direction, Parties
from ...report import run
from ...report.asked import Asked
from ...store.ports import FacetCount
from .briefs import question
from .screens import Visit

DAYS = 91
"""Days that are shown at a time: thirteen weeks."""
MOST_ACTIONS = 6


class Side(NamedTuple):
    """What happened on one side: events by day, all of them, and the most frequent actions (None: hidden)."""

    by_day: Mapping[date, int]
    total: int
    actions: list[FacetCount] | None


class Day(NamedTuple):
    """A day of the chart: what was done by and to the party, and how high that is, in hundredths of the highest."""

    day: date
    did: int
    done: int
    up: int
    down: int

    @property
    def busy(self) -> bool:
        """Whether there was anything."""
        return bool(self.did or self.done)


class Activity(NamedTuple):
    """The days from `first` to `last`; a side that is None is hidden from the viewer. `late`: it took too long."""

    first: date
    last: date
    days: list[Day]
    did: Side | None
    done: Side | None
    late: bool = False


def activity(visit: Visit, party: PartyKey, zone: str, last: date) -> Activity:
    """The days up to `last`, in this zone."""
    first = last - timedelta(days=DAYS - 1)
    try:
        did = _side(visit, party, "by", zone, first, last)
        done = _side(visit, party, "against", zone, first, last)
    except TooSlow:
        return Activity(first, last, [], None, None, late=True)
    sides = [side.by_day if side is not None else {} for side in (did, done)]
    most = max((count for side in sides for count in side.values()), default=1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    shown = [_day(one, sides[0].get(one, 0), sides[1].get(one, 0), most) for one in days]
    return Activity(first, last, shown, did, done)


def _day(day: date, did: int, done: int, most: int) -> Day:
    return Day(day, did, done, -(-did * 100 // most), -(-done * 100 // most))


def _side(visit: Visit, party: PartyKey, direction: Direction, zone: str, first: date, last: date) -> Side | None:
    """What happened on one side; None if that would tell what is hidden from the viewer. Raises TooSlow."""
    period = {"since": first.isoformat(), "until": last.isoformat()}
    try:
        found = question(visit.work, Parties((party,), direction), zone, group_by=["day"], **period)
    except NotAllowed:
        return None
    by_day = {date.fromisoformat(one.values[0]): one.rows for one in run.grouped(found)}
    return Side(by_day, sum(by_day.values()), _actions(found))


def _actions(found: Asked) -> list[FacetCount] | None:
    if not found.hidden.counts("action"):
        return None
    return found.reader.facet_counts(found.viewer, found.condition, "action", limit=MOST_ACTIONS, heads=found.heads)
