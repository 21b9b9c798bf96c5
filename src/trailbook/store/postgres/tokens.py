"""Tokens: how a facet, a word or an address is written in the index, as texts that have numbers or as hashes."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable
from functools import lru_cache
from hashlib import blake2b

from ...event.text import long_words, pieces
from .. import entry

LONGEST = 200
"""Of a facet that is numbered, so many characters count; longer ones share a number, and are looked at again."""
LONGEST_WORD = 24
"""The same of a word of letters."""
SHORT = 4
"""Words of so few characters are numbered whatever they are of: there are not many of them."""
BEGINNING = 3
"""Longer words with digits are hashed; by so many characters of theirs, which have a number, a beginning finds them."""
ID_BUCKETS, WORD_BUCKETS = 1 << 19, 1 << 17
"""Of hashes. What few events have shares its lists, which take less room than a list for each (a list of one row is
some 25 bytes long, each row of a longer one 3), and is looked at again."""

ADDRESS_DIGITS = {"4": (4, 6, 8), "6": (8, 12, 16, 32)}
"""How many hexadecimal digits of an address are tokens, by its version: 16, 24 and 32 bits; 32, 48, 64 and 128."""

_LONGEST_REMEMBERED, _MOST_REMEMBERED = 40, 1 << 14


Tokens = tuple[str | bytes, ...]
"""The tokens of facets and words: texts that have numbers, and hashes, as elements of an array already."""
Entry = entry.Entry[Tokens]

_ELEMENT = struct.Struct(">ii")


def element(token: int) -> bytes:
    """A token as an element of an array, as COPY takes it."""
    return _ELEMENT.pack(4, token)


def token_of(element: bytes) -> int:
    """The token of an element of an array."""
    return int(_ELEMENT.unpack(element)[1])


def _hashed(text: str, key: bytes) -> int:
    hash = _keyed(key).copy()
    hash.update(text.encode())
    return int.from_bytes(hash.digest(), "big")


def hashed_word(word: str, key: bytes) -> int:
    """The token of a word that is not numbered; others may have the same."""
    return -1 - _hashed(f"w:{word}", key) % WORD_BUCKETS


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> blake2b:
    return blake2b(digest_size=6, key=key)


def reference(id: str, key: bytes) -> int:
    """The token of whatever bears an id, of any kind; others may have the same."""
    return -1 - WORD_BUCKETS - _hashed(f"id:{id}", key) % ID_BUCKETS


def request(id: str, key: bytes) -> int:
    """The token of a request's id; others may have the same."""
    return -1 - WORD_BUCKETS - _hashed(f"request:{id}", key) % ID_BUCKETS


def is_numbered(word: str) -> bool:
    """Whether a word has a number rather than a hash."""
    return len(word) <= SHORT or word.isalpha()


def word_text(word: str) -> str:
    """The text of a word that has a number."""
    return f"w:{word[:LONGEST_WORD]}"


def beginning(word: str) -> str:
    """The text of how a word with digits begins."""
    return f"p:{word[:BEGINNING]}"


def address_texts(address: str) -> list[str]:
    """The texts of an address in hexadecimal digits after its version, and of the networks around it."""
    return [f"ip:{address[: 1 + digits]}" for digits in ADDRESS_DIGITS[address[0]]]


class Entries(entry.Entries[Tokens]):
    """See `store.entry`; `key` is the store's own, for hashes."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._words = _Words(key)
        self._key = key

    def indexed(self, facets: Collection[str], texts: Iterable[str]) -> Tokens:
        """See `store.entry`."""
        found: set[str | bytes] = set()
        for facet in facets:
            if facet.startswith("related:"):
                found.add(element(reference(facet.split("/", 1)[1], self._key)))
            elif facet.startswith("request:"):
                found.add(element(request(facet.removeprefix("request:"), self._key)))
            elif facet.startswith("ip:"):
                found.update(address_texts(facet[3:]))
            else:
                found.add(facet[:LONGEST])
        found.update(*map(self._words.__getitem__, pieces(texts)))
        return tuple(found)


class _Words(dict[bytes, Tokens]):
    """The tokens of the words in pieces of text. Those of short ones are remembered: most come again and again."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, piece: bytes) -> Tokens:
        several: set[str | bytes] = set()
        for word in long_words(piece.decode()):
            if is_numbered(word):
                several.add(word_text(word))
            else:
                several.add(beginning(word))
                several.add(element(hashed_word(word, self._key)))
        found = tuple(several)
        if len(piece) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[piece] = found
        return found
