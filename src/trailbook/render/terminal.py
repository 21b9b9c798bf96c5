"""Text for a terminal: nothing in it can move the cursor or reorder a line, and its width is known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Literal

from wcwidth import iter_graphemes, wcswidth

# Controls; soft hyphen; zero-width space; line separators, embeddings and overrides; isolates; byte order mark;
# interlinear annotations; lone surrogates; tags; joiners that join nothing. Other joiners and implicit direction marks
# stay: scripts need them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
    r"|(?<!\S)\u200d|\u200d(?!\S)"
)
_UNSAFE_IN_LINES = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_PIECES = re.compile(r" +|[^ ]+")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_MARKS = re.compile("[\u200e\u200f\u061c]")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
Style = Literal["bold", "dim", "red", "green", "yellow"]
_STYLES: Mapping[Style, str] = {
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "red": "\x1b[31m",
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
}
_END_STYLE = "\x1b[0m"


def safe(text: str, *, lines: bool = False) -> str:
    r"""`text` with controls and bidirectional overrides written out (`\x1b`, `\u202e`); line feeds stay if `lines`."""
    if text.isascii() and text.isprintable():
        return text
    return (_UNSAFE_IN_LINES if lines else _UNSAFE).sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    known = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}.get(code)
    return known or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def width(text: str) -> int:
    """The columns of a terminal that a line of safe text takes."""
    return len(text) if text.isascii() else max(wcswidth(text), 0)


def widest(text: str) -> int:
    """The width of the widest line of safe text."""
    return max(map(width, text.split("\n")))


def wrapped(text: str, room: int, most: int = 0) -> list[str]:
    """Safe text as lines of at most `room` columns (2 at least), broken between words where that can be.

    With `most`, longer text ends in a line such as `… +120` that says how many characters are left out.
    """
    found: list[str] = []
    left = len(text)
    for line in _lines(text, room):
        if most and len(found) == most:
            return [*found[:-1], _left_out(left + len(found[-1]), room)]
        found.append(line)
        left -= len(line)
    return found


def _left_out(characters: int, room: int) -> str:
    note = f"… +{characters}"
    return note if len(note) <= room else "…"


def _lines(text: str, room: int) -> Iterator[str]:
    for paragraph in text.split("\n"):
        line, used = "", 0
        for piece in _pieces(paragraph, room):
            size = width(piece)
            if used + size > room:
                yield line.rstrip(" ")
                line, used = "", 0
                if piece.isspace():
                    continue
            line, used = line + piece, used + size
        yield line


def _pieces(paragraph: str, room: int) -> Iterator[str]:
    """The words and the spaces between them, none wider than `room`."""
    if width(paragraph) <= room:
        yield paragraph
        return
    for piece in _PIECES.findall(paragraph):
        if width(piece) <= room:
            yield piece
        elif piece.isascii():
            yield from (piece[at : at + room] for at in range(0, len(piece), room))
        else:
            yield from _chopped(piece, room)


def _chopped(word: str, room: int) -> Iterator[str]:
    """A long word in parts of at most `room` columns, never cut within what is seen as one character."""
    part: list[str] = []
    used = 0
    for grapheme in iter_graphemes(word):
        size = width(grapheme)
        if used + size > room and part:
            yield "".join(part)
            part, used = [], 0
        part.append(grapheme)
        used += size
    yield "".join(part)


def padded(line: str, room: int, *, right: bool = False) -> str:
    """A line of a cell, filled up to `room` columns; right-to-left text is isolated so that it keeps to its cell."""
    # A word that was cut behind a joiner must not be joined to what follows its cell.
    line = line.removesuffix("\u200d")
    space = " " * (room - width(line))
    if not line.isascii() and (
        _MARKS.search(line) or any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in line)
    ):
        line = f"{_ISOLATE}{line}{_END_ISOLATE}"
    return space + line if right else line + space


def styled(text: str, style: Style, colour: bool) -> str:
    """`text` in a style, if colours are wanted."""
    return f"{_STYLES[style]}{text}{_END_STYLE}" if colour and text else text
