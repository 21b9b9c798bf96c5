"""Tokens: how a facet, a word or an address is written in the index, and the dictionary that numbers them."""

from __future__ import annotations

import sqlite3
from base64 import b32encode
from collections.abc import Iterable
from hashlib import blake2b

EVERY = "z"
"""The token that every event carries, since NOT needs something to stand on the left of it."""

HASHED = ("related:", "request:")
"""Facets that are nearly unique: a hash of them is the token, and they get no row in the dictionary."""

_CHUNK = 500
_CACHE_LIMIT = 500_000


def hashed_token(text: str, key: bytes) -> str:
    """The token of a nearly unique facet: 64 bits of a hash keyed by the store, so that no one can make two collide."""
    return "h" + b32encode(blake2b(text.encode(), digest_size=8, key=key).digest())[:13].decode().lower()


def word_token(word: str) -> str:
    """The token of a folded word."""
    return "w" + word


def address_token(address: str) -> str:
    """The token of an address in hexadecimal digits."""
    return "i" + address


def what_token(what: int) -> str:
    """The token of a combination of resource, action, application and outcome."""
    return f"q{what}"


class Numbers:
    """The numbers of texts in one of the dictionary tables. What was numbered is remembered only once committed."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._known: dict[str, int] = {}
        self._pending: dict[str, int] = {}

    def known(self) -> dict[str, int]:
        """The committed numbers met so far; only for reading."""
        return self._known

    def number_all(self, connection: sqlite3.Connection, texts: Iterable[str]) -> dict[str, int]:
        """The numbers of `texts`, given out where they had none. Call it inside a write transaction."""
        found = {text: self._known[text] for text in texts if text in self._known}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT text, id FROM {self._table} WHERE text IN ({marks})"
            self._pending.update(connection.execute(sql, chunk).fetchall())
        for text in missing:
            if text not in self._pending:
                sql = f"INSERT INTO {self._table} (text) VALUES (?)"
                self._pending[text] = int(connection.execute(sql, (text,)).lastrowid or 0)
            found[text] = self._pending[text]
        return found

    def number(self, connection: sqlite3.Connection, text: str) -> int | None:
        """The number of one text, or None. Remembers it: call it outside of write transactions."""
        if text in self._known:
            return self._known[text]
        row = connection.execute(f"SELECT id FROM {self._table} WHERE text = ?", (text,)).fetchone()
        if row is not None:
            self._known[text] = row[0]
        return None if row is None else int(row[0])

    def starting(self, connection: sqlite3.Connection, prefix: str, limit: int) -> list[tuple[str, int]]:
        """At most `limit` texts that begin so, with their numbers."""
        sql = f"SELECT text, id FROM {self._table} WHERE text >= ? AND text < ? LIMIT ?"
        return connection.execute(sql, (prefix, prefix + "\U0010ffff", limit)).fetchall()

    def committed(self) -> None:
        """The transaction was committed: what it numbered may be remembered."""
        if len(self._known) > _CACHE_LIMIT:
            self._known.clear()
        self._known.update(self._pending)
        self._pending.clear()

    def rolled_back(self) -> None:
        """The transaction was undone: forget what it numbered."""
        self._pending.clear()
