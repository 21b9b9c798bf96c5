"""Appending: the one way in, durable and all or nothing per batch."""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from ...event.canonical import Sealed
from ...event.model import PartyKey
from ...event.text import fold
from ...seal.tree import Frontier, leaf_hash
from ..keys import SLOTS, KeyAllocator
from ..ports import Receipt, Status
from .bodies import Bodies, keep
from .entry import Entry, make_entry, what_shared, who_shared
from .tokens import Numbers, what_token

WAL_LIMIT = 64 * 1024 * 1024
"""A write-ahead log that grew larger (bytes) is written back and cut after a commit."""
SUBMISSION_BYTES = 16
"""How much of a submission's digest is kept: enough to tell a retry from a conflict."""
PARTIES_REMEMBERED = 500_000
_CHUNK = 500


class _Known(Struct, frozen=True):
    """An event that is there already, or comes earlier in the batch."""

    submission: bytes
    position: int
    leaf: bytes


class _Fresh(NamedTuple):
    """An event that gets a row."""

    key: int
    book: int
    position: int
    id: bytes
    entry: Entry
    frame: bytes


class _Book:
    """A book while a batch is appended to it."""

    def __init__(self, number: int, name: str, frontier: Frontier) -> None:
        self.number = number
        self.name = name
        self.frontier = frontier
        self.known: dict[bytes, _Known] = {}
        self.leaves: list[bytes] = []

    def take_position(self, leaf: bytes) -> int:
        """The next position, for the event with this leaf hash."""
        self.leaves.append(leaf)
        return self.frontier.size + len(self.leaves) - 1


class Writer:
    """Appends batches. Not shared between threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path, key: bytes) -> None:
        self._connection = connection
        self._wal = Path(f"{path}-wal")
        self._key = key
        self._terms, self._whos, self._whats = Numbers("term"), Numbers("who"), Numbers("what")
        self._parties: set[tuple[int, PartyKey, str]] = set()
        self._new_parties: set[tuple[int, PartyKey, str]] = set()
        self._bodies = Bodies()

    def append(self, batch: Sequence[Sealed]) -> list[Receipt]:
        """Append durably, all or nothing, and answer in the batch's order."""
        entries = [make_entry(sealed, self._key) for sealed in batch]
        self._bodies.use_newest(self._connection)
        frames, trained = self._bodies.compress([sealed.canonical for sealed in batch])
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            if trained is not None:
                keep(self._connection, trained)
            receipts = self._append(entries, frames)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._rolled_back()
            raise
        self._committed()
        self._cut_wal()
        return receipts

    def _append(self, entries: list[Entry], frames: list[bytes]) -> list[Receipt]:
        books = self._open_books(entries)
        receipts: list[Receipt] = []
        fresh: list[_Fresh] = []
        allocator = KeyAllocator(self._highest_key)
        for entry, frame in zip(entries, frames, strict=True):
            event, submission = entry.sealed.event, entry.sealed.submission[:SUBMISSION_BYTES]
            book, id = books[event.tenant], UUID(event.id).bytes
            known = book.known.get(id)
            if known is not None:
                status: Status = "duplicate" if known.submission == submission else "conflict"
                receipts.append(Receipt(event.id, status, book.name, known.position, known.leaf))
                continue
            position = book.take_position(entry.leaf)
            book.known[id] = _Known(submission, position, entry.leaf)
            receipts.append(Receipt(event.id, "stored", book.name, position, entry.leaf))
            fresh.append(_Fresh(allocator.allocate(entry.micros), book.number, position, id, entry, frame))
        self._insert(sorted(fresh, key=lambda row: row.key))
        self._close_books(books.values())
        return receipts

    def _open_books(self, entries: list[Entry]) -> dict[str, _Book]:
        ids: dict[str, list[bytes]] = defaultdict(list)
        for entry in entries:
            ids[entry.sealed.event.tenant].append(UUID(entry.sealed.event.id).bytes)
        return {name: self._open_book(name, wanted) for name, wanted in ids.items()}

    def _open_book(self, name: str, wanted: list[bytes]) -> _Book:
        row = self._connection.execute("SELECT id, frontier FROM book WHERE name = ?", (name,)).fetchone()
        if row is None:
            frontier = Frontier()
            sql = "INSERT INTO book (name, size, root, frontier) VALUES (?, 0, ?, ?)"
            number = self._connection.execute(sql, (name, frontier.root(), frontier.to_bytes())).lastrowid
            return _Book(int(number or 0), name, frontier)
        book = _Book(row[0], name, Frontier.from_bytes(row[1]))
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT id, submission, position, body FROM event WHERE book = ? AND id IN ({marks})"
            for id, submission, position, body in self._connection.execute(sql, (book.number, *chunk)):
                leaf = leaf_hash(self._bodies.restore(self._connection, body))
                book.known[id] = _Known(submission, position, leaf)
        return book

    def _close_books(self, books: Iterable[_Book]) -> None:
        for book in books:
            frontier = book.frontier.extend(book.leaves)
            sql = "UPDATE book SET size = ?, root = ?, frontier = ? WHERE id = ?"
            self._connection.execute(sql, (frontier.size, frontier.root(), frontier.to_bytes(), book.number))

    def _insert(self, rows: list[_Fresh]) -> None:
        """Write the rows, then the index: FTS5 would merge a repeated key silently, the table refuses it."""
        entries = [row.entry for row in rows]
        whos = self._whos.number_all(self._connection, {entry.who for entry in entries})
        whats = self._whats.number_all(self._connection, {entry.what for entry in entries})
        self._connection.executemany(
            "INSERT INTO event (key, book, position, id, submission, who, what, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (row.key, row.book, row.position, row.id, row.entry.sealed.submission[:SUBMISSION_BYTES],
                 whos[row.entry.who], whats[row.entry.what], row.frame)
                for row in rows
            ],
        )  # fmt: skip
        spilled = [(row.key, row.entry.micros) for row in rows if row.key // SLOTS != row.entry.micros]
        if spilled:
            self._connection.executemany("INSERT INTO spilled VALUES (?, ?)", spilled)
            furthest = max(key // SLOTS - micros for key, micros in spilled)
            self._connection.execute(
                "UPDATE setting SET value = max(value, ?) WHERE name = 'furthest_spill'", (furthest,)
            )
        self._insert_tokens(rows, whos, whats)
        self._insert_parties(rows)

    def _insert_tokens(self, rows: list[_Fresh], whos: dict[str, int], whats: dict[str, int]) -> None:
        index = IndexTexts(self._connection, self._terms, [row.entry for row in rows], whos, whats)
        self._connection.executemany(
            "INSERT INTO facet (rowid, tokens) VALUES (?, ?)", [(row.key, index.text(row.entry)) for row in rows]
        )

    def _insert_parties(self, rows: list[_Fresh]) -> None:
        new = {(row.book, *named) for row in rows for named in row.entry.parties} - self._parties
        self._connection.executemany(
            "INSERT OR IGNORE INTO party VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(book, *party, name, fold(party.id), fold(name)) for book, party, name in new],
        )
        self._new_parties = new

    def _highest_key(self, low: int, high: int) -> int | None:
        sql = "SELECT max(key) FROM event WHERE key >= ? AND key < ?"
        (key,) = self._connection.execute(sql, (low, high)).fetchone()
        return None if key is None else int(key)

    def _committed(self) -> None:
        for numbers in (self._terms, self._whos, self._whats):
            numbers.committed()
        if len(self._parties) > PARTIES_REMEMBERED:
            self._parties.clear()
        self._parties |= self._new_parties

    def _rolled_back(self) -> None:
        for numbers in (self._terms, self._whos, self._whats):
            numbers.rolled_back()
        self._bodies = Bodies()

    def _cut_wal(self) -> None:
        with suppress(FileNotFoundError):
            if os.stat(self._wal).st_size > WAL_LIMIT:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


class IndexTexts:
    """What is written into the index for each event of a batch, its facets numbered. For one write transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        terms: Numbers,
        entries: Sequence[Entry],
        whos: dict[str, int],
        whats: dict[str, int],
    ) -> None:
        shared = {text: who_shared(text) for text in whos} | {text: what_shared(text) for text in whats}
        facets = {facet for one in shared.values() for facet in one.facets}
        facets.update(facet for entry in entries for facet in entry.facets)
        self._numbers = terms.number_all(connection, facets)
        self._shared = {text: f"{self._numbered(one.facets)} {one.tokens}" for text, one in shared.items()}
        self._whats = {text: what_token(number) for text, number in whats.items()}

    def text(self, entry: Entry) -> str:
        """All tokens of an event, separated by spaces."""
        own = self._numbered(entry.facets)
        who, what = self._shared[entry.who], self._shared[entry.what]
        return f"{self._whats[entry.what]} {who} {what} {own} {entry.tokens}"

    def _numbered(self, facets: Iterable[str]) -> str:
        numbers = self._numbers
        return " ".join([str(numbers[facet]) for facet in facets])
