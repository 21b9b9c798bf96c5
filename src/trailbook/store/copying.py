"""Copying a whole trail from one store to another: what is there is checked, what is missing is appended."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from itertools import islice, pairwise, zip_longest
from typing import NamedTuple

from msgspec import Struct

from ..directory.directory import Directory
from ..directory.viewer import OPERATOR
from ..errors import Damaged, StoreError
from ..event.wording import counted
from ..seal.tree import Frontier
from .keys import micros_of
from .ports import Head, Heads, Kept, Progress, Record, Store

BATCH = 10_000
"""Events that are appended at once, and leaf hashes that are read at once."""
WAITING = 20_000
"""Events that are read ahead, of all books that are copied together."""
TOGETHER = 1_000
"""Books that are copied together: of fewer, each is read in larger pieces."""

ELSEWHERE = "Copy into a new store, or into one that holds nothing but an earlier copy of this trail."


class Start(Struct, frozen=True):
    """Where a copy begins: the source's heads, which it is to reach, and those that the target has already."""

    ceiling: dict[str, Head]
    there: dict[str, Head]


class Copied(Struct, frozen=True):
    """What a copy did: events that it brought over, events that were there already, books, and records."""

    events: int
    before: int
    books: int
    records: int


class _Span(NamedTuple):
    """The events of a book from one position up to, not including, another."""

    book: str
    start: int
    end: int


class _Steps:
    """Tells how much is done of a total."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self, number: int) -> None:
        """So many more are done."""
        self._done += number
        self._progress(self._done, self._total)


def check_target(source: Store, target: Store, progress: Progress) -> Start:
    """Where a copy has to begin. Raises StoreError unless the target holds nothing, or the beginning of the source."""
    start = Start(_heads(source), _heads(target))
    if not start.there:
        _refuse_other_belongings(source, target)
    _check_beginnings(source, start, progress)
    return start


def copy_trail(source: Store, target: Store, start: Start, progress: Progress) -> Copied:
    """Make the target hold what the source held at the start. Raises StoreError, and may then be called again.

    Nobody else may write to the target meanwhile. Events of one microsecond keep their order: within a book always,
    between books as they were recorded.
    """
    missing = [_Span(book, _size(start.there.get(book)), head.size) for book, head in start.ceiling.items()]
    _copy_events(source, target, [span for span in missing if span.start < span.end], progress)
    records = _copy_belongings(source, target)
    _compare(start.ceiling, _heads(target))
    before = _events(start.there)
    return Copied(_events(start.ceiling) - before, before, len(start.ceiling), records)


def _heads(store: Store) -> dict[str, Head]:
    """The heads of the books that have events."""
    return {book: head for book, head in store.heads(OPERATOR).items() if head.size}


def _size(head: Head | None) -> int:
    return head.size if head else 0


def _events(heads: Heads) -> int:
    return sum(head.size for head in heads.values())


def _refuse_other_belongings(source: Store, target: Store) -> None:
    """Raise StoreError if a target without events has a directory or records that are not the source's."""
    directory = target.directory()
    other_people = not directory.is_empty and _people(directory) != _people(source.directory())
    if other_people or (target.kept_records(limit=1) and _differ(_records(source), _records(target))):
        raise StoreError("The target holds something else: it has users or accounts of its own.", remedy=ELSEWHERE)


def _people(directory: Directory) -> tuple[object, object]:
    return directory.profiles, directory.memberships


def _differ(some: Iterable[Record], others: Iterable[Record]) -> bool:
    return any(one != other for one, other in zip_longest(some, others))


def _check_beginnings(source: Store, start: Start, progress: Progress) -> None:
    """Raise StoreError unless each book of the target is how the source's begins."""
    for book, head in start.there.items():
        size = _size(start.ceiling.get(book))
        if head.size > size:
            raise StoreError(
                f"The target holds something else: its book {book} has {counted(head.size, 'event')}, and that of "
                f"the source {size:,}.",
                remedy=ELSEWHERE,
            )
    steps = _Steps(progress, _events(start.there))
    for book, head in start.there.items():
        if _root_at(source, book, head.size, steps) != head.root:
            raise StoreError(
                f"The target holds something else: its book {book} does not begin as the source's.", remedy=ELSEWHERE
            )


def _root_at(source: Store, book: str, size: int, steps: _Steps) -> bytes:
    """The root over the first events of a book, by the events themselves."""
    frontier = Frontier()
    while frontier.size < size:
        leaves = source.leaves(book, frontier.size, min(BATCH, size - frontier.size))
        if not leaves:
            raise _cut_short(book, frontier.size)
        frontier = frontier.extend(leaves)
        steps.add(len(leaves))
    return frontier.root()


def _copy_events(source: Store, target: Store, spans: list[_Span], progress: Progress) -> None:
    steps = _Steps(progress, sum(span.end - span.start for span in spans))
    for start in range(0, len(spans), TOGETHER):
        arrivals = _arrivals(source, spans[start : start + TOGETHER])
        while batch := list(islice(arrivals, BATCH)):
            _append(target, _with_ties_in_order(batch))
            steps.add(len(batch))


def _arrivals(source: Store, spans: list[_Span]) -> Iterator[Kept]:
    """The events of some books, each book's by position, and all together about as they were recorded."""
    total = sum(span.end - span.start for span in spans)

    def events(span: _Span) -> Iterator[Kept]:
        # Books are read ahead by their share, so that each is read about as often as the others.
        ahead = 1 + WAITING * (span.end - span.start) // total
        position = span.start
        while position < span.end:
            some = source.kept(span.book, position, min(ahead, span.end - position))
            if not some:
                raise _cut_short(span.book, position)
            for kept in some:
                if kept.position != position:
                    raise _cut_short(span.book, position)
                yield kept
                position += 1

    return heapq.merge(*map(events, spans), key=_recorded)


def _recorded(kept: Kept) -> tuple[datetime, int]:
    event = kept.sealed.event
    return event.recorded_at or event.occurred_at, kept.key


def _with_ties_in_order(batch: list[Kept]) -> list[Kept]:
    """The batch with events of one microsecond in the order of their rows, and each book's still by position."""
    by_row = sorted(range(len(batch)), key=lambda number: batch[number].key)
    ties = [(a, b) for a, b in pairwise(by_row) if micros_of(batch[a].key) == micros_of(batch[b].key)]
    if all(a < b for a, b in ties):
        return batch
    sorter: TopologicalSorter[int] = TopologicalSorter()
    last: dict[str, int] = {}
    for number, kept in enumerate(batch):
        book = kept.sealed.event.tenant
        sorter.add(number, *([last[book]] if book in last else []))
        last[book] = number
    for earlier, later in ties:
        sorter.add(later, earlier)
    try:
        return [batch[number] for number in sorter.static_order()]
    except CycleError:  # Writers of a server store may have crossed each other: no order of arrival gives both.
        return batch


def _append(target: Store, batch: list[Kept]) -> None:
    """Append at the positions that the events have. Raises StoreError if others have written to the target."""
    receipts = target.append([kept.sealed for kept in batch])
    for kept, receipt in zip(batch, receipts, strict=True):
        if receipt.position != kept.position or receipt.status == "conflict":
            raise StoreError(
                f"Somebody else writes to the target: event {kept.position} of book {receipt.book} came to be at "
                f"position {receipt.position}.",
                remedy="Let nobody write there before the copy is done, and copy into a new store.",
            )


def _copy_belongings(source: Store, target: Store) -> int:
    """Put the source's directory and records in the place of the target's; gives how many records."""
    number = 0

    def all_records() -> Iterator[Record]:
        nonlocal number
        for record in _records(source):
            number += 1
            yield record

    # The version first: at worst it is older than the directory, and the next copy puts that right.
    version = source.directory_version()
    target.restore(source.directory(), version, all_records())
    return number


def _records(store: Store) -> Iterator[Record]:
    """All records, by kind and id."""
    after = ("", "")
    while some := store.kept_records(after):
        yield from some
        after = (some[-1].kind, some[-1].id)


def _compare(ceiling: Heads, reached: Heads) -> None:
    """Raise StoreError unless the target has the heads that the source had at the start."""
    for book in sorted({*ceiling, *reached}):
        wanted, found = ceiling.get(book), reached.get(book)
        if wanted is None or found is None or wanted.size != found.size:
            raise StoreError(
                f"Somebody else wrote to the target: its book {book} has {counted(_size(found), 'event')}, not "
                f"{_size(wanted):,}.",
                remedy="Let nobody write there before the copy is done, and copy into a new store.",
            )
        if wanted.root != found.root:
            raise Damaged(
                f"The events of the book {book} do not add up to its head: they were changed or exchanged.",
                remedy="Run `trailbook verify` on the source.",
            )


def _cut_short(book: str, position: int) -> Damaged:
    return Damaged(
        f"The event at position {position} of the book {book} is missing in the source.",
        remedy="Run `trailbook verify` on the source.",
    )
