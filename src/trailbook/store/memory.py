"""A store in memory for tests: a list of rows, asked with `matches`."""

from __future__ import annotations

import math
import time
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from threading import RLock
from typing import Any, TypeVar

from msgspec import structs

from ..directory.directory import Directory
from ..directory.model import Changes, Membership, Profile
from ..directory.viewer import Viewer, sees_book, within
from ..errors import TooSlow
from ..event.canonical import Sealed, decode
from ..event.facets import escape, named_parties
from ..event.model import Kind, PartyKey
from ..event.text import fold
from ..query.matches import matches
from ..query.tree import EVERYTHING, Condition, Field
from ..seal.tree import Frontier, leaf_hash
from .cursor import Cursor, read_cursor, write_cursor
from .dimensions import facet_dimension, most_frequent
from .keys import microseconds, row_key
from .parties import preferred
from .ports import (
    SUBMISSION_BYTES,
    Dimension,
    FacetCount,
    Head,
    Heads,
    Kept,
    Order,
    Page,
    Reader,
    Receipt,
    Record,
    Row,
)
from .versions import check_version

R = TypeVar("R", Profile, Membership)


class MemoryReads:
    """Goes through all rows at every question, for so many `seconds` at most."""

    def __init__(self, rows: list[Row], frontiers: dict[str, Frontier], seconds: float) -> None:
        self._rows = rows
        self._frontiers = frontiers
        self._seconds = seconds

    def scan(
        self,
        viewer: Viewer,
        condition: Condition,
        *,
        order: Order = "newest",
        limit: int | None = None,
        heads: Heads | None = None,
    ) -> Iterator[Row]:
        """See `ports.Reader.scan`."""
        return islice(self._found(viewer, condition, order, heads, stepwise=True), limit)

    def page(
        self,
        viewer: Viewer,
        condition: Condition,
        *,
        order: Order = "newest",
        cursor: str | None = None,
        limit: int = 50,
        heads: Heads | None = None,
    ) -> Page:
        """See `ports.Reader.page`."""
        rows = list(self._found(viewer, condition, order, heads))
        start, end = 0, limit
        if cursor is not None:
            at = read_cursor(cursor, order)
            newest = order == "newest"
            start = sum(1 for row in rows if (row.key >= at.key if newest else row.key <= at.key))
            end = start + limit
            if at.backwards:
                end = sum(1 for row in rows if (row.key > at.key if newest else row.key < at.key))
                start = max(0, end - limit)
        shown = rows[start:end]
        if not shown:
            return Page((), None, None)
        before = write_cursor(Cursor(shown[0].key, order, True)) if start > 0 else None
        after = write_cursor(Cursor(shown[-1].key, order, False)) if end < len(rows) else None
        return Page(tuple(shown), before, after)

    def count(
        self, viewer: Viewer, condition: Condition, *, at_most: int | None = None, heads: Heads | None = None
    ) -> int:
        """See `ports.Reader.count`."""
        return sum(1 for _ in islice(self._found(viewer, condition, heads=heads), at_most))

    def summary(
        self, viewer: Viewer, condition: Condition, *, by: Sequence[Dimension], heads: Heads | None = None
    ) -> dict[tuple[Any, ...], int]:
        """See `ports.Reader.summary`."""
        rows = self._found(viewer, condition, heads=heads)
        return dict(Counter(tuple(dimension.value(row.event) for dimension in by) for row in rows))

    def facet_counts(
        self, viewer: Viewer, condition: Condition, field: str, *, limit: int = 10, heads: Heads | None = None
    ) -> list[FacetCount]:
        """See `ports.Reader.facet_counts`."""
        groups = self.summary(viewer, condition, by=[facet_dimension(field)], heads=heads)
        return most_frequent(((values[0], events) for values, events in groups.items()), limit)

    def events(self, viewer: Viewer, id: str) -> list[Row]:
        """See `ports.Reader.events`."""
        return list(self._found(viewer, Field("id", (id,)), "oldest"))

    def parties(self, viewer: Viewer, kind: Kind, text: str, *, heads: Heads | None = None) -> list[PartyKey]:
        """See `ports.Reader.parties`."""
        wanted, found = fold(text), set()
        for row in self._found(viewer, EVERYTHING, heads=heads):
            for party, name in named_parties(row.event):
                if party.kind != kind:
                    continue
                tenant, _, id = text.partition("/")
                in_tenant = tenant == escape(party.tenant) and fold(id) == fold(party.id)
                if in_tenant or fold(party.id) == wanted or (name and fold(name) == wanted):
                    found.add(party)
        return preferred(found, text)

    def heads(self, viewer: Viewer) -> dict[str, Head]:
        """See `ports.Reader.heads`."""
        return {
            book: Head(book, frontier.size, frontier.root())
            for book, frontier in sorted(self._frontiers.items())
            if sees_book(viewer, book)
        }

    def _found(
        self,
        viewer: Viewer,
        condition: Condition,
        order: Order = "newest",
        heads: Heads | None = None,
        *,
        stepwise: bool = False,
    ) -> Iterator[Row]:
        """The rows there are at the call; `stepwise`: the time is for each rather than for all."""
        narrowed = within(viewer, condition)
        until = time.monotonic() + self._seconds

        def found(rows: list[Row], until: float) -> Iterator[Row]:
            for row in rows:
                if time.monotonic() > until:
                    raise TooSlow("The query took longer than allowed.", remedy="Narrow the period or the query.")
                if _is_in(row, heads) and matches(narrowed, row.event):
                    yield row
                    until = time.monotonic() + self._seconds if stepwise else until

        return found(self._rows[:] if order == "oldest" else self._rows[::-1], until)


class MemoryStore(MemoryReads):
    """Keeps everything in lists and dictionaries."""

    def __init__(self) -> None:
        super().__init__([], {}, math.inf)
        self._profiles: list[Profile] = []
        self._memberships: list[Membership] = []
        self._directory_version = 0
        self._receipts: dict[tuple[str, str], tuple[bytes, Receipt]] = {}
        self._kept: dict[str, list[Kept]] = {}
        self._records: dict[tuple[str, str], Record] = {}
        self._lock = RLock()

    def limited(self, seconds: float) -> Reader:
        """See `ports.Store.limited`."""
        return MemoryReads(self._rows, self._frontiers, seconds)

    def append(self, batch: Iterable[Sealed]) -> list[Receipt]:
        """See `ports.Appender.append`."""
        with self._lock:
            return [self._append(sealed) for sealed in list(batch)]

    def append_each(self, batches: Iterable[Iterable[Sealed]]) -> Iterator[list[Receipt]]:
        """See `ports.Appender.append_each`."""
        return map(self.append, batches)

    def _append(self, sealed: Sealed) -> Receipt:
        event = sealed.event
        submission = sealed.submission[:SUBMISSION_BYTES]
        known = self._receipts.get((event.tenant, event.id))
        if known is not None:
            noted, first = known
            status = "duplicate" if noted == submission else "conflict"
            return Receipt(first.id, status, first.book, first.position, first.leaf_hash)  # type: ignore[arg-type]
        frontier = self._frontiers.get(event.tenant, Frontier())
        leaf = leaf_hash(sealed.canonical)
        receipt = Receipt(event.id, "stored", event.tenant, frontier.size, leaf)
        self._frontiers[event.tenant] = frontier.append(leaf)
        self._receipts[event.tenant, event.id] = submission, receipt
        key = row_key(microseconds(event.occurred_at), len(self._rows))
        stored = decode(sealed.canonical)
        insort(self._rows, Row(key, frontier.size, stored), key=lambda row: row.key)
        kept = Kept(key, frontier.size, Sealed(stored, sealed.canonical, submission))
        self._kept.setdefault(event.tenant, []).append(kept)
        return receipt

    def directory(self) -> Directory:
        """See `ports.DirectoryStore.directory`."""
        return Directory(self._profiles, self._memberships)

    def directory_version(self) -> int:
        """See `ports.DirectoryStore.directory_version`."""
        return self._directory_version

    def change_directory(
        self,
        decide: Callable[[Directory], Changes],
        events: Callable[[Directory, Changes], Iterable[Sealed]] = lambda before, changes: (),
    ) -> Changes:
        """See `ports.DirectoryStore.change_directory`."""
        with self._lock:
            before = self.directory()
            changes = decide(before)
            self.append(list(events(before, changes)))
            self._profiles = [*_closed(self._profiles, changes.closed_profiles), *changes.added_profiles]
            self._memberships = [*_closed(self._memberships, changes.closed_memberships), *changes.added_memberships]
            self._directory_version += bool(changes)
        return changes

    def record(self, kind: str, id: str, now: datetime) -> Record | None:
        """See `ports.Records.record`."""
        return _holding(self._records.get((kind, id)), now)

    def records(
        self, kind: str, now: datetime, *, owner: str | None = None, after: str = "", limit: int = 1_000
    ) -> list[Record]:
        """See `ports.Records.records`."""
        found = (
            record
            for _, record in sorted(self._records.items())
            if record.kind == kind and owner in (None, record.owner) and record.id > after and _holding(record, now)
        )
        return list(islice(found, max(limit, 0)))

    def keep(
        self,
        changed: Sequence[Record],
        *,
        now: datetime,
        removed: Sequence[Record] = (),
        events: Iterable[Sealed] = (),
    ) -> list[Receipt]:
        """See `ports.Records.keep`."""
        batch = list(events)
        with self._lock:
            records = dict(self._records)
            for record in removed:
                check_version(record, _holding(records.pop((record.kind, record.id), None), now))
            for record in changed:
                check_version(record, _holding(records.get((record.kind, record.id)), now))
                records[record.kind, record.id] = structs.replace(record, version=record.version + 1)
            self._records = records
            return self.append(batch)

    def forget_expired(self, now: datetime) -> int:
        """See `ports.Records.forget_expired`."""
        with self._lock:
            kept = {key: record for key, record in self._records.items() if _holding(record, now)}
            gone = len(self._records) - len(kept)
            self._records = kept
        return gone

    def leaves(self, book: str, start: int, limit: int) -> list[bytes]:
        """See `ports.Whole.leaves`."""
        return [leaf_hash(kept.sealed.canonical) for kept in self.kept(book, start, limit)]

    def kept(self, book: str, start: int, limit: int) -> list[Kept]:
        """See `ports.Whole.kept`."""
        return self._kept.get(book, [])[start : start + limit]

    def kept_records(self, after: tuple[str, str] = ("", ""), limit: int = 1_000) -> list[Record]:
        """See `ports.Whole.kept_records`."""
        return [record for key, record in sorted(self._records.items()) if key > after][:limit]

    def restore(self, directory: Directory, version: int, records: Iterable[Record]) -> None:
        """See `ports.Whole.restore`."""
        restored = {(record.kind, record.id): record for record in records}
        with self._lock:
            self._profiles, self._memberships = list(directory.profiles), list(directory.memberships)
            self._directory_version = version
            self._records = restored

    def close(self) -> None:
        """Nothing to let go of."""


def _closed(rows: list[R], closed: Sequence[R]) -> list[R]:
    """The rows, those that were closed with their end."""
    ended = {structs.replace(row, valid_to=None): row for row in closed}
    return [ended.get(row, row) for row in rows]


def _holding(record: Record | None, now: datetime) -> Record | None:
    """The record, unless it has expired."""
    return None if record is None or (record.expires_at is not None and record.expires_at <= now) else record


def _is_in(row: Row, heads: Heads | None) -> bool:
    book = row.event.tenant
    return heads is None or (book in heads and row.position < heads[book].size)
