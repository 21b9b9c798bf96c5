"""Appending a batch, as far as it is the same in every database: packing it, and which of its events are new."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
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


def pack(batch: Iterable[Sealed], make: Callable[[Sealed], E], compress: Callable[[bytes], bytes]) -> Packed[E]:
    """Pack a batch. An event is let go before the next is looked at, and its bytes as soon as they are compressed."""
    return packed_whole(packing(batch, make, compress))


Steps = Generator[None, None, T]
"""Work that pauses now and then, and what comes of it."""


def packing(
    batch: Iterable[Sealed], make: Callable[[Sealed], E], compress: Callable[[bytes], bytes]
) -> Steps[Packed[E]]:
    """The same step by step."""
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


class _Done(NamedTuple, Generic[T]):
    """What came of steps; None after the last."""

    value: T | None


class Coming(Generic[T]):
    """One thing after the other, the next of which is made ready little by little while something else goes on."""

    def __init__(self, several: Iterable[Steps[T]]) -> None:
        self._steps = _one_after_the_other(several)
        self._done: _Done[T] | None = None
        self._error: Exception | None = None

    def some(self) -> bool:
        """Do a little of the next; False if there is nothing to do. What goes wrong is raised when it is asked for."""
        if self._done is None and self._error is None:
            try:
                self._done = next(self._steps, _Done(None))
            except Exception as error:
                self._error = error
            return True
        return False

    def whole(self) -> T | None:
        """The next, None after the last. Raises what making it ready raises."""
        while self._done is None:
            if self._error is not None:
                raise self._error
            self.some()
        value, self._done = self._done.value, None
        return value


def _one_after_the_other(several: Iterable[Steps[T]]) -> Iterator[_Done[T] | None]:
    for steps in several:
        value = yield from steps
        yield _Done(value)
