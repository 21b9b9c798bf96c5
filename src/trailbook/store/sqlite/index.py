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
from .entry import make_entry

CHUNK = 5_000


class Indexed(NamedTuple):
    """An event's key with the tokens that the index should have for it."""

    key: int
    tokens: str


def rebuild(connection: sqlite3.Connection, key: bytes, progress: Progress) -> None:
    """Make the index anew, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT INTO facet (facet) VALUES ('delete-all')")
        for chunk in expected(connection, key, progress):
            connection.executemany("INSERT INTO facet (rowid, tokens) VALUES (?, ?)", chunk)
        connection.execute("UPDATE setting SET value = ? WHERE name = 'facets_version'", (VERSION,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def expected(connection: sqlite3.Connection, key: bytes, progress: Progress) -> Iterator[list[Indexed]]:
    """The tokens that every event should have, in chunks by key."""
    bodies = Bodies()
    (total,) = connection.execute("SELECT count(*) FROM event").fetchone()
    done, last = 0, -(2**63)
    while True:
        sql = "SELECT key, body FROM event WHERE key > ? ORDER BY key LIMIT ?"
        rows = connection.execute(sql, (last, CHUNK)).fetchall()
        if not rows:
            return
        yield [Indexed(row, _tokens(bodies.event(connection, body), key)) for row, body in rows]
        done, last = done + len(rows), rows[-1][0]
        progress(done, total)


def _tokens(event: Event, key: bytes) -> str:
    return make_entry(Sealed(event, b"", b""), key).tokens()
