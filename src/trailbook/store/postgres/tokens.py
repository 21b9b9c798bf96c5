"""Tokens: how a facet, a word or an address is written in the index, as texts that have numbers or as hashes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

from ...event.text import long_words, pieces
from .. import entry
from ..entry import Part

K = TypeVar("K")

LONGEST = 200
"""Of a facet that is numbered, so many characters count; longer ones share a number, and are looked at again."""
LONGEST_WORD = 24
"""The same of a word of letters."""
SHORT = 4
"""Words of so few characters are numbered whatever they are of: there are not many of them."""
BEGINNING = 3
"""Longer words with digits are hashed, those that share their first two or three characters near each other."""
_BITS_OF_TWO, _BITS_OF_THREE, _BITS_OF_WORD = 9, 5, 4
"""Of the hash of a word: bits that its first two characters give, its first three, and all of it."""
WORD_BUCKETS = 1 << _BITS_OF_TWO + _BITS_OF_THREE + _BITS_OF_WORD
ID_BUCKETS = 1 << 17
"""Of hashes. What few events have shares its lists, which take less room than a list for each (a list of one row is
some 25 bytes long, each row of a longer one 3), and is looked at again."""

DAY = 86_400_000_000
_FIRST_DAY, _LAST_DAY = -11_000, 37_000
"""Of those before and after these, all have one token."""

ADDRESS_DIGITS = {"4": (4, 6, 8), "6": (8, 12, 16, 32)}
"""How many hexadecimal digits of an address are tokens, by its version: 16, 24 and 32 bits; 32, 48, 64 and 128."""

_LONGEST_REMEMBERED, _MOST_REMEMBERED = 40, 1 << 14
_MOST_PARTS = 50_000

Known = Callable[[], Mapping[str, bytes]]
"""Gives the numbers that texts are known to have, as elements of an array."""


class Tokens(NamedTuple):
    """What the index is given of a part of an event: elements of an array one after the other, and texts of which no
    number is known."""

    elements: bytes
    texts: tuple[str, ...]


Entry = entry.Entry[Tokens]

_ELEMENT = struct.Struct(">ii")
ELEMENT_BYTES = _ELEMENT.size


def element(token: int) -> bytes:
    """A token as an element of an array, as COPY takes it."""
    return _ELEMENT.pack(4, token)


def token_of(element: bytes) -> int:
    """The token of an element of an array."""
    return int(_ELEMENT.unpack(element)[1])


def hashed_word(word: str) -> int:
    """The token of a word that is not numbered; others may have the same."""
    return -1 - (_begun(word) | crc32(word.encode()) % (1 << _BITS_OF_WORD))


def hashed_words(begun: str) -> range:
    """The tokens of all words that begin so, by two characters or more, and are not numbered; others may have them."""
    several = 1 << _BITS_OF_WORD
    if len(begun) < BEGINNING:
        several <<= _BITS_OF_THREE
    first = _begun(begun) // several * several
    return range(-first - several, -first)


@lru_cache(maxsize=1 << 15)
def _begun_as(beginning: str) -> int:
    two = crc32(beginning[:2].encode()) % (1 << _BITS_OF_TWO)
    three = crc32(beginning.encode()) % (1 << _BITS_OF_THREE)
    return (two << _BITS_OF_THREE | three) << _BITS_OF_WORD


def _begun(word: str) -> int:
    """The bits of a word's hash that its first characters give."""
    return _begun_as(word[:BEGINNING])


def reference(id: str) -> int:
    """The token of whatever bears an id, of any kind; others may have the same."""
    return -1 - WORD_BUCKETS - crc32(f"id:{id}".encode()) % ID_BUCKETS


def request(id: str) -> int:
    """The token of a request's id; others may have the same."""
    return -1 - WORD_BUCKETS - crc32(f"request:{id}".encode()) % ID_BUCKETS


def day_token(micros: int) -> int:
    """The token of the day (UTC) that a time is in (microseconds, see `keys`)."""
    return _token_of_day(micros // DAY)


def _token_of_day(day: int) -> int:
    return -1 - WORD_BUCKETS - ID_BUCKETS - (min(max(day, _FIRST_DAY), _LAST_DAY) - _FIRST_DAY)


@lru_cache(maxsize=4096)
def _element_of_day(day: int) -> bytes:
    return element(_token_of_day(day))


def is_numbered(word: str) -> bool:
    """Whether a word has a number rather than a hash."""
    return len(word) <= SHORT or word.isalpha()


def word_text(word: str) -> str:
    """The text of a word that has a number."""
    return f"w:{word[:LONGEST_WORD]}"


def address_texts(address: str) -> list[str]:
    """The texts of an address in hexadecimal digits after its version, and of the networks around it."""
    return [f"ip:{address[: 1 + digits]}" for digits in ADDRESS_DIGITS[address[0]]]


def array_of(entry: Entry, numbers: Mapping[str, bytes]) -> bytes:
    """All tokens of an event as elements of an array, one after the other; texts without a number have none.

    What several parts of the event have may be there more than once.
    """
    parts = entry.indexed()
    several = [part.elements for part in parts]
    several += [numbers[text] for part in parts if part.texts for text in part.texts if text in numbers]
    several.append(_element_of_day(entry.micros // DAY))
    return b"".join(several)


def elements_of(array: bytes) -> set[bytes]:
    """The elements that stand one after the other."""
    return {array[at : at + ELEMENT_BYTES] for at in range(0, len(array), ELEMENT_BYTES)}


class Entries(entry.Entries[Tokens]):
    """See `store.entry`. What has texts without a number is not remembered."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._words = _Words(known)
        self._known = known

    def remembering(self, make: Callable[[K], Part[Tokens]]) -> Callable[[K], Part[Tokens]]:
        """See `store.entry`."""
        return _Parts(make).__getitem__

    def indexed(self, facets: Collection[str], texts: Iterable[str]) -> Tokens:
        """See `store.entry`."""
        number = self._known().get
        found: set[Any] = set(map(self._words.__getitem__, pieces(texts)))
        for facet in facets:
            if facet.startswith("related:"):
                found.add(element(reference(facet.split("/", 1)[1])))
            elif facet.startswith("request:"):
                found.add(element(request(facet[8:])))
            elif facet.startswith("ip:"):
                found.update(number(text, text) for text in address_texts(facet[3:]))
            else:
                text = facet[:LONGEST]
                found.add(number(text, text))
        try:
            return Tokens(b"".join(found), ())
        except TypeError:
            return _told_apart(found)


def _told_apart(found: Iterable[bytes | str | tuple[str | bytes, ...]]) -> Tokens:
    """What has a number, and what has none yet."""
    each = {one for several in found for one in (several if isinstance(several, tuple) else (several,))}
    return Tokens(
        b"".join(one for one in each if isinstance(one, bytes)),
        tuple(one for one in each if isinstance(one, str)),
    )


class _Parts(dict[K, Part[Tokens]]):
    """The parts that `make` gives."""

    def __init__(self, make: Callable[[K], Part[Tokens]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> Part[Tokens]:
        part = self._make(key)
        if not part.indexed.texts:
            if len(self) >= _MOST_PARTS:
                self.clear()
            self[key] = part
        return part


class _Words(dict[bytes, bytes | tuple[str | bytes, ...]]):
    """The elements of the words in pieces of text; with them the texts of those that have no number yet, if any.

    Those of short pieces come again and again.
    """

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, piece: bytes) -> bytes | tuple[str | bytes, ...]:
        known = self._known()
        found: list[Any] = []
        for word in long_words(piece.decode()):
            if is_numbered(word):
                text = word_text(word)
                found.append(known.get(text, text))
            else:
                found.append(element(hashed_word(word)))
        try:
            elements = b"".join(found)
        except TypeError:
            return tuple(found)
        if len(piece) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[piece] = elements
        return elements
