"""Folding text and splitting it into words: the one place that says when two texts are the same to a search."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 64

_ASCII_WORD = re.compile(r"[0-9a-z]+")
_WORD = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|"
    "[^\\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def fold(text: str) -> str:
    """`text` without case, accents and width, so that `MÜLLER` is `muller`; folding twice changes nothing."""
    if text.isascii():
        return text.lower()
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    again = unicodedata.normalize("NFKD", bare.casefold())
    return "".join(c for c in again if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words of `text` in order: runs of letters and digits, each Han or kana character by itself.

    A word counts by its first 64 characters.
    """
    folded = fold(text)
    found = _ASCII_WORD.findall(folded) if folded.isascii() else _WORD.findall(folded)
    if len(folded) <= LONGEST_WORD:
        return found
    return [word[:LONGEST_WORD] for word in found]
