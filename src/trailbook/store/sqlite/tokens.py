"""Tokens: how a facet, a word or an address is written in the index, and the numbers of texts that rows share.

A word's token is its beginning, or all of it. What other tokens begin with is in no word: `+` or `/`; `z` alone would
be a word of one letter, and these have no tokens.
"""

from __future__ import annotations

import re
import sqlite3
from binascii import b2a_base64
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import AnyStr

from ...event.text import long_ascii_words, long_words, pieces

EVERY = "z"
"""The token that every event carries, since NOT needs something to stand on the left of it."""

LONGEST_NUMBERED = 12
"""Of a word with digits or dots the index keeps so many characters: it is rarely shared, and long if it is an id."""

_RANDOM_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_LONGEST_REMEMBERED, _MOST_REMEMBERED = 40, 1 << 14
_CHUNK = 500
_CACHE_LIMIT = 500_000


def facet_token(facet: str, key: bytes) -> str:
    """The token of a facet: 63 bits of a hash keyed by the store, so that no one can make two facets collide.

    Twelve base64 characters in lower case, as the index folds them.
    """
    hashed = _keyed(key).copy()
    hashed.update(facet.encode())
    return "+" + b2a_base64(hashed.digest(), newline=False).decode().lower()


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> blake2b:
    return blake2b(digest_size=9, key=key)


def frequent_token(facet: str, key: bytes) -> str:
    """The token of a facet that many events have, among them addresses: worth remembering."""
    return address_token(facet[3:]) if facet.startswith("ip:") else facet_token(facet, key)


def found_by_word(reference: str) -> str:
    """The word that finds a reference (`calls/42`, or an id) as well as a token of its own would; empty if none does.

    It is the id, or what the id ends in, if that is a UUID of version 4 or 7 (RFC 9562, sections 5.4 and 5.7): few
    others begin like these. Other events may hold the word elsewhere.
    """
    last = reference.rpartition("/")[2]
    return last if _RANDOM_UUID.fullmatch(last) else ""


def word_token(word: AnyStr) -> AnyStr:
    """The token of a folded word; other words may have the same unless `is_told_apart`."""
    return word if len(word) <= LONGEST_NUMBERED or word.isalpha() else word[:LONGEST_NUMBERED]


def is_told_apart(word: str) -> bool:
    """Whether no other word has the token of this one."""
    return len(word) < LONGEST_NUMBERED or word.isalpha()


class _OddTokens(dict[bytes, bytes]):
    """The tokens of pieces of text that are more than a short word. Those of the shorter ones are remembered."""

    def __missing__(self, piece: bytes) -> bytes:
        if piece.isascii():
            tokens = b" ".join(map(word_token, long_ascii_words(piece)))
        else:
            tokens = " ".join(map(word_token, long_words(piece.decode()))).encode()
        if len(piece) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[piece] = tokens
        return tokens


_odd_tokens = _OddTokens()


def word_tokens(texts: Iterable[str]) -> str:
    """The tokens of the words in any of the texts, separated by spaces; single letters and digits have none."""
    tokens = [
        piece if len(piece) <= LONGEST_NUMBERED and piece.isalnum() else _odd_tokens[piece]
        for piece in pieces(texts)
        if len(piece) > 1
    ]
    return b" ".join(tokens).decode()


def address_token(address: str) -> str:
    """The token of an address in hexadecimal digits."""
    return "/" + address


def what_token(what: str, key: bytes) -> str:
    """The token of a combination of resource, action, application and outcome, given as text."""
    return facet_token(f"what:{what}", key)


class Numbers:
    """The numbers of texts in one of the tables that rows refer to. Remembered only once they were committed."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._known: dict[str, int] = {}
        self._pending: dict[str, int] = {}

    def number_all(self, connection: sqlite3.Connection, texts: Iterable[str]) -> dict[str, int]:
        """The numbers of `texts`, given out where they had none. Call it inside a write transaction."""
        wanted = set(texts)
        found = {text: self._known[text] for text in wanted if text in self._known}
        missing = sorted(wanted - found.keys())
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            sql = f"SELECT text, id FROM {self._table} WHERE text IN ({','.join('?' * len(chunk))})"
            found.update(connection.execute(sql, chunk).fetchall())
        for text in missing:
            if text not in found:
                sql = f"INSERT INTO {self._table} (text) VALUES (?)"
                found[text] = int(connection.execute(sql, (text,)).lastrowid or 0)
            self._pending[text] = found[text]
        return found

    def committed(self) -> None:
        """The transaction was committed: what it numbered may be remembered."""
        if len(self._known) > _CACHE_LIMIT:
            self._known.clear()
        self._known.update(self._pending)
        self._pending.clear()

    def rolled_back(self) -> None:
        """The transaction was undone: forget what it numbered."""
        self._pending.clear()
