"""Where lines end, in text that is drawn one character after the other."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

_BETWEEN = ",;:/&?=_.|@-"
PARTS = re.compile(rf"[^{_BETWEEN}]*[{_BETWEEN}]+|[^{_BETWEEN}]+")
"""What a word that is too long for a line is cut into, if that is enough: each part ends in a sign."""


_UP_TO_SIGN = re.compile(rf".*[{_BETWEEN}]", re.DOTALL)


def cuts(text: str, ends: Sequence[int], room: float) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends. `ends[n]`: how wide the first n characters are; a line has at most `room`.

    Lines end between words. Only a word that is too long for a line of its own is cut: behind a sign if it has one,
    else anywhere. Spaces at the end of a line are left out, nothing else is.
    """
    size = len(text)
    if ends[size] <= room:
        yield 0, size
        return
    at = 0
    while at < size:
        limit = max(bisect_right(ends, ends[at] + room, lo=at) - 1, at + 1)
        end = size if limit >= size else _end(text, ends, room, at, limit)
        bare = end
        while bare > at and text[bare - 1] == " ":
            bare -= 1
        if bare > at:
            yield at, bare
        at = end
        while at < size and text[at] == " ":
            at += 1


def _end(text: str, ends: Sequence[int], room: float, at: int, limit: int) -> int:
    """Where the line that begins at `at` ends, of which no more than up to `limit` has room."""
    if text[limit] == " ":
        return limit
    space = text.rfind(" ", at, limit) + 1
    after = text.find(" ", limit)
    word = ends[after if after >= 0 else len(text)] - ends[max(space, at)]
    if space > at and word <= room:
        return space
    sign = _UP_TO_SIGN.match(text, max(space, at), limit)
    return sign.end() if sign else space if space > at else limit
