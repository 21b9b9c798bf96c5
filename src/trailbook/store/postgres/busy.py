"""Which tokens are busy: rough counts by month, that tell whether an index of tokens or one of time is the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

from ...errors import StoreError
from .connect import Asking, Database
from .months import month_of
from .tokens import element, elements_of, token_of

EVENTS_AT_ONCE = 5_000
"""Counts are written whenever so many events came together."""
LEAST_SHARE = 0.004
"""Of the events of a month that came together; of tokens that fewer had, nothing is written: they are rare."""
COUNTED = 4
"""One of so many events, chosen by what is in it, is looked at and counts for all of them."""
ANY_TOKEN = 0
"""Stands for all events of a month."""
ANY_ELEMENT = element(ANY_TOKEN)


def is_counted(leaf: bytes) -> bool:
    """Whether the event of this hash is one of those that are looked at."""
    return leaf[0] % COUNTED == 0


class Busyness:
    """Counts what is appended by this process, and writes it down now and then. For all its threads.

    What was not written when a process ends badly is missing, and does no harm: the counts need only be about right.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._start()

    def count(self, events: Sequence[tuple[int, bytes]]) -> None:
        """Count events that were appended and are looked at, each given by its time and the array of its tokens."""
        with self._lock:
            for micros, array in events:
                month = month_of(micros).since
                if month not in self._tokens:
                    self._tokens[month] = Counter()
                self._tokens[month].update((ANY_ELEMENT, *elements_of(array)))
            self._seen += len(events) * COUNTED
            if self._seen < EVENTS_AT_ONCE:
                return
            rows = self._taken()
        self._write(rows)

    def flush(self) -> None:
        """Write down what has been counted."""
        with self._lock:
            rows = self._taken()
        self._write(rows)

    def _start(self) -> None:
        self._seen = 0
        self._tokens: dict[int, Counter[bytes]] = {}

    def _taken(self) -> list[tuple[int, int, int]]:
        """Token, month and count of what is to be written; counting starts again."""
        rows: list[tuple[int, int, int]] = []
        for month, tokens in self._tokens.items():
            least = LEAST_SHARE * tokens[ANY_ELEMENT]
            common = {one: n for one, n in tokens.items() if n > least and n > 1}
            common[ANY_ELEMENT] = tokens[ANY_ELEMENT]
            rows += [(token_of(one), month, n * COUNTED) for one, n in common.items()]
        self._start()
        return sorted(rows)

    def _write(self, rows: list[tuple[int, int, int]]) -> None:
        sql = """
            INSERT INTO trailbook.busy AS b (token, month, events)
            SELECT * FROM unnest(%b::int[], %b::bigint[], %b::bigint[]) ORDER BY 1, 2
            ON CONFLICT (token, month) DO UPDATE SET events = b.events + excluded.events
        """
        if rows:
            # The events themselves are stored by now.
            with suppress(StoreError), self._database.numbering() as connection:
                connection.run("SET LOCAL synchronous_commit = off")
                connection.run(sql, [list(column) for column in zip(*rows, strict=True)])


class Shares(NamedTuple):
    """How many events there are in each month, and how many of them have each token; what is rare is left out."""

    months: dict[int, int]
    tokens: dict[tuple[int, int], int]

    def events(self, months: Iterable[int]) -> int:
        """About how many events there are in some months; 0 if there are next to none."""
        return sum(self.months.get(month, 0) for month in months)

    def of(self, months: Iterable[int], needs: Iterable[Iterable[int]]) -> tuple[float, int]:
        """About what share of the events of some months has a token of each group, and how many events there are."""
        given = list(months)
        events = self.events(given)
        share = 1.0 if events else 0.0
        for group in needs:
            having = sum(self.tokens.get((token, month), 0) for token in group for month in given)
            share *= min(1.0, having / max(events, 1))
        return share, events


def read_shares(connection: Asking, tokens: Iterable[int]) -> Shares:
    """What is known of these tokens."""
    numbers = ",".join(map(str, {ANY_TOKEN, *(token for token in tokens if token > 0)}))
    sql = f"SELECT token, month, events FROM trailbook.busy WHERE token IN ({numbers})"
    rows = connection.rows(sql)
    return Shares(
        {month: events for token, month, events in rows if token == ANY_TOKEN},
        {(token, month): events for token, month, events in rows if token != ANY_TOKEN},
    )
