"""A line of any script as runs in the order in which they stand on paper, each of one direction and one font."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from bidi.algorithm import (
    explicit_embed_and_overrides,
    get_base_level,
    get_embedding_levels,
    get_empty_storage,
    resolve_implicit_levels,
    resolve_neutral_types,
    resolve_weak_types,
)

from ..fonts import Face, Faces

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
"""The blocks whose letters and digits are of a bidirectional class other than left to right (R, AL, AN)."""

_KEEP_TO_THEIR_NEIGHBOUR = frozenset({"Mn", "Mc", "Me", "Cf", "Zs"})


class Run(NamedTuple):
    """Text in logical order, its embedding level (odd: right to left), and the font that has it (None: no font)."""

    text: str
    level: int
    face: Face | None


def turns(text: str) -> bool:
    """Whether some of the text runs from right to left."""
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None


def base(paragraph: str) -> int:
    """1 if the paragraph as a whole runs from right to left, else 0: what its first letter does."""
    return int(get_base_level(paragraph)) if turns(paragraph) else 0


def runs(line: str, base: int, faces: Faces) -> list[Run]:
    """The runs of a line, from left to right (UAX #9, L2)."""
    return _ordered(_logical(line, _levels(line, base) if base or turns(line) else [0] * len(line), faces))


def _levels(line: str, base: int) -> list[int]:
    """The embedding level of each character (UAX #9); what has none of its own takes its neighbour's."""
    storage = get_empty_storage()
    storage["base_level"], storage["base_dir"] = base, "LR"[base]
    get_embedding_levels(line, storage)
    for rule in (explicit_embed_and_overrides, resolve_weak_types, resolve_neutral_types, resolve_implicit_levels):
        rule(storage, False)
    known = iter([one["level"] for one in storage["chars"]])
    found: list[int] = []
    for one in line:
        found.append((found[-1] if found else base) if unicodedata.bidirectional(one) == "BN" else next(known))
    return found


def _logical(line: str, levels: Sequence[int], faces: Faces) -> list[Run]:
    found: list[Run] = []
    for one, level in zip(line, levels, strict=True):
        last = found[-1] if found else None
        face = faces.of(one)
        if last and face is not last.face and last.face and _stays(one, last.face):
            face = last.face
        if last and (last.level, last.face) == (level, face):
            found[-1] = Run(last.text + one, level, face)
        else:
            found.append(Run(one, level, face))
    return found


def _stays(character: str, face: Face) -> bool:
    """Whether a character that belongs to its neighbour can be drawn by the neighbour's font."""
    category = unicodedata.category(character)
    return category == "Cf" or (category in _KEEP_TO_THEIR_NEIGHBOUR and ord(character) in face.characters)


def _ordered(found: list[Run]) -> list[Run]:
    """From the highest level down to the lowest odd one, each stretch of that level or above is turned round."""
    highest = max((run.level for run in found), default=0)
    lowest = min((run.level for run in found if run.level % 2), default=highest + 1)
    for level in range(highest, lowest - 1, -1):
        at = 0
        while at < len(found):
            end = at
            while end < len(found) and found[end].level >= level:
                end += 1
            found[at:end] = found[at:end][::-1]
            at = end + 1
    return found
