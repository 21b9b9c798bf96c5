"""Books as they are kept, by position: what copying a trail to another store reads."""

from __future__ import annotations

from ...errors import Damaged
from ...event.canonical import Sealed
from ...seal.tree import leaf_hash
from ..bodies import LOOK, decoded
from ..keys import row_key
from ..ports import Kept
from .bodies import Bodies
from .connect import Connection, Database
from .places import place_of, position_of

EACH_EVENT = """
    LEFT JOIN LATERAL (
        SELECT * FROM trailbook.event WHERE at = i.at AND arrival = i.arrival LIMIT 1
    ) AS e ON true
"""
"""Joins to each identity `i` its event `e`, found in its month. Joined as a whole, all months would be gone through."""


def read_leaves(
    connection: Connection, database: Database, bodies: Bodies, book: int, start: int, limit: int
) -> list[bytes]:
    """See `ports.Whole.leaves`."""
    return [leaf_hash(canonical) for *_, canonical in _rows(connection, database, bodies, book, start, limit)]


def read_kept(
    connection: Connection, database: Database, bodies: Bodies, book: int, start: int, limit: int
) -> list[Kept]:
    """See `ports.Whole.kept`."""
    return [
        Kept(key, position, Sealed(decoded(canonical), canonical, submission))
        for key, position, submission, canonical in _rows(connection, database, bodies, book, start, limit)
    ]


def _rows(
    connection: Connection, database: Database, bodies: Bodies, book: int, start: int, limit: int
) -> list[tuple[int, int, bytes, bytes]]:
    """Key, position, submission and canonical bytes."""
    sql = f"""
        SELECT i.at, i.arrival, i.place, i.submission, e.body
        FROM trailbook.identity AS i {EACH_EVENT} WHERE i.place >= %s AND i.place < %s ORDER BY i.place
    """
    first = place_of(book, start)
    found = []
    for at, arrival, place, submission, body in connection.rows(sql, (first, first + limit)):
        if body is None:
            raise Damaged(f"The event at position {position_of(place)} is missing.", remedy=LOOK)
        known = submission.to_bytes(8, "big", signed=True)
        found.append((row_key(at, arrival), position_of(place), known, bodies.restore(database, body)))
    return found
