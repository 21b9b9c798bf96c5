"""What a store holds, by book and position, read past the queries and indexes that find it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from trailbook.directory.viewer import OPERATOR
from trailbook.seal.tree import leaf_hash
from trailbook.wiring import open_store

CHUNK = 5_000


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


def kept_events(store: str | Path) -> Iterator[Kept]:
    """All events, by book and position."""
    with closing(open_store(str(store))) as opened:
        for book, head in opened.heads(OPERATOR).items():
            for start in range(0, head.size, CHUNK):
                for kept in opened.kept(book, start, CHUNK):
                    event = kept.sealed.event
                    yield Kept(
                        event.id, book, kept.position, leaf_hash(kept.sealed.canonical).hex(), event.application,
                        event.resource, event.action, event.details, tuple(one.id for one in event.related),
                    )  # fmt: skip


def assert_gapless(store: str | Path) -> None:
    """In each book the positions are those from 0 to its size, each once."""
    positions: dict[str, list[int]] = {}
    for kept in kept_events(store):
        positions.setdefault(kept.book, []).append(kept.position)
    with closing(open_store(str(store))) as opened:
        heads = opened.heads(OPERATOR)
    assert positions == {book: list(range(head.size)) for book, head in heads.items()}
