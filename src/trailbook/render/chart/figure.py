"""What a chart shows: the groups of a report as series of numbers, few enough to be told apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from ...report.groups import BUCKET_LABELS
from ...report.result import Report

Kind = Literal["bars", "columns", "line"]

MOST_BARS = 24
MOST_COLUMNS = 62
MOST_POINTS = 400
MOST_SERIES = 6
"""Beside the others, which are one more."""

NONE = "(none)"
BETWEEN = " · "
_HOUR = 3600


class Point(NamedTuple):
    """A label of the chart, and how many rows it has by the second and further columns."""

    label: str
    parts: Counter[str]


class Series(NamedTuple):
    """Numbers, one for each label of the figure; one that is `rest` is all that has no series of its own."""

    name: str
    values: tuple[int, ...]
    rest: bool = False


class Figure(Struct, frozen=True):
    """A chart as data. `bars` lie one below the other, `columns` stand side by side, both stacked of several series.

    `others`: the last label stands for so many groups (0: it is one like the rest). `step`: how many stretches of time
    a point of a line is the sum of.
    """

    kind: Kind
    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    others: int = 0
    step: int = 1


def of_report(report: Report) -> Figure | None:
    """The chart of a grouped report: of a line over time, or of bars, stacked if it is grouped twice or more.

    None for a report that is not grouped, or has no groups.
    """
    keys = report.header.group_by
    points: dict[str, Point] = {}
    if keys:
        for texts, values in zip(report.texts(), report.values(), strict=True):
            point = points.setdefault(str(values[0]), Point(texts[0] or NONE, Counter()))
            point.parts[BETWEEN.join(text or NONE for text in texts[1:-1])] += values[-1]
    if not points:
        return None
    title = BETWEEN.join(heading.label for heading in report.headings[:-1])
    if keys[0] in BUCKET_LABELS:
        found, step = _over_time(keys[0], points)
        single = sum((point.parts for point in found), Counter()).keys() <= {""}
        return _figure("line" if single or len(found) > MOST_COLUMNS else "columns", title, found, step=step)
    found, others = _largest(list(points.values()))
    return _figure("bars", title, found, others=others)


def _figure(kind: Kind, title: str, points: Sequence[Point], *, others: int = 0, step: int = 1) -> Figure:
    totals: Counter[str] = sum((point.parts for point in points), Counter())
    most = MOST_SERIES if len(totals) > MOST_SERIES + 1 else MOST_SERIES + 1
    names = [name for name, _ in totals.most_common(most)]
    series = [Series(name, tuple(point.parts[name] for point in points)) for name in names]
    if len(totals) > len(names):
        rest = tuple(point.parts.total() - sum(point.parts[name] for name in names) for point in points)
        series.append(Series("", rest, rest=True))
    return Figure(kind, title, tuple(point.label for point in points), tuple(series), others, step)


def _largest(points: Sequence[Point]) -> tuple[list[Point], int]:
    """The points with most, in the order that they have, and at the end all others as one; and how many those are."""
    if len(points) <= MOST_BARS:
        return list(points), 0
    by_size = sorted(range(len(points)), key=lambda at: -points[at].parts.total())
    kept = set(by_size[: MOST_BARS - 1])
    others = sum((points[at].parts for at in by_size[MOST_BARS - 1 :]), Counter())
    found = [point for at, point in enumerate(points) if at in kept]
    return [*found, Point("", others)], len(points) - len(kept)


def _over_time(unit: str, points: Mapping[str, Point]) -> tuple[list[Point], int]:
    """Points without gaps in order of time, those without events too; and of how many stretches each is the sum."""
    slots = {_slot(unit, start): point for start, point in sorted(points.items())}
    first, last = min(slots), max(slots)
    step = math.ceil((last - first + 1) / MOST_POINTS)
    found = [Point("", Counter()) for _ in range((last - first) // step + 1)]
    for slot, point in sorted(slots.items()):
        at = (slot - first) // step
        found[at] = Point(found[at].label or point.label, found[at].parts + point.parts)
    return found, step


def _slot(unit: str, start: str) -> int:
    """The number of a stretch of time, one more than that of the stretch before it."""
    if unit == "hour":
        return int(datetime.fromisoformat(start).timestamp() // _HOUR)
    day = date.fromisoformat(start)
    return day.year * 12 + day.month if unit == "month" else (day.toordinal() - 1) // (7 if unit == "week" else 1)
