"""Showing a query that went wrong: its text made harmless, and a caret under the character that is meant."""

from __future__ import annotations

import unicodedata

from ..errors import BadQuery

_LONGEST_QUOTE = 60
_COLUMNS = 76


def visible(text: str) -> str:
    """`text` with each character that a terminal would act on or hide (controls, line ends, bidi) made visible."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    # The control pictures of Unicode, U+2400 to U+241F, stand for the C0 controls in order.
    return chr(0x2400 + ord(character)) if character < " " else "\ufffd"


def quoted(text: str) -> str:
    """A piece of a query as an error's sentence cites it: visible, at most 60 characters, in single quotes."""
    short = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return f"'{visible(short)}'"


def render_error(error: BadQuery) -> str:
    """Two lines: the query, or the part of it around the fault, and a caret under the character; empty without text.

    Columns are those of a terminal: East Asian wide characters take two (UAX #11), combining marks none.
    """
    if not error.text:
        return ""
    text = visible(error.text)
    at = min(error.at, len(text))
    start, shown = at, 0
    while start > 0 and shown + _width(text[start - 1]) <= _COLUMNS // 2:
        start -= 1
        shown += _width(text[start])
    before = shown
    end = at
    while end < len(text) and shown + _width(text[end]) <= _COLUMNS:
        shown += _width(text[end])
        end += 1
    head = "…" if start else ""
    tail = "…" if end < len(text) else ""
    return f"{head}{text[start:end]}{tail}\n{' ' * (len(head) + before)}^"


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
