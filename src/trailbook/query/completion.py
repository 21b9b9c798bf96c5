"""Completing a query while it is typed: the piece at its end, and what of the language may stand there."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..event.text import fold
from .language import ALIASES, KEYS, VALUES
from .periods import NAMES

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*):")


class Piece(NamedTuple):
    """What is typed at the end of a query: where it begins, the key that it is a value of, and its text so far.

    `key` is as the language writes it, empty while the piece may still become one. `quoted`: it begins with a
    quotation mark, which `at` is before and `text` without.
    """

    at: int
    key: str
    text: str
    quoted: bool = False


def last_piece(query: str) -> Piece:
    """The piece at the end of a query, which need not be whole."""
    at, comma, within = 0, -1, False
    for number, character in enumerate(query):
        if character == '"' and query[number - 1 : number] != "\\":
            within = not within
        elif not within and (character.isspace() or character in "()"):
            at, comma = number + 1, -1
        elif not within and character == ",":
            comma = number
    if query.startswith("-", at):
        at += 1
    found = _KEY.match(query, at)
    if found is None:
        return Piece(at, "", query[at:])
    key = found[1].lower()
    start = max(found.end(), comma + 1)
    quoted = query.startswith('"', start)
    text = re.sub(r'\\(["\\])', r"\1", query[start + quoted :])
    return Piece(start, ALIASES.get(key, key), text, quoted)


def words_for(piece: Piece) -> list[str]:
    """What of the language may stand for the piece: keys with their colon, or the words that its key takes."""
    if not piece.key:
        return [f"{key}:" for key in KEYS if key.startswith(piece.text.lower())]
    periods = tuple(NAMES) if piece.key in ("since", "until", "during") else ()
    return [word for word in (*VALUES.get(piece.key, ()), *periods) if word.startswith(fold(piece.text))]


def completed(query: str) -> list[str]:
    """The query with each of the words of the language that may stand at its end."""
    piece = last_piece(query)
    return [query[: piece.at] + word for word in words_for(piece)]
