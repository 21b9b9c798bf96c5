"""Grouped reports: from a store's summary to sorted groups, each with its texts and its number of rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import BadInput
from ..event.text import fold
from ..store.dimensions import UNITS, bucket
from ..store.ports import Dimension
from .clock import Clock
from .columns import COLUMNS, Setting
from .definition import GroupOrder

BUCKET_LABELS = {"hour": "Hour", "day": "Day", "week": "Week of", "month": "Month"}


MOST_GROUPS = 100_000
"""More than anybody reads; sorting them takes all of them in memory at once."""


class Group(NamedTuple):
    """A row of a grouped report: its cells for people and for programs, and the number of its rows."""

    texts: tuple[str, ...]
    values: tuple[str, ...]
    rows: int


class _Shown(NamedTuple):
    """What a group is by one dimension: what it is sorted by, its text, its JSON value."""

    order: Any
    text: str
    value: str


def dimension(key: str, setting: Setting) -> Dimension:
    """What the store groups by for a bucket of time or a column."""
    unit = next((one for one in UNITS if one == key), None)
    return COLUMNS[key].dimension(setting) if unit is None else bucket(unit, setting.clock.zone)


def groups(
    summary: Mapping[tuple[Any, ...], int], keys: Sequence[str], setting: Setting, order: GroupOrder
) -> list[Group]:
    """The groups of a summary by the dimensions of `keys`, sorted by value, or by most rows and then by value.

    Groups of a column are told apart by identity: two users of one name are two groups (and show who they are), one
    user who bore two names is one group that shows both. Raises BadInput for more than `MOST_GROUPS`.
    """
    if len(summary) > MOST_GROUPS:
        raise BadInput(
            f"There are {len(summary):,} groups; a report has at most {MOST_GROUPS:,}.",
            place="group_by",
            remedy="Group by fewer columns, or narrow the query or the period.",
        )
    shown = [
        _buckets(key, setting.clock, {values[at] for values in summary})
        if key in UNITS
        else _columns({values[at] for values in summary})
        for at, key in enumerate(keys)
    ]
    counts: Counter[tuple[_Shown, ...]] = Counter()
    for values, rows in summary.items():
        counts[tuple(of[value] for of, value in zip(shown, values, strict=True))] += rows
    ordered = sorted(counts.items(), key=lambda item: [one.order for one in item[0]])
    if order == "rows":
        ordered.sort(key=lambda item: -item[1])
    return [Group(tuple(one.text for one in row), tuple(one.value for one in row), rows) for row, rows in ordered]


def _buckets(unit: str, clock: Clock, starts: Iterable[Any]) -> dict[Hashable, _Shown]:
    text: dict[str, Callable[[Any], str]] = {
        "hour": lambda start: clock.show(start)[0],
        "day": clock.day,
        "week": clock.week,
        "month": clock.month,
    }
    return {start: _Shown(start, text[unit](start), start.isoformat()) for start in starts}


def _columns(pairs: Iterable[tuple[str, str]]) -> dict[Hashable, _Shown]:
    texts: dict[str, set[str]] = defaultdict(set)
    for identity, text in pairs:
        texts[identity].add(text)
    joined = {identity: " / ".join(sorted(of)) for identity, of in texts.items()}
    bearers = Counter(joined.values())
    found: dict[Hashable, _Shown] = {}
    for identity, of in texts.items():
        label = joined[identity] if bearers[joined[identity]] == 1 else f"{joined[identity]} ({identity})"
        for text in of:
            found[identity, text] = _Shown((fold(label), label), label, label)
    return found
