"""Recomputing books from the bytes of their events, whatever they are read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..event.model import Event
from ..seal.tree import Frontier, leaf_hash
from .entry import what_text, who_text
from .keys import microseconds
from .ports import Heads, Problem, Progress


class Checked(NamedTuple):
    """An event as it is stored: its place in its book, its bytes (None: they cannot be read), and what is wrong."""

    position: int
    canonical: bytes | None
    problems: Sequence[str]


class BookThere(NamedTuple):
    """A book as the store has it. `surplus`: events in it that are not at any of its positions.

    `rows` gives some events from a position on, by position and below the book's size; none at the end.
    """

    name: str
    size: int
    root: bytes
    frontier: bytes
    surplus: int
    rows: Callable[[int], Sequence[Checked]]


class Columns(NamedTuple):
    """What a table says of an event beside its bytes."""

    micros: int
    who: str
    what: str


def disagreements(columns: Columns, event: Event, book: str) -> Iterator[str]:
    """In what the table does not say what the event's bytes say."""
    wrong = {
        "book": event.tenant != book,
        "time": microseconds(event.occurred_at) != columns.micros,
        "initiator": columns.who != who_text(event.initiator),
        "resource, action, application or outcome": columns.what != what_text(event),
    }
    yield from (f"Its {name} in the table is not that of its bytes." for name, is_wrong in wrong.items() if is_wrong)


def verified(books: Sequence[BookThere], against: Heads, progress: Progress) -> Iterator[Problem]:
    """What is wrong with the books, by their own heads and those noted elsewhere. They may grow meanwhile."""
    for name in sorted(set(against) - {book.name for book in books}):
        yield Problem(f"book {name}", "The book is gone, but a head of it was noted.")
    total = sum(book.size for book in books)
    done = 0
    for book in books:
        noted = against.get(book.name)
        walk = _Walk(book)
        for done_in_book in walk.recompute(stop_at=noted.size if noted else None):
            progress(done + done_in_book, total)
        yield from walk.problems
        done += book.size
        there = walk.frontier.size + book.surplus
        if there != book.size:
            yield Problem(f"book {book.name}", f"It should have {book.size} events and has {there}.")
        elif walk.frontier.root() != book.root or walk.frontier.to_bytes() != book.frontier:
            yield Problem(
                f"book {book.name}", "Its events do not add up to its head: events were changed or exchanged."
            )
        if noted and (walk.stopped is None or walk.stopped.root() != noted.root):
            yield Problem(
                f"book {book.name}", f"Its first {noted.size} events are not those of the head noted elsewhere."
            )


class _Walk:
    """Goes through a book in order of position, up to its size."""

    def __init__(self, book: BookThere) -> None:
        self._book = book
        self.frontier = Frontier()
        self.stopped: Frontier | None = None
        self.problems: list[Problem] = []

    def recompute(self, stop_at: int | None) -> Iterator[int]:
        """Recompute the tree; remember it as it was at `stop_at` events. Yields how many events are done."""
        position = 0
        if stop_at == 0:
            self.stopped = self.frontier
        while rows := self._book.rows(position):
            leaves = []
            for row in rows:
                if row.position != position:
                    self._report(position, f"The event is missing; the next one is at {row.position}.")
                    position = row.position
                for problem in row.problems:
                    self._report(position, problem)
                leaves.append(b"" if row.canonical is None else leaf_hash(row.canonical))
                position += 1
            if stop_at is not None and self.frontier.size < stop_at <= self.frontier.size + len(leaves):
                self.stopped = self.frontier.extend(leaves[: stop_at - self.frontier.size])
            self.frontier = self.frontier.extend(leaves)
            yield position

    def _report(self, position: int, problem: str) -> None:
        self.problems.append(Problem(f"book {self._book.name}, position {position}", problem))
