"""Finding rows: month by month, by the index of tokens or that of time, in chunks, so that no read stays open."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from ...query.matches import matches
from ...query.tree import Condition
from ..keys import micros_of, row_key
from ..plan import event_ids_of
from ..ports import Order, Row
from .bodies import Bodies
from .busy import Shares, read_shares
from .connect import Asking, Database, Way
from .places import BOOK_BITS, place_of, position_of
from .plan import Group, Plan
from .tokens import DAY, day_token

CHUNK = 1_000
Needs = tuple[Group, ...]
Sizes = Mapping[int, int]
"""How many events of each book (by its number) are looked at; books that are not in it are left out."""

BY_TIME, BY_TOKEN, BY_STATEMENT = 2.0, 1.5, 1_000.0
"""What it takes to look at a row that comes next in time, and at one that an index of tokens found; and what a
statement does that finds nothing (microseconds)."""
PATIENCE = 4
"""A page is looked for among so many times as many rows as it should take, before that turns out to be wrong."""
FURTHER = 8
"""Then among so many times more, and again, for as long as that is less than all that the index of tokens would find:
who is busy may still have been asleep lately."""
MOST_MONTHS = 64
DAYS, MOST_DAYS = 31, 8
"""Of a month, and how many of them are looked at by themselves at most."""
_EVERYWHERE = "true"


class Selection(NamedTuple):
    """What is looked for: the condition with the viewer's scope in it, its plan, and where each book ends.

    `sizes` is None if all is looked at that there is.
    """

    condition: Condition
    plan: Plan
    sizes: Sizes | None


class Window(NamedTuple):
    """From `low` up to, not including, `high` (microseconds): some months next to each other, or `days` of one."""

    low: int
    high: int
    months: tuple[int, ...]
    days: int = 0


class _Raw(NamedTuple):
    """A row whose event is still packed."""

    key: int
    position: int
    body: bytes


class Place(NamedTuple):
    """Where a read goes on: after the row of this time and arrival."""

    at: int
    arrival: int


def within_books(sizes: Sizes | None) -> str:
    """The SQL condition that a place is in one of the books, below its size."""
    if sizes is None:
        return _EVERYWHERE
    if not sizes:
        return "false"
    low, high = min(sizes), max(sizes)
    ends = ",".join(str(place_of(book, sizes[book])) if book in sizes else "NULL" for book in range(low, high + 1))
    return f"place < ('[{low}:{high}]={{{ends}}}'::bigint[])[(place >> {BOOK_BITS})::int]"


def source(selection: Selection, low: int | None = None, high: int | None = None) -> str:
    """What follows SELECT for the rows of a selection that its plan finds exactly, in a part of its period."""
    plan = selection.plan
    if plan.test is None:
        return "FROM trailbook.seen WHERE false"
    period = _period(_later(plan.since, low), _earlier(plan.until, high), plan)
    tests = [test for test in (period, plan.test) if test]
    if selection.sizes is not None:
        tests.append(within_books(selection.sizes))
    return f"FROM trailbook.seen WHERE {' AND '.join(tests) or _EVERYWHERE}"


def way_to(plan: Plan) -> Way:
    """How all rows of a plan are best got."""
    return "tokens" if plan.needs else "any"


def _period(low: int | None, high: int | None, plan: Plan) -> str:
    """The condition on the time. Where the index of tokens is to be used, that of time must not be taken for a way.

    A comparison with ALL of an array leaves out months as well, but no index of time is asked for it.
    """
    bound = "ALL ('{{{}}}'::bigint[])" if way_to(plan) == "tokens" else "{}"
    tests = [] if low is None else [f"at >= {bound.format(low)}"]
    return " AND ".join(tests if high is None else [*tests, f"at < {bound.format(high)}"])


def _later(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)


def _earlier(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


def place_in(key: int) -> Place:
    """The time and arrival in the key of a row."""
    at = micros_of(key)
    return Place(at, key - row_key(at, 0))


class Finder:
    """Finds rows of selections. Not shared between threads.

    `connection` may be exchanged for another one to the same store, so that another thread can go on.
    """

    def __init__(self, connection: Asking, database: Database, bodies: Bodies) -> None:
        self.connection = connection
        self._database = database
        self._bodies = bodies

    def rows(
        self, selection: Selection, order: Order, start: int | None = None, first_chunk: int = CHUNK
    ) -> Iterator[Row]:
        """The rows of a selection in order, those after the key `start` if one is given."""
        for key, position, body in self._in_order(selection, order, start, first_chunk):
            self.connection.check_time()
            event = self._bodies.event(self._database, body)
            if not selection.plan.recheck or matches(selection.condition, event):
                yield Row(key, position, event)

    def _in_order(self, selection: Selection, order: Order, start: int | None, size: int) -> Iterator[_Raw]:
        plan, ids = selection.plan, event_ids_of(selection.condition)
        if plan.test is None:
            return
        if ids is not None:
            yield from self._by_id(selection, ids, order, start)
            return
        newest = order == "newest"
        after = None if start is None else place_in(start)
        windows = self._windows(plan, newest, after)
        shares = read_shares(self.connection, {token for need in plan.needs for token in need})
        width = 1
        begun: tuple[int, ...] = ()
        while windows:
            first = next((window for window in windows if shares.events(window.months)), windows[0])
            if first.months != begun:
                begun = first.months
                at = windows.index(first)
                windows[at : at + 1] = self._by_days(first, _few_days(first, plan.needs, size, shares), newest)
            taken = _so_many(windows, width, shares)
            window = _together(windows[:taken])
            chunk = self._chunk(selection, order, window, after, size, shares)
            yield from chunk
            if len(chunk) == size:
                after = place_in(chunk[-1].key)
                windows = [one for one in windows if (one.low <= after.at if newest else one.high > after.at)]
                size = CHUNK
            else:
                del windows[:taken]
                if shares.events(window.months) and not window.days:
                    width = min(2 * width, MOST_MONTHS)

    def _windows(self, plan: Plan, newest: bool, after: Place | None) -> list[Window]:
        """The months of the plan's period, in order, from the one in which to go on."""
        rows = self.connection.rows("SELECT since, until FROM trailbook.month")
        low, high = plan.since, plan.until
        if after is not None:
            low, high = (low, _earlier(high, after.at + 1)) if newest else (_later(low, after.at), high)
        found = [
            Window(since if low is None else max(since, low), until if high is None else min(until, high), (since,))
            for since, until in sorted(rows, reverse=newest)
        ]
        return [window for window in found if window.low < window.high]

    def _by_days(self, month: Window, days: int, newest: bool) -> list[Window]:
        """A month, and before it so many of its last days, or first ones, that have events.

        The index of tokens has each day's rows, so that it need not go through all that a month has of something.
        """
        if not days:
            return [month]
        furthest = "max(at)" if newest else "min(at)"
        sql = f"SELECT {furthest} FROM trailbook.seen WHERE at >= {month.low} AND at < {month.high}"
        ((at,),) = self.connection.rows(sql, way="time")
        if at is None:
            return [month]
        cut = at - days * DAY if newest else at + days * DAY
        if not month.low < cut < month.high:
            return [month]
        older, newer = month._replace(high=cut), month._replace(low=cut)
        few, rest = (newer, older) if newest else (older, newer)
        return [few._replace(days=days), rest]

    def _chunk(
        self, selection: Selection, order: Order, window: Window, after: Place | None, size: int, shares: Shares
    ) -> list[_Raw]:
        """The first rows of a window, after a place if one is given."""
        sense, beyond = ("DESC", "<") if order == "newest" else ("ASC", ">")
        rest = "" if after is None else f" AND ({{}}, arrival) {beyond} ({after.at}, {after.arrival})"
        columns = "SELECT at, arrival, place, body"
        if not selection.plan.needs:
            where = source(selection, window.low, window.high)
            sql = f"{columns} {where}{rest.format('at')} ORDER BY at {sense}, arrival {sense} LIMIT {size}"
            return _raw(self.connection.rows(sql, way="time"))
        share, events = shares.of(window.months, selection.plan.needs)
        found_by_tokens = share * events * (window.days / DAYS if window.days else 1)
        if share and BY_TIME * size / share < BY_TOKEN * found_by_tokens:
            everything = selection._replace(plan=_without_test(selection.plan))
            inner = f"SELECT * {source(everything, window.low, window.high)}{rest.format('at')}"
            for enough in _so_far(int(PATIENCE * size / share) + size, BY_TOKEN * found_by_tokens / BY_TIME):
                sql = f"""
                    {columns} FROM ({inner} ORDER BY at {sense}, arrival {sense} LIMIT {enough}) AS next
                    WHERE {selection.plan.test} LIMIT {size}
                """
                found = _raw(self.connection.rows(sql, way="time"))
                if len(found) == size:
                    return found
        # With at + 0 the index of time is no way to the order: it would be gone through for what is rarely there.
        where = source(selection, window.low, window.high) + _on_days(window)
        sql = f"{columns} {where}{rest.format('at + 0')} ORDER BY at + 0 {sense}, arrival {sense} LIMIT {size}"
        return _raw(self.connection.rows(sql, way="tokens"))

    def _by_id(self, selection: Selection, ids: list[bytes], order: Order, start: int | None) -> list[_Raw]:
        sql = f"""
            SELECT e.at, e.arrival, e.place, e.body FROM trailbook.identity AS i
            JOIN trailbook.seen AS e ON e.at = i.at AND e.arrival = i.arrival
            WHERE i.id = ANY (%b) AND {within_books(selection.sizes).replace("place", "e.place")}
        """
        newest = order == "newest"
        found = sorted(_raw(self.connection.rows(sql, ([UUID(bytes=id) for id in ids],))), reverse=newest)
        return [raw for raw in found if start is None or (raw.key < start if newest else raw.key > start)]


def _without_test(plan: Plan) -> Plan:
    return Plan("", (), plan.since, plan.until, plan.recheck)


def _so_far(enough: int, most: float) -> Iterator[int]:
    """Among how many rows to look, one after the other: first among as many as should be enough."""
    yield enough
    while (enough := enough * FURTHER) < most:
        yield enough


def _so_many(windows: list[Window], months: int, shares: Shares) -> int:
    """How many windows to take for so many months in which something is known to be; others cost next to nothing.

    Days of a month are taken by themselves.
    """
    known = 0
    for index, window in enumerate(windows):
        if window.days:
            return max(index, 1)
        known += shares.events(window.months) > 0
        if known == months:
            return index + 1
    return len(windows)


def _few_days(month: Window, needs: Needs, size: int, shares: Shares) -> int:
    """In how many days of a month so many rows should be found; 0 if it is not worth the while to look there first."""
    share, events = shares.of(month.months, needs)
    if not needs or not share or month.high - month.low > DAYS * DAY:
        return 0
    at_most = min(shares.of(month.months, [need])[0] for need in needs)
    if min(BY_TIME * size / share, BY_TOKEN * at_most * events) < BY_STATEMENT:
        return 0
    # What is asked for together is often there together: more often than if it had nothing to do with each other.
    likely = math.sqrt(share * at_most)
    days = math.ceil(PATIENCE * size * DAYS / (likely * events))
    return days if days <= MOST_DAYS else 0


def _on_days(window: Window) -> str:
    """The condition on the tokens of days, if it is on days that a window is."""
    if not window.days:
        return ""
    tokens = ",".join(str(day_token(at)) for at in range(window.low // DAY * DAY, window.high, DAY))
    return f" AND tokens && '{{{tokens}}}'::int[]"


def _together(windows: list[Window]) -> Window:
    """The windows as one."""
    if len(windows) == 1:
        return windows[0]
    return Window(
        min(one.low for one in windows),
        max(one.high for one in windows),
        tuple(m for one in windows for m in one.months),
    )


def _raw(rows: list[tuple[int, int, int, bytes]]) -> list[_Raw]:
    return [_Raw(row_key(at, arrival), position_of(place), body) for at, arrival, place, body in rows]
