"""Making the index from the table alone: to rebuild it, or to compare it with what it should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from ...event.canonical import Sealed
from ...event.facets import VERSION
from ...event.model import Event
from ..ports import Progress
from .bodies import Bodies
from .entry import Entry, all_tokens, entries_with
from .lists import clear_lists, keep_lists, lists_of

CHUNK = 5_000


class Made(NamedTuple):
    """An event's row as the index should know it: its place, the number of its book, and its entry."""

    key: int
    book: int
    entry: Entry


def rebuild(connection: sqlite3.Connection, key: bytes, progress: Progress) -> None:
    """Make the index and the lists anew, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT INTO facet (facet) VALUES ('delete-all')")
        clear_lists(connection)
        for chunk in expected(connection, key, progress):
            connection.executemany("INSERT INTO facet (rowid, tokens) VALUES (?, ?)", tokens_of(chunk))
            keep_lists(connection, lists_of(chunk))
        connection.execute("UPDATE setting SET value = ? WHERE name = 'facets_version'", (VERSION,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def expected(connection: sqlite3.Connection, key: bytes, progress: Progress) -> Iterator[list[Made]]:
    """What the index should know of every event, in chunks by place."""
    bodies = Bodies()
    (total,) = connection.execute("SELECT count(*) FROM event").fetchone()
    done, last = 0, -(2**63)
    while True:
        sql = "SELECT key, book, body FROM event WHERE key > ? ORDER BY key LIMIT ?"
        rows = connection.execute(sql, (last, CHUNK)).fetchall()
        if not rows:
            return
        yield [Made(place, book, _entry(bodies.event(connection, body), key)) for place, book, body in rows]
        done, last = done + len(rows), rows[-1][0]
        progress(done, total)


def tokens_of(chunk: list[Made]) -> list[tuple[int, str]]:
    """Each place of a chunk with its tokens."""
    return [(made.key, all_tokens(made.entry)) for made in chunk]


def _entry(event: Event, key: bytes) -> Entry:
    return entries_with(key).make(Sealed(event, b"", b""))
