"""Appending a batch, as far as it is the same in every database: packing it, and which of its events are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import Struct

from ..event.canonical import Sealed
from ..seal.tree import Frontier
from .entry import Entry
from .ports import Receipt, Status

_AT_ONCE = 500
"""So many events are compressed one after the other: the dictionary then stays in the processor's cache."""

E = TypeVar("E")


class Known(Struct, frozen=True):
    """An event that is there already, or comes earlier in the batch."""

    submission: bytes
    position: int
    leaf: bytes


class OpenBook:
    """A book while a batch is appended to it; `known` has the events of the batch's ids that it holds already."""

    def __init__(self, number: int, name: str, frontier: Frontier) -> None:
        self.number = number
        self.name = name
        self.frontier = frontier
        self.known: dict[bytes, Known] = {}
        self.leaves: list[bytes] = []

    def receive(self, entry: Entry[Any]) -> Receipt:
        """What becomes of an event: it is known, or gets the next position."""
        known = self.known.get(entry.id)
        if known is not None:
            status: Status = "duplicate" if known.submission == entry.submission else "conflict"
            return Receipt(entry.event_id, status, self.name, known.position, known.leaf)
        position = self.frontier.size + len(self.leaves)
        self.leaves.append(entry.leaf)
        self.known[entry.id] = Known(entry.submission, position, entry.leaf)
        return Receipt(entry.event_id, "stored", self.name, position, entry.leaf)


class Packed(NamedTuple, Generic[E]):
    """What is kept of the events of a batch: entries, compressed bytes, and how many bytes those were before."""

    entries: list[E]
    frames: list[bytes]
    unpacked: int


def pack(batch: Iterable[Sealed], make: Callable[[Sealed], E], compress: Callable[[bytes], bytes]) -> Packed[E]:
    """Pack a batch. An event is let go before the next is looked at, and its bytes as soon as they are compressed."""
    entries: list[E] = []
    frames: list[bytes] = []
    plain: list[bytes] = []
    unpacked = 0
    for sealed in batch:
        entries.append(make(sealed))
        plain.append(sealed.canonical)
        unpacked += len(sealed.canonical)
        if len(plain) == _AT_ONCE:
            frames += map(compress, plain)
            plain.clear()
    frames += map(compress, plain)
    return Packed(entries, frames, unpacked)
