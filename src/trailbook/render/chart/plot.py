"""From what a chart shows to where each of its shapes stands."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from babel.numbers import format_decimal
from wcwidth import iter_graphemes

from ...report.clock import locale_named
from ..terminal import safe, width
from .drawing import COLOURS, SIZE, Box, Curve, Drawing, Label, Place, Shape, Strokes
from .figure import Figure, Series

WIDTH = 720.0
_EM = 0.58
"""The width of a usual letter, of the size; fonts differ, so that this is a guess on the safe side."""
_MORE = 0.37
_BROAD = re.compile("[A-Z\u0391-\u03a9\u0400-\u042f\u0530-\u058f\u0b00-\u13ff\u2190-\u22ff]")
"""Capitals, and letters of scripts that are broader than that, by so much more: Armenian, Tamil to Cherokee, arrows."""

_LEAST_WIDTH = 240.0
_BAR, _GAP, _HEIGHT = 15.0, 6.0, 180.0
_LINE = 15.0
_SPACE = 6.0
_TICKS = 5
_LONGEST = 34
_HATCH = 5.0
_DASHES: tuple[tuple[float, ...], ...] = ((), (7, 3), (2, 2), (9, 3, 2, 3), (4, 2), (12, 4), (1, 3), (5, 5))
_PATTERNS = ("", "/", "\\", "-", "|", "/\\", "-|", "/-")
"""How the bars of a series are hatched, beside their colour."""


def plot(figure: Figure, locale: str, wide: float = WIDTH, rows_label: str = "# of rows") -> Drawing:
    """Draw a chart, `wide` points wide and as high as it needs. `rows_label` is what is counted."""
    wide = max(wide, _LEAST_WIDTH)
    draft = _Draft(figure, locale, wide)
    legend = list(draft.legend())
    if figure.kind == "bars":
        draft.bars()
    else:
        draft.upright()
    title = f"{rows_label}: {safe(figure.title)}"
    return Drawing(wide, draft.y + _SPACE, title, draft.description(), (*legend, *draft.shapes))


def ticks(most: int) -> list[int]:
    """Round numbers from 0 to `most` or a little above it, in even steps of 1, 2 or 5 times a power of ten."""
    rough = max(most, 1) / _TICKS
    power = 10 ** math.floor(math.log10(rough)) if rough > 1 else 1
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough)
    return list(range(0, math.ceil(max(most, 1) / step) * step + 1, step))


def shortened(text: str, most: int) -> str:
    """The text in at most so many columns; what is cut ends in an ellipsis."""
    text = safe(text)
    if width(text) <= most:
        return text
    found, used = "", 0
    for one in iter_graphemes(text):
        used += width(one)
        if used > most - 1:
            break
        found += one
    return found.rstrip() + "…"


class _Draft:
    """A chart while it is drawn, from top to bottom; `y` is where it ends so far."""

    def __init__(self, figure: Figure, locale: str, wide: float) -> None:
        self.figure = figure
        self.wide = wide
        self.y = _SPACE
        self.shapes: list[Shape] = []
        self._locale = locale_named(locale)
        self._totals = [sum(values) for values in zip(*(one.values for one in figure.series), strict=True)]

    def number(self, number: int) -> str:
        """A number as it is written in this language."""
        return str(format_decimal(number, locale=self._locale))

    def name(self, series: Series) -> str:
        """What a series is called."""
        return "others" if series.rest else safe(series.name)

    def label(self, at: int) -> str:
        """What a label says."""
        figure = self.figure
        is_rest = figure.others and at == len(figure.labels) - 1
        return f"others ({self.number(figure.others)})" if is_rest else safe(figure.labels[at])

    def description(self) -> str:
        """The chart in words: what is highest."""
        if not any(self._totals):
            return "Nothing."
        most = max(self._totals)
        at = self._totals.index(most)
        parts = f"{self.number(len(self._totals))} in all; the most, {self.number(most)}, is {self.label(at)}."
        return parts + (f" Each point is the sum of {self.figure.step}." if self.figure.step > 1 else "")

    def legend(self) -> Iterator[Shape]:
        """A patch of each series beside its name, if there are several."""
        if len(self.figure.series) < 2:
            return
        x = 0.0
        for at, series in enumerate(self.figure.series):
            text = shortened(self.name(series), _LONGEST)
            needed = 22 + _wide(text) + 14
            if x and x + needed > self.wide:
                x, self.y = 0.0, self.y + _LINE
            yield from self._patch(at, x, self.y)
            yield Label(x + 20, self.y + SIZE - 1, text, "start", "text")
            x += needed
        self.y += _LINE + _SPACE

    def _patch(self, at: int, x: float, y: float) -> Iterator[Shape]:
        if self.figure.kind == "line":
            yield Curve(((x, y + 5), (x + 16, y + 5)), self._colour(at), _DASHES[at])
        else:
            yield from self._box(at, x, y, 16, 11, "")

    def _colour(self, at: int) -> int:
        return len(COLOURS) - 1 if self.figure.series[at].rest else at

    def _box(self, at: int, x: float, y: float, wide: float, high: float, title: str) -> Iterator[Shape]:
        yield Box(x, y, wide, high, self._colour(at), title)
        if lines := tuple(_hatched(_PATTERNS[self._colour(at)], x, y, wide, high)):
            yield Strokes(lines, "hatch")

    def bars(self) -> None:
        """Bars one below the other, each with its label before it and its number behind it."""
        labels = [self.label(at) for at in range(len(self.figure.labels))]
        most_wide = int(self.wide * 0.34 / (SIZE * _EM))
        shown = [shortened(label, min(most_wide, _LONGEST)) for label in labels]
        left = max(map(_wide, shown)) + _SPACE
        marks = ticks(max(self._totals))
        right = self.wide - _wide(self.number(marks[-1])) - 2 * _SPACE
        scale = (right - left) / marks[-1]
        top = self.y
        high = len(labels) * (_BAR + _GAP) + _GAP
        grid = tuple([((left + mark * scale, top), (left + mark * scale, top + high)) for mark in marks[1:]])
        self.shapes += [Strokes(grid, "grid"), Strokes((((left, top), (left, top + high)),), "axis")]
        for at, text in enumerate(shown):
            y = top + _GAP + at * (_BAR + _GAP)
            middle = y + _BAR / 2 + SIZE * 0.36
            self.shapes.append(Label(left - _SPACE, middle, text, "end", "text"))
            x = left
            for number, series in enumerate(self.figure.series):
                if value := series.values[at]:
                    title = self._told(labels[at], series, value)
                    self.shapes += self._box(number, x, y, value * scale, _BAR, title)
                    x += value * scale
            self.shapes.append(Label(x + 4, middle, self.number(self._totals[at]), "start", "text"))
        self.y = top + high + SIZE + 2
        for mark in marks:
            self.shapes.append(Label(left + mark * scale, self.y, self.number(mark), "middle", "dim"))

    def _told(self, label: str, series: Series, value: int) -> str:
        parts = [label or "…", self.name(series)] if len(self.figure.series) > 1 else [label or "…"]
        return f"{', '.join(parts)}: {self.number(value)}"

    def upright(self) -> None:
        """Columns, or lines, over time from left to right."""
        figure = self.figure
        stacked = figure.kind == "columns"
        most = max(self._totals) if stacked else max(max(one.values) for one in figure.series)
        marks = ticks(most)
        left = _wide(self.number(marks[-1])) + _SPACE
        top, bottom = self.y + _SPACE, self.y + _SPACE + _HEIGHT
        scale = _HEIGHT / marks[-1]
        slot = (self.wide - left) / len(figure.labels)
        grid = tuple([((left, bottom - mark * scale), (self.wide, bottom - mark * scale)) for mark in marks[1:]])
        self.shapes += [Strokes(grid, "grid"), Strokes((((left, bottom), (self.wide, bottom)),), "axis")]
        for mark in marks:
            y = bottom - mark * scale + SIZE * 0.36
            self.shapes.append(Label(left - _SPACE, y, self.number(mark), "end", "dim"))
        if stacked:
            self._columns(left, bottom, slot, scale)
        else:
            self._lines(left, bottom, slot, scale)
        self.y = bottom + SIZE + 4
        self._times(left, slot)
        self.y = max(self.y, top)

    def _columns(self, left: float, bottom: float, slot: float, scale: float) -> None:
        thick = min(slot * 0.8, 40)
        for at in range(len(self.figure.labels)):
            y = bottom
            for number, series in enumerate(self.figure.series):
                if value := series.values[at]:
                    y -= value * scale
                    title = self._told(self.label(at), series, value)
                    x = left + at * slot + (slot - thick) / 2
                    self.shapes += self._box(number, x, y, thick, value * scale, title)

    def _lines(self, left: float, bottom: float, slot: float, scale: float) -> None:
        for number, series in enumerate(self.figure.series):
            places: tuple[Place, ...] = tuple(
                [(left + (at + 0.5) * slot, bottom - value * scale) for at, value in enumerate(series.values)]
            )
            self.shapes.append(Curve(places, self._colour(number), _DASHES[number]))
            if len(places) <= _DOTS:
                for at, (x, y) in enumerate(places):
                    title = self._told(self.label(at), series, series.values[at])
                    self.shapes.append(Box(x - 2, y - 2, 4, 4, self._colour(number), title))

    def _times(self, left: float, slot: float) -> None:
        """As many labels as have room."""
        free = left
        for at in range(len(self.figure.labels)):
            text = shortened(self.label(at), _LONGEST)
            middle = left + (at + 0.5) * slot
            half = _wide(text) / 2
            if text and middle - half >= free - _SPACE and middle + half <= self.wide:
                self.shapes.append(Label(middle, self.y, text, "middle", "dim"))
                free = middle + half + 2 * _SPACE


_DOTS = 70


def _wide(text: str) -> float:
    columns = width(text)
    return (columns * _EM + min(len(_BROAD.findall(text)), columns) * _MORE) * SIZE


def _hatched(pattern: str, x: float, y: float, wide: float, high: float) -> Iterator[tuple[Place, Place]]:
    """The lines of a pattern within a rectangle."""
    for one in pattern:
        if one == "-":
            yield from [((x, y + at), (x + wide, y + at)) for at in _steps(high)]
        elif one == "|":
            yield from [((x + at, y), (x + at, y + high)) for at in _steps(wide)]
        else:
            for at in _steps(wide + high):
                low, far = max(0.0, at - high), min(at, wide)
                if one == "/":
                    yield (x + low, y + at - low), (x + far, y + at - far)
                else:
                    yield (x + low, y + high - at + low), (x + far, y + high - at + far)


def _steps(length: float) -> Sequence[float]:
    return [number * _HATCH for number in range(1, math.ceil(length / _HATCH))]
