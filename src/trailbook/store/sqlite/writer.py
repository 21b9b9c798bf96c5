"""Appending: the one way in, durable and all or nothing per batch."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from ...event.canonical import Sealed
from ...seal.tree import Frontier, leaf_hash
from ..appending import Known, OpenBook, Packed, packed_whole, packing
from ..bodies import Trained
from ..keys import QUARTER, PlaceAllocator, first_place, tick_of
from ..ports import Receipt
from .bodies import Bodies, keep
from .connect import waiting
from .entry import Entry, all_tokens, entries_with
from .lists import Listed
from .tokens import Numbers

WAL_LIMIT = 64 * 1024 * 1024
"""A write-ahead log that grew larger (bytes) is written back and cut after a commit."""
CUT_WAIT_SECONDS = 0.25
"""How long cutting waits for readers; other writers wait as long."""
_CHUNK = 500

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], tuple[T, Iterable[Sealed]]]
"""What else is done in a transaction, and the events that tell of it."""
Room = Callable[[int, int], None]
"""Sees to the room on the disk for so many events, of so many canonical bytes. Raises DiskFull if there is none."""


class _Fresh(Struct, frozen=True, gc=False):
    """An event that gets a row; `offset` is from the tick of its key to its time, in microseconds."""

    key: int
    book: int
    position: int
    offset: int
    entry: Entry
    frame: bytes


_blob = bytearray
"""How bytes are bound: sqlite3 takes these as they are, and looks for an adapter for others, which costs far more."""


class Writer:
    """Appends batches. Not shared between threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path, key: bytes) -> None:
        self._connection = connection
        self._wal = Path(f"{path}-wal")
        self._make_entry = entries_with(key).make
        self._whos, self._whats = Numbers("who"), Numbers("what")
        self._listed = Listed()
        self._bodies = Bodies()

    def append(self, batch: Iterable[Sealed], secure_room: Room) -> list[Receipt]:
        """Append the batch, if there is room for it."""
        return self._transact(_nothing, batch, secure_room)[1]

    def transact(self, work: Work[T], batch: Iterable[Sealed] = ()) -> tuple[T, list[Receipt]]:
        """Do some work and append the batch, and then the events that the work gives: in one transaction.

        Gives the work's result and the receipts. Work that raises undoes all.
        """
        return self._transact(work, batch, lambda events, size: None)

    def _transact(self, work: Work[T], batch: Iterable[Sealed], secure_room: Room) -> tuple[T, list[Receipt]]:
        try:
            self._bodies.use_newest(self._connection)
            packed, trained = self._packed(batch)
            self._connection.execute("BEGIN IMMEDIATE")
            secure_room(len(packed.entries), packed.unpacked)
            done, told = work(self._connection)
            more, retrained = self._packed(told)
            for dictionary in filter(None, (trained, retrained)):
                keep(self._connection, dictionary)
            receipts = self._append([*packed.entries, *more.entries], [*packed.frames, *more.frames])
            self._connection.execute("COMMIT")
        except BaseException:
            self._rolled_back()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._committed()
        self._cut_wal()
        return done, receipts

    def _packed(self, batch: Iterable[Sealed]) -> tuple[Packed[Entry], Trained | None]:
        """What is kept of each event, and a dictionary to keep with it, if any."""
        packed = packed_whole(packing(batch, self._make_entry, self._bodies.compress))
        trained = self._bodies.improve(self._connection, packed.frames, packed.unpacked)
        return packed, trained

    def _append(self, entries: list[Entry], frames: list[bytes]) -> list[Receipt]:
        books = self._open_books(entries)
        receipts: list[Receipt] = []
        fresh: list[_Fresh] = []
        allocator = PlaceAllocator(self._key_lookup())
        for entry, frame in zip(entries, frames, strict=True):
            book = books[entry.book]
            receipt = book.receive(entry)
            receipts.append(receipt)
            if receipt.status != "stored":
                continue
            key = allocator.allocate(entry.micros)
            fresh.append(_Fresh(key, book.number, receipt.position, entry.micros - tick_of(key), entry, frame))
        if fresh:
            self._insert(sorted(fresh, key=attrgetter("key")))
        self._close_books(books.values())
        return receipts

    def _open_books(self, entries: list[Entry]) -> dict[str, OpenBook]:
        ids: dict[str, list[bytes]] = defaultdict(list)
        for entry in entries:
            ids[entry.book].append(entry.id)
        return {name: self._open_book(name, wanted) for name, wanted in ids.items()}

    def _open_book(self, name: str, wanted: list[bytes]) -> OpenBook:
        row = self._connection.execute("SELECT id, frontier FROM book WHERE name = ?", (name,)).fetchone()
        if row is None:
            frontier = Frontier()
            sql = "INSERT INTO book (name, size, root, frontier) VALUES (?, 0, ?, ?)"
            number = self._connection.execute(sql, (name, frontier.root(), frontier.to_bytes())).lastrowid
            return OpenBook(int(number or 0), name, frontier)
        book = OpenBook(row[0], name, Frontier.from_bytes(row[1]))
        for start in range(0, len(wanted), _CHUNK):
            chunk = [_blob(id) for id in wanted[start : start + _CHUNK]]
            sql = f"""
                SELECT i.id, i.submission, e.position, e.body FROM identity AS i JOIN event AS e USING (key)
                WHERE i.book = ? AND i.id IN ({",".join("?" * len(chunk))})
            """
            for id, submission, position, body in self._connection.execute(sql, (book.number, *chunk)):
                leaf = leaf_hash(self._bodies.restore(self._connection, body))
                book.known[id] = Known(submission, position, leaf)
        return book

    def _close_books(self, books: Iterable[OpenBook]) -> None:
        for book in books:
            frontier = book.frontier.extend(book.leaves)
            sql = "UPDATE book SET size = ?, root = ?, frontier = ? WHERE id = ?"
            self._connection.execute(sql, (frontier.size, frontier.root(), frontier.to_bytes(), book.number))

    def _insert(self, rows: list[_Fresh]) -> None:
        """Write the rows, then the index: FTS5 would merge a repeated key silently, the table refuses it."""
        whos = self._whos.number_all(self._connection, {row.entry.who for row in rows})
        whats = self._whats.number_all(self._connection, {row.entry.what for row in rows})
        # Rows are made as they are written: lists of them would be large, and looked through for cycles. Those of one
        # event are written soon after each other, while it is in the processor's cache.
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            self._connection.executemany(
                "INSERT INTO event (key, book, position, offset, who, what, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        row.key,
                        row.book,
                        row.position,
                        row.offset,
                        whos[row.entry.who],
                        whats[row.entry.what],
                        _blob(row.frame),
                    )
                    for row in chunk
                ),
            )
            self._connection.executemany(
                "INSERT INTO facet (rowid, tokens) VALUES (?, ?)", ((row.key, all_tokens(row.entry)) for row in chunk)
            )
        self._connection.executemany(
            "INSERT INTO identity (id, book, key, submission) VALUES (?, ?, ?, ?)",
            (
                (_blob(row.entry.id), row.book, row.key, _blob(row.entry.submission))
                for row in sorted(rows, key=attrgetter("entry.id"))
            ),
        )
        if spilled := [row for row in rows if row.offset < 0]:
            self._note_spilled(spilled)
        self._listed.keep(self._connection, rows)

    def _note_spilled(self, rows: list[_Fresh]) -> None:
        """Note how far rows are from the tick in which their event occurred."""
        spilled = [(tick_of(row.key), row.entry.micros) for row in rows]
        furthest = max(first_place(tick) - first_place(micros) for tick, micros in spilled)
        far = any(tick // QUARTER != micros // QUARTER for tick, micros in spilled)
        sql = "UPDATE setting SET value = max(value, ?) WHERE name = ?"
        self._connection.executemany(sql, [(furthest, "furthest_spill"), (far, "spilled_far")])

    def _key_lookup(self) -> Callable[[int, int], int | None]:
        """Tells the highest key taken in a range; nothing needs to be asked about times after the last event."""
        (last,) = self._connection.execute("SELECT max(key) FROM event").fetchone()
        return lambda low, high: None if last is None or low > last else self._highest_key(low, high)

    def _highest_key(self, low: int, high: int) -> int | None:
        sql = "SELECT max(key) FROM event WHERE key >= ? AND key < ?"
        (key,) = self._connection.execute(sql, (low, high)).fetchone()
        return None if key is None else int(key)

    def _committed(self) -> None:
        for remembering in (self._whos, self._whats, self._listed):
            remembering.committed()

    def _rolled_back(self) -> None:
        """Forget what was not stored: numbers, names, and above all a dictionary that frames would need."""
        for remembering in (self._whos, self._whats, self._listed):
            remembering.rolled_back()
        self._bodies = Bodies()

    def _cut_wal(self) -> None:
        """Write a long log back and cut it, unless readers are in the way: then a later batch will.

        The batch is durable by now, so nothing that goes wrong here may make it look as if it were not.
        """
        with suppress(OSError, sqlite3.Error):
            if os.stat(self._wal).st_size > WAL_LIMIT:
                with waiting(self._connection, CUT_WAIT_SECONDS):
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _nothing(connection: sqlite3.Connection) -> tuple[None, Iterable[Sealed]]:
    return None, ()
