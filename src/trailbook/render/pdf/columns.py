"""How wide the columns are: by their labels, and by what the first rows hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

SAMPLE = 300
"""Rows that are looked at before the widths are chosen."""

_BREAKS = re.compile(r"[\s,;:/&?=_.|@-]+")
_LONGEST_WORD, _WIDEST = 9.0, 400.0
"""In ems: a word that is longer may be broken; a cell that is longer asks for no more room."""
_LONGEST_LABEL = 14.0
"""In ems: a longer label does not ask to stand on one line."""

_MOST_MEASURED = 800
_USUAL = 0.8
_STRETCH = 1.6
_STEPS = 30


class Wish(NamedTuple):
    """What a column needs, and what it would take to hold most of its cells on one line; in ems."""

    least: float
    wanted: float


def wishes(
    labels: Sequence[str],
    rows: Sequence[Sequence[str]],
    heavy: Callable[[str], float],
    light: Callable[[str], float],
) -> list[Wish]:
    """The wish of each column; `heavy` and `light` measure its label and its cells in ems."""
    columns = list(zip(*rows, strict=True)) or [()] * len(labels)
    return [_wish(label, column, heavy, light) for label, column in zip(labels, columns, strict=True)]


def _wish(label: str, cells: Sequence[str], heavy: Callable[[str], float], light: Callable[[str], float]) -> Wish:
    words = {word for cell in set(cells) for word in _BREAKS.split(cell[:_MOST_MEASURED])}
    longest = min(max(map(light, words), default=0.0) + light("-"), _LONGEST_WORD)
    least = max(longest, *(heavy(word) for word in label.split(" ")))
    whole = min(heavy(label), _LONGEST_LABEL)
    widths = sorted(max(light(line[:_MOST_MEASURED]) for line in cell.split("\n")) for cell in cells)
    usual = widths[int(_USUAL * (len(widths) - 1))] if widths else 0.0
    return Wish(least, max(least, whole, min(usual, _WIDEST)))


def fitted(asked: Sequence[Wish], room: float) -> list[float] | None:
    """Widths that fill at most `room`; None if it is too little.

    If not all can have what they want, all are cut in the same proportion, since the longest cell makes a row's height;
    but none below its least.
    """
    whole = sum(wish.wanted for wish in asked)
    if whole <= room:
        return [wish.wanted * min(room / whole, _STRETCH) for wish in asked] if whole else [room] * len(asked)
    if sum(wish.least for wish in asked) > room:
        return None
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if sum(max(wish.least, wish.wanted * middle) for wish in asked) > room:
            high = middle
        else:
            low = middle
    return [max(wish.least, wish.wanted * low) for wish in asked]
