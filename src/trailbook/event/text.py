"""Folding text and splitting it into words: the one place that says when two texts are the same to a search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST_WORD = 64

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])"
_NUMBERS = r"[0-9]+(?:[.-][0-9]+)+"
_HAN_AND_KANA = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


def _patterns(shortest: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds words in ASCII and in any text; `shortest` is that of a run of letters and digits."""
    return (
        re.compile(f"{_UUID}|{_NUMBERS}|[0-9a-z]{{{shortest},}}"),
        re.compile(f"{_UUID}|{_NUMBERS}|[{_HAN_AND_KANA}]|[^\\W_{_HAN_AND_KANA}]{{{shortest},}}"),
    )


_EVERY, _LONG = _patterns(1), _patterns(2)
_LONG_IN_BYTES = re.compile(_LONG[0].pattern.encode())
_ASCII_APART = bytes(ord(c.lower() if c.isalnum() or c in ".-" else " ") for c in map(chr, range(128)))
_APART = _ASCII_APART + bytes(range(128, 256))
"""Folds ASCII in UTF-8, and puts spaces for what no word holds."""


class _Folding(dict[int, str]):
    """What each character folds to, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        bare = _without_marks(chr(code)).casefold()
        folded = self[code] = _without_marks(bare)
        return folded


def _without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


_folding = _Folding()


def fold(text: str) -> str:
    """`text` without case, accents and width, so that `MÜLLER` is `muller`; folding twice changes nothing."""
    return text.lower() if text.isascii() else text.translate(_folding)


def words(text: str) -> list[str]:
    """The folded words of `text` in order.

    A word is a run of letters and digits; a Han or kana character by itself; numbers joined by `.` or `-` (addresses,
    dates, versions); a UUID. A word counts by its first 64 characters.
    """
    return _words(text, _EVERY)


def long_words(text: str) -> list[str]:
    """The words of `text` without single letters and digits: those that are worth an entry in an index."""
    if text.isascii() and text.isalnum() and 1 < len(text) <= LONGEST_WORD:
        return [text.lower()]
    return _words(text, _LONG)


def long_ascii_words(piece: bytes) -> list[bytes]:
    """The same of one of the `pieces` that is ASCII."""
    if len(piece) <= LONGEST_WORD:
        return _LONG_IN_BYTES.findall(piece)
    return [word.encode() for word in long_words(piece.decode())]


def pieces(texts: Iterable[str]) -> list[bytes]:
    """What texts fall into where no word goes on, in UTF-8: their words are those of the pieces, in order.

    ASCII is in lower case, so that a piece of nothing but its letters and digits is a word, or too long for one.
    """
    return "\n".join(texts).encode().translate(_APART).split()


def _words(text: str, patterns: tuple[re.Pattern[str], re.Pattern[str]]) -> list[str]:
    folded = fold(text)
    found = patterns[not folded.isascii()].findall(folded)
    if len(folded) <= LONGEST_WORD:
        return found
    return [word if len(word) <= LONGEST_WORD else word[:LONGEST_WORD].rstrip(".-") for word in found]
