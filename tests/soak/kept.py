"""What a store holds, read past Trailbook's own reader."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from trailbook.event.canonical import decode
from trailbook.seal.tree import leaf_hash
from trailbook.store.sqlite.bodies import Bodies


class Place(NamedTuple):
    """Where an event is."""

    id: str
    book: str
    position: int
    leaf: str

    @classmethod
    def told(cls, result: dict[str, Any]) -> Place:
        """What an answer says of an event."""
        return cls(result["id"], result["book"], result["position"], result["leaf_hash"])


class Kept(NamedTuple):
    """An event and where it is."""

    id: str
    book: str
    position: int
    leaf: str
    application: str
    resource: str
    action: str
    details: str
    related: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.id, self.book, self.position, self.leaf)


def kept_events(path: Path) -> Iterator[Kept]:
    """All events, by book and position."""
    bodies = Bodies()
    with closing(sqlite3.connect(path)) as connection:
        sql = """
            SELECT b.name, e.position, e.body FROM event AS e JOIN book AS b ON b.id = e.book ORDER BY b.id, e.position
        """
        for book, position, body in connection.execute(sql):
            whole = bodies.restore(connection, body)
            event = decode(whole)
            yield Kept(
                event.id, book, position, leaf_hash(whole).hex(), event.application, event.resource, event.action,
                event.details, tuple(one.id for one in event.related),
            )  # fmt: skip


def assert_gapless(path: Path) -> None:
    """In each book the positions are those from 0 to its size, each once."""
    with closing(sqlite3.connect(path)) as connection:
        sql = """
            SELECT b.name, b.size, count(*), count(DISTINCT e.position), min(e.position), max(e.position)
            FROM book AS b JOIN event AS e ON e.book = b.id GROUP BY b.id
        """
        for name, size, *found in connection.execute(sql):
            assert found == [size, size, 0, size - 1], name
