"""The demo's trail: when events happen, in which company, and which scene each is."""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from ..event.model import Event
from . import calls, people
from .moment import Moment, Scene
from .world import Company, World, build_world, pick

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)

_DAY: dict[Scene, int] = {
    calls.play_call: 270, calls.search_calls: 120, people.log_in: 125, people.log_out: 80, calls.comment_call: 60,
    calls.evaluate_agent: 50, calls.view_report: 60, calls.export_calls: 40, people.look_at_profile: 35,
    calls.sync_customer: 45, calls.receive_call: 35, calls.mail_report: 25, people.fail_to_log_in: 18,
    people.edit_user: 14, people.edit_own_profile: 6, calls.play_call_offline: 5, people.edit_group: 3,
    people.edit_role: 2, people.act_for_user: 4, people.operate_on_user: 2, people.operate_on_tenant: 1,
}  # fmt: skip
_NIGHT: dict[Scene, int] = {
    calls.run_night_job: 260, calls.mail_report: 230, calls.receive_call: 170, calls.sync_customer: 140,
    calls.play_call: 80, people.log_in: 40, people.fail_to_log_in: 60, calls.search_calls: 20,
}  # fmt: skip

_WORKDAY = (4, 3, 5, 4, 3, 4, 10, 35, 80, 100, 100, 95, 70, 85, 100, 98, 90, 70, 45, 30, 20, 12, 8, 5)
"""How busy each local hour of a working day is, of 100; a Saturday has a quarter of it, a Sunday a tenth."""
_WEEK = [busy * share for share in (1, 1, 1, 1, 0.9, 0.25, 0.1) for busy in _WORKDAY]
_NIGHT_HOURS = frozenset((22, 23, 0, 1, 2, 3, 4, 5))


def demo_events(count: int, seed: int, end: datetime, *, period: timedelta = YEAR) -> Iterator[Event]:
    """`count` events of the `period` (an hour at least) before `end`, as they arrive; same arguments, same events.

    In order of time, except about one in two hundred, from telephones that were offline: those arrive 30 hours to 5
    days after they occurred. The events are spread over the period, so a larger `count` gives other events, not more
    of the same. Everything is sent by the producer: no field is the server's. Memory does not grow with `count`.
    """
    end = end.astimezone(UTC)
    start = end - period
    world = build_world(count, seed, start, end)
    dice = Random(f"trail {seed} {count}")
    deeds = deque(world.deeds)
    day, night = _deck(_DAY), _deck(_NIGHT)
    for hour, companies in _hours(count, world, start, end, dice):
        gap = HOUR / max(1, len(companies))
        for index, company in enumerate(companies):
            at = hour + gap * (index + dice.random())
            if deeds and deeds[0].after.since <= at:
                deed = deeds.popleft()
                at = deed.after.since
                yield people.change_person(Moment(_id(at, dice), at, deed.company, world, dice), deed)
                continue
            local_hour = (at.hour + company.offset) % 24
            scene = pick(dice, night if local_hour in _NIGHT_HOURS else day)
            yield scene(Moment(_id(at, dice), at, company, world, dice))


def arrivals(events: Iterable[Event]) -> Iterator[tuple[datetime, Event]]:
    """Each event with when it arrived: the latest `occurred_at` so far, so that only those from offline are late."""
    arrived = datetime.min.replace(tzinfo=UTC)
    for event in events:
        arrived = max(arrived, event.occurred_at)
        yield arrived, event


def _deck(weights: dict[Scene, int]) -> list[Scene]:
    """Each scene as many times as it weighs, so that drawing a card is picking by weight."""
    return [scene for scene, weight in weights.items() for _ in range(weight)]


def _hours(
    count: int, world: World, start: datetime, end: datetime, dice: Random
) -> Iterator[tuple[datetime, list[Company]]]:
    """Each hour of the period with the companies of its events: `count` in all, by size and local time of day."""
    steps = int((end - start) / HOUR)
    weekly = [_busyness(world, hour) for hour in range(len(_WEEK))]
    first = start.weekday() * 24 + start.hour
    edges = list(accumulate((weekly[(first + step) % len(weekly)][-1] for step in range(steps)), initial=0.0))
    for step in range(steps):
        shares = weekly[(first + step) % len(weekly)]
        number = round(count * edges[step + 1] / edges[-1]) - round(count * edges[step] / edges[-1])
        yield (
            start + step * HOUR,
            [world.companies[min(bisect(shares, dice.random() * shares[-1]), len(shares) - 1)] for _ in range(number)],
        )


def _busyness(world: World, hour: int) -> list[float]:
    """For an hour of the week in UTC: the companies' shares, each added to those before it."""
    return list(accumulate(len(one.people) * _WEEK[(hour + one.offset) % len(_WEEK)] for one in world.companies))


def _id(at: datetime, dice: Random) -> str:
    """A UUID version 7 (RFC 9562, section 5.7) of this instant, its random part from `dice`."""
    bits = dice.getrandbits(74)
    digits = f"{int(at.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7{bits & 0xFFF:03x}-{0x8000 | (bits >> 12 & 0x3FFF):04x}-{bits >> 26:012x}"
