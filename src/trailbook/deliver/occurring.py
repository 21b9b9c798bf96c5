"""When something has happened often enough: a threshold in a window, for each group, counted as events are recorded.

An *occurrence* of a rule is a group and a window of time that begins with an event. Events are taken in the order of
their positions in the book. An event that lies in the window of an occurrence of its group belongs to that occurrence
and begins nothing new; any other is counted with those of its group, before and after it in time, that belong to none.
If a window that holds it holds as many as the threshold, the first such window is an occurrence. So what comes in is
counted once, however late it comes and however the work is cut into pieces; and what goes on and on is told once for
each window.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Literal, NamedTuple

from msgspec import Struct

from ..event.facets import ip_text, party_text, unescape
from ..event.model import Event, PartyKey
from ..query.tree import EVERYTHING, Address, Condition, Direction, Parties

By = Literal["", "initiator", "target", "user", "ip"]
"""What events are grouped by: nothing; who did it; each user that it was done to; either of them; from where."""
SIDES: Mapping[str, Direction] = {"initiator": "by", "target": "against", "user": "either"}
"""On which side of its events a user is that they are grouped by."""


class Rule(Struct, frozen=True):
    """How often, within which time, of one what."""

    threshold: int
    window: timedelta
    by: By = ""


class Window(NamedTuple):
    """An occurrence as it is remembered: its group, and when its window begins."""

    group: str
    since: datetime


class Match(NamedTuple):
    """An event that counts: its position in the book, when it occurred, and its groups, each with its name."""

    position: int
    at: datetime
    groups: Mapping[str, str]


class Fired(NamedTuple):
    """An occurrence: of which group, by its name, from when on, and the positions of its events so far, by time."""

    group: str
    name: str
    since: datetime
    positions: tuple[int, ...]

    @property
    def window(self) -> Window:
        """It, as it is remembered."""
        return Window(self.group, self.since)


def match_of(event: Event, position: int, by: By) -> Match:
    """What an event counts for; its groups are empty if it has nothing of what is grouped by."""
    return Match(position, event.occurred_at, dict(_groups(event, by)))


def _groups(event: Event, by: By) -> Iterator[tuple[str, str]]:
    if by == "":
        yield "", ""
    if by in ("initiator", "user") and event.initiator is not None and event.initiator.verified:
        yield party_text(event.initiator.party()), event.initiator.name
    if by in ("target", "user"):
        for target in event.affected():
            party = target.party()
            if party is not None and party.kind == "user":
                yield party_text(party), target.name
    if by == "ip" and event.initiator is not None and (address := ip_text(event.initiator.ip)):
        yield address, event.initiator.ip


def condition_of(by: By, groups: Iterable[str]) -> Condition:
    """What finds all events of these groups, and perhaps others."""
    if by == "":
        return EVERYTHING
    if by == "ip":
        return Address(tuple(str(ip_address(bytes.fromhex(group[1:]))) for group in groups))
    parties = [group.removeprefix("user:").partition("/") for group in groups]
    return Parties(tuple(PartyKey("user", unescape(tenant), id) for tenant, _, id in parties), SIDES[by])


def uncovered(rule: Rule, matches: Iterable[Match], known: Iterable[Window]) -> list[Match]:
    """The matches that lie in no known occurrence of one of their groups at least, each with those groups alone."""
    windows = _windows(known)
    found = (
        match._replace(
            groups={
                group: name
                for group, name in match.groups.items()
                if not _covered(windows[group], match.at, rule.window)
            }
        )
        for match in matches
    )
    return [match for match in found if match.groups]


def occurrences(rule: Rule, matches: Iterable[Match], begin: int, known: Iterable[Window]) -> list[Fired]:
    """What occurs from position `begin` on; `matches` before it in any order, those from it on by position.

    `known`: the occurrences of before. Of matches it takes those less than a window away from what is new, and of
    occurrences those that hold any of these.
    """
    windows = _windows(known)
    open_: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    fired = []
    for match in matches:
        for group, name in match.groups.items():
            if _covered(windows[group], match.at, rule.window):
                continue
            waiting = open_[group]
            insort(waiting, (match.at, match.position))
            since = _full(waiting, match.at, rule) if match.position >= begin else None
            if since is not None:
                first = bisect_left(waiting, (since, -1))
                end = bisect_left(waiting, (since + rule.window, -1))
                fired.append(Fired(group, name, since, tuple(position for _, position in waiting[first:end])))
                del waiting[first:end]
                insort(windows[group], since)
    return fired


def _windows(known: Iterable[Window]) -> dict[str, list[datetime]]:
    """When the windows of each group begin, in order."""
    windows: dict[str, list[datetime]] = defaultdict(list)
    for group, begins in sorted(known):
        windows[group].append(begins)
    return windows


def _covered(windows: list[datetime], at: datetime, length: timedelta) -> bool:
    """Whether a moment is in one of the windows, given by their beginnings in order."""
    first = bisect_left(windows, at - length)
    return any(since <= at < since + length for since in windows[first : bisect_left(windows, at) + 1])


def _full(waiting: list[tuple[datetime, int]], at: datetime, rule: Rule) -> datetime | None:
    """When the first window begins that holds `at` and as many as the threshold, None if there is none."""
    first = bisect_left(waiting, (at - rule.window, -1))
    for since, _ in waiting[first:]:
        if since > at:
            return None
        if since <= at - rule.window:
            continue
        held = bisect_left(waiting, (since + rule.window, -1)) - bisect_left(waiting, (since, -1))
        if held >= rule.threshold:
            return since
    return None
