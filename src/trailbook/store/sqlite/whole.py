"""Books as they are kept, by position: what copying a trail to another store reads."""

from __future__ import annotations

import sqlite3

from ...errors import Damaged
from ...event.canonical import Sealed
from ...event.model import Event
from ...seal.tree import leaf_hash
from ..bodies import LOOK, decoded
from ..keys import key_at
from ..plan import pack_id
from ..ports import Kept
from .bodies import Bodies

_CHUNK = 500


class WholeBooks:
    """Reads whole books on one connection. Not shared between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._bodies = Bodies()

    def leaves(self, book: str, start: int, limit: int) -> list[bytes]:
        """See `ports.Whole.leaves`."""
        return [leaf_hash(canonical) for _, _, canonical in self._rows(book, start, limit)]

    def kept(self, book: str, start: int, limit: int) -> list[Kept]:
        """See `ports.Whole.kept`."""
        rows = self._rows(book, start, limit)
        events = [decoded(canonical) for _, _, canonical in rows]
        submissions = self._submissions(book, events)
        return [
            Kept(key, position, Sealed(event, canonical, submission))
            for (key, position, canonical), event, submission in zip(rows, events, submissions, strict=True)
        ]

    def _rows(self, book: str, start: int, limit: int) -> list[tuple[int, int, bytes]]:
        """Key, position and canonical bytes."""
        sql = """
            SELECT e.key, e.offset, e.position, e.body FROM event AS e
            WHERE e.book = (SELECT id FROM book WHERE name = ?) AND e.position >= ? ORDER BY e.position LIMIT ?
        """
        return [
            (key_at(place, offset), position, self._bodies.restore(self._connection, body))
            for place, offset, position, body in self._connection.execute(sql, (book, start, limit))
        ]

    def _submissions(self, book: str, events: list[Event]) -> list[bytes]:
        """What is kept of each event's submission."""
        ids = [pack_id(event.id) for event in events]
        found: dict[bytes | None, bytes] = {}
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            sql = f"""
                SELECT id, submission FROM identity
                WHERE book = (SELECT id FROM book WHERE name = ?) AND id IN ({marks})
            """
            found.update(self._connection.execute(sql, (book, *chunk)).fetchall())
        for id, event in zip(ids, events, strict=True):
            if id not in found:
                raise Damaged(f"The event {event.id} cannot be found by its id.", remedy=LOOK)
        return [found[id] for id in ids]
