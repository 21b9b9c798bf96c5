"""Text for a PDF: measured, wrapped, and set as lines of operators that draw it from wherever the pen is."""

from __future__ import annotations

import itertools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import uharfbuzz as hb
from wcwidth import iter_graphemes

from ..fonts import Face, Faces
from .cuts import PARTS, cuts
from .embed import Embedded
from .runs import Run, base, runs

_PIECES = re.compile(" +|[^ ]+")
_REMEMBERED = 20_000
_SHORT = 64
"""Characters of what is remembered; there are few such texts that are longer."""

_CODE = 4
_WHOLE = 1000
_SIMPLE = (
    (0x20, 0x58F), (0x10A0, 0x10FF), (0x1E00, 0x2DFF), (0x2E80, 0xA4CF), (0xA720, 0xA7FF), (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x1F000, 0x1FAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Characters that are drawn one after the other, none of which changes its form by its neighbours."""


class Line(NamedTuple):
    """Operators that draw a line, its width in points, and whether it belongs at the right edge."""

    operators: str
    width: float
    right: bool


class Block(NamedTuple):
    """Lines one below the other; `operators` draws them all from the left, each on the next line."""

    lines: tuple[Line, ...]
    operators: str
    right: bool


class _Codes(dict[int, str]):
    """For `str.translate`: the code of each character in one font."""

    def __init__(self, own: Embedded) -> None:
        self._own = own

    def __missing__(self, ordinal: int) -> str:
        character = chr(ordinal)
        code = self[ordinal] = self._own.code(self._own.face.glyph(character), character)
        return code


class _Widths(dict[str, int]):
    """The width of each character in one font."""

    def __init__(self, face: Face) -> None:
        self._face = face

    def __missing__(self, character: str) -> int:
        width = self[character] = self._face.advance(self._face.glyph(character))
        return width


class _Plain(dict[str, bool]):
    """Whether a character is drawn by the first font, whatever its neighbours are."""

    def __init__(self, faces: Faces) -> None:
        self._faces = faces

    def __missing__(self, character: str) -> bool:
        plain = self[character] = _simple(character) and self._faces.of(character) is self._faces.first
        return plain


class Setter:
    """Sets text in one size. `missing`: the characters that no font has, which are drawn as boxes."""

    def __init__(self, faces: Faces, embedded: Callable[[Face], Embedded], size: float) -> None:
        self.size = size
        self.missing: set[str] = set()
        self._faces = faces
        self._embedded = embedded
        self._tables: dict[Face, tuple[_Codes, _Widths]] = {}
        self._codes, self._widths = self._tables_of(faces.first)
        self.begin = f"/{embedded(faces.first).name} {size:g} Tf"
        self._plain = _Plain(faces)
        self._remembered = lru_cache(_REMEMBERED)(self._block)
        self._measured = lru_cache(_REMEMBERED)(self._measure)

    def width(self, text: str) -> float:
        """The width in points of a line of text."""
        return self._width(text) * self.size / _WHOLE

    def line(self, text: str, room: float = 0) -> Line:
        """A line that is not wrapped; with `room`, one that is too long ends in an ellipsis."""
        if room and self.width(text) > room:
            text = next(self._chopped(text, (room - self.width("…")) * _WHOLE / self.size)) + "…"
        return self._line(text, base(text), 0)

    def block(self, text: str, room: float) -> Block:
        """The text wrapped to lines of at most `room` points, none of it left out but for spaces at their ends."""
        # Long texts are seldom the same.
        return self._remembered(text, room) if len(text) <= _SHORT else self._block(text, room)

    def _block(self, text: str, room: float) -> Block:
        found: list[Line] = []
        for paragraph in text.split("\n"):
            found += self._paragraph(paragraph, room)
        return Block(tuple(found), " T* ".join([one.operators for one in found]), any(one.right for one in found))

    def _paragraph(self, text: str, room: float) -> list[Line]:
        if not self._is_plain(text):
            level = base(text)
            return [self._line(line, level, room) for line in self._wrap(text, room * _WHOLE / self.size)]
        ends = list(itertools.accumulate(map(self._widths.__getitem__, text), initial=0))
        codes = text.translate(self._codes)
        scale = self.size / _WHOLE
        return [
            Line(f"<{codes[_CODE * start : _CODE * end]}>Tj", (ends[end] - ends[start]) * scale, False)
            for start, end in cuts(text, ends, room / scale)
        ]

    def _wrap(self, paragraph: str, room: float) -> list[str]:
        if self._width(paragraph) <= room:
            return [paragraph]
        found, line, used = [], "", 0.0
        for piece in self._pieces(paragraph, room):
            width = self._width(piece)
            if used + width > room and (line or piece.isspace()):
                if line.strip(" "):
                    found.append(line.rstrip(" "))
                line, used = "", 0.0
                if piece.isspace():
                    continue
            line, used = line + piece, used + width
        return [*found, line] if line.strip(" ") or not found else found

    def _pieces(self, paragraph: str, room: float) -> Iterator[str]:
        """What a line may end after: words and spaces; of a word that is too long, its parts; of those, any part."""
        for word in _PIECES.findall(paragraph):
            if self._width(word) <= room:
                yield word
                continue
            for part in PARTS.findall(word):
                if self._width(part) <= room:
                    yield part
                else:
                    yield from self._chopped(part, room)

    def _chopped(self, part: str, room: float) -> Iterator[str]:
        """A long word in pieces, never cut within what is seen as one character."""
        single = list(iter_graphemes(part))
        ends = list(itertools.accumulate(map(self._width, single)))
        at, used = 0, 0.0
        while at < len(single):
            end = max(bisect_right(ends, used + room, lo=at), at + 1)
            yield "".join(single[at:end])
            at, used = end, ends[end - 1]

    def _width(self, text: str) -> float:
        """The width in 1000ths of the size: of what is not plain, the sum of its parts' widths."""
        if self._is_plain(text):
            return sum(map(self._widths.__getitem__, text))
        return sum(
            [self._measured(part) if len(part) <= _SHORT else self._measure(part) for part in PARTS.findall(text)]
        )

    def _measure(self, part: str) -> float:
        if self._is_plain(part):
            return sum(map(self._widths.__getitem__, part))
        return sum(self._drawn(run)[1] for run in runs(part, base(part), self._faces))

    def _is_plain(self, text: str) -> bool:
        """Whether the first font draws all of it, one character after the other."""
        return text.isascii() or all(map(self._plain.__getitem__, text))

    def _line(self, text: str, level: int, room: float) -> Line:
        if not level and self._is_plain(text):
            width = sum(map(self._widths.__getitem__, text)) * self.size / _WHOLE
            return Line(f"<{text.translate(self._codes)}>Tj", width, False)
        parts, whole = [], 0.0
        for run in runs(text, level, self._faces):
            if run.face is None:
                self.missing.update(run.text)
            operators, width = self._drawn(run)
            parts.append(operators)
            whole += width
        width = whole * self.size / _WHOLE
        drawn = " ".join(parts)
        if room and width > room:
            # Letters that join are not as wide together as one by one.
            drawn, width = f"{100 * room / width:.2f} Tz {drawn} 100 Tz", room
        return Line(f"{drawn} {self.begin}", width, bool(level))

    def _tables_of(self, face: Face) -> tuple[_Codes, _Widths]:
        found = self._tables.get(face)
        if found is None:
            found = self._tables[face] = _Codes(self._embedded(face)), _Widths(face)
        return found

    def _drawn(self, run: Run) -> tuple[str, float]:
        """The operators of a run, and its width in 1000ths of the size."""
        face = run.face or self._faces.first
        font = self._embedded(face)
        begin = f"/{font.name} {self.size:g} Tf"
        if run.face is None:
            boxes = font.code(0, "") * len(run.text)
            return f"{begin} {_meaning(run.text)} <{boxes}>Tj EMC", face.advance(0) * len(run.text)
        if run.level % 2 == 0 and all(map(_simple, run.text)):
            codes, widths = self._tables_of(face)
            return f"{begin} <{run.text.translate(codes)}>Tj", sum(map(widths.__getitem__, run.text))
        shown, width = _shaped(run, face, font, self.size)
        return (f"{begin} {shown}" if run.level % 2 else f"{begin} {_meaning(run.text)} {shown} EMC"), width


@lru_cache(_REMEMBERED)
def _simple(character: str) -> bool:
    code = ord(character)
    return any(low <= code <= high for low, high in _SIMPLE) and unicodedata.category(character)[0] not in "MC"


def _meaning(text: str) -> str:
    """Begins what stands for this text, whatever its glyphs are: what is found and copied in a reader of PDFs."""
    return f"/Span<</ActualText<feff{text.encode('utf-16-be').hex()}>>>BDC"


def _shaped(run: Run, face: Face, font: Embedded, size: float) -> tuple[str, float]:
    """The glyphs of a run where its script wants them.

    From right to left each cluster carries its own text, since readers of PDFs put such glyphs back into the order in
    which they are read; a text for the whole run they would turn round.
    """
    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.direction = "rtl" if run.level % 2 else "ltr"
    buffer.guess_segment_properties()
    hb.shape(face.font, buffer)
    shown: list[str] = []
    pen, start, height = 0.0, 0.0, 0.0
    infos = buffer.glyph_infos
    texts = _clusters(run.text, [info.cluster for info in infos]) if run.level % 2 else [""] * len(infos)
    for info, position, text in zip(infos, buffer.glyph_positions, texts, strict=True):
        rise = position.y_offset * face.scale
        if rise != height:
            shown.append(f"]TJ {rise * size / _WHOLE:.3f} Ts [")
            height = rise
        if back := round(pen - start - position.x_offset * face.scale):
            shown.append(str(back))
        shown.append(f"<{font.code(info.codepoint, text)}>")
        pen += face.advance(info.codepoint) - back
        start += position.x_advance * face.scale
    shown.append(f"{pen - start:.0f}]TJ" + (" 0 Ts" if height else ""))
    return "[" + "".join(shown), start


def _clusters(text: str, starts: Sequence[int]) -> list[str]:
    """For each glyph of a run from right to left the characters that it shows; the first of a cluster shows all."""
    ends = dict(itertools.pairwise([*sorted(set(starts)), len(text)]))
    return [text[start : ends[start]] if at == 0 or starts[at - 1] != start else "" for at, start in enumerate(starts)]
