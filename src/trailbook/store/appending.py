"""Appending a batch, as far as it is the same in every database: packing it, and which of its events are new."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, Generic, NamedTuple, TypeVar, cast

from msgspec import Struct

from ..event.canonical import Sealed
from ..seal.tree import Frontier
from .entry import Entry
from .ports import Receipt, Status

_AT_ONCE = 500
"""So many events are compressed one after the other: the dictionary then stays in the processor's cache."""

_STEP = 20
"""Events that are packed in a step."""

E = TypeVar("E")
T = TypeVar("T")


class Known(Struct, frozen=True, gc=False):
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


Steps = Generator[None, None, T]
"""Work that pauses now and then, and what comes of it."""


def packing(
    batch: Iterable[Sealed], make: Callable[[Sealed], E], compress: Callable[[bytes], bytes]
) -> Steps[Packed[E]]:
    """Pack a batch. An event is let go before the next is looked at, and its bytes as soon as they are compressed."""
    entries: list[E] = []
    frames: list[bytes] = []
    plain: list[bytes] = []
    unpacked = 0
    for sealed in batch:
        entries.append(make(sealed))
        plain.append(sealed.canonical)
        unpacked += len(sealed.canonical)
        if len(entries) % _STEP == 0:
            if len(plain) >= _AT_ONCE:
                frames += map(compress, plain)
                plain.clear()
            yield
    frames += map(compress, plain)
    return Packed(entries, frames, unpacked)


def packed_whole(steps: Steps[T]) -> T:
    """What comes of steps, all done at once."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast(T, done.value)


class Coming(Generic[T]):
    """One thing after the other, the next of which is made ready little by little while something else goes on."""

    def __init__(self, several: Iterable[Steps[T]]) -> None:
        self._several = iter(several)
        self._steps: Steps[T] | None = None
        self._ready: list[T] = []
        self._error: Exception | None = None

    def begin(self) -> None:
        """Get the next one, to be made ready. What goes wrong is raised when it is asked for."""
        try:
            self._steps = next(self._several, None)
        except Exception as error:
            self._error = error

    def some(self) -> bool:
        """Do a little of it; False if there is nothing left to do. What goes wrong is raised when it is asked for."""
        if self._steps is None:
            return False
        try:
            next(self._steps)
        except StopIteration as done:
            self._ready.append(done.value)
            self._steps = None
        except Exception as error:
            self._error, self._steps = error, None
        return True

    def whole(self) -> T | None:
        """All of it, None if there was no next one. Raises what went wrong."""
        while self.some():
            pass
        if self._error is not None:
            raise self._error
        return self._ready.pop() if self._ready else None
