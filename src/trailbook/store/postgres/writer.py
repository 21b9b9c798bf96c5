"""Appending: the one way in, durable and all or nothing per batch."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import psycopg
from psycopg.copy import LibpqWriter

from ...event.canonical import Sealed
from ...seal.tree import Frontier, leaf_hash
from ..appending import Coming, Known, OpenBook, Steps, packed_whole, packing
from ..bodies import Trained
from ..entry import Part, SharedPart, shared_parts
from ..names import names_of
from ..ports import Receipt
from .bodies import Bodies, keep
from .busy import Busyness, is_counted
from .connect import Connection, Database, Row, Undone
from .months import month_of
from .names import keep_names
from .numbers import Given, Numbers
from .places import BOOK_BITS, book_of, place_of, position_of
from .tokens import ELEMENT_BYTES, Entries, Entry, Tokens, array_of

MOST_TRIES = 5
"""Of a transaction that others got in the way of: PostgreSQL undoes one of those that wait for each other."""
MOST_PARTS = 100_000
_INDEX_BITS = 20
"""An arrival is the number of a batch, and after it, in so many bits, which event of the batch it is."""

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = struct.pack(">h", -1)
_EVENT = struct.Struct(">hiqiqiqiiiiiiiiii")
_FRAME = struct.Struct(">i")
_INT4_OID = 23
_ARRAY_HEAD_BYTES = 20

T = TypeVar("T")
Work = Callable[[Connection], tuple[T, Iterable[Sealed]]]
"""What else is done in a transaction, and the events that tell of it."""
Meanwhile = Callable[[], bool]
"""Does a little of something else; False if there is nothing to do."""
Packed = tuple[list[Entry], list[bytes], Trained | None]


class _Row(NamedTuple):
    """A row of the event table: of which book, and the numbers that it gets there."""

    entry: Entry
    book: int
    place: int
    arrival: int
    frame: bytes


class Writer:
    """Appends batches. Not shared between threads; what it remembers of the store is."""

    def __init__(self, database: Database, entries: Entries, numbers: Numbers, busyness: Busyness) -> None:
        self._database = database
        self._entries = entries
        self._numbers = numbers
        self._busyness = busyness
        self._bodies = Bodies()
        self._is_new = True
        # Whether events that are there already are looked up before: on while they come, since most are there then.
        self._looks = False
        self._parts: dict[SharedPart, Part[Tokens]] = {}

    def transact(self, work: Work[T], batch: Iterable[Sealed] = ()) -> tuple[T, list[Receipt]]:
        """Do some work and append the batch, and then the events that the work gives: in one transaction.

        Gives the work's result and the receipts. Work that raises undoes all; it is done again if others got in the
        way.
        """
        with self._forgetting():
            return self._written(work, packed_whole(self._packing(batch)), None)

    def transact_each(self, batches: Iterable[Iterable[Sealed]]) -> Iterator[list[Receipt]]:
        """Append batch after batch, each in a transaction of its own; gives the receipts of each once it is durable.

        While the server stores one, the next is packed. What `batches` raises is raised after the receipts of those
        before.
        """
        with self._forgetting():
            coming = Coming(map(self._packing, batches))
            coming.begin()
            while (packed := coming.whole()) is not None:
                # Not in the transaction: whoever is waited for there would keep others out of the books.
                coming.begin()
                yield self._written(nothing, packed, coming.some)[1]

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """Forgets what was not stored if anything is raised: above all a dictionary that frames would need."""
        try:
            if self._is_new:
                self._renew()
            yield
        except BaseException:
            self._is_new = True
            raise

    def _renew(self) -> None:
        self._bodies = Bodies()
        self._bodies.use_newest(self._database)
        self._is_new = False

    def _written(self, work: Work[T], packed: Packed, meanwhile: Meanwhile | None) -> tuple[T, list[Receipt]]:
        given = self._numbers.prepare(packed[0])
        for _ in range(MOST_TRIES - 1):
            try:
                return self._transact(work, packed, given, meanwhile)
            except _Repeated:
                self._looks = True
            except Undone:
                pass
            # A dictionary for what the work told was undone with it.
            self._renew()
        self._looks = True
        return self._transact(work, packed, given, meanwhile)

    def _transact(
        self, work: Work[T], packed: Packed, given: Given, meanwhile: Meanwhile | None
    ) -> tuple[T, list[Receipt]]:
        with self._database.writing() as connection:
            done, told = work(connection)
            entries, frames, trained = packed
            more, more_frames, retrained = packed_whole(self._packing(told))
            if more:
                given = self._numbers.prepare([*entries, *more])
            for dictionary in filter(None, (trained, retrained)):
                keep(connection, dictionary)
            append = _Append(connection, given, self._bodies, self._database, self._looks)
            receipts = append.all([*entries, *more], [*frames, *more_frames], meanwhile)
            # Whoever is named by parts that were met before is there already.
            parts = {key: part for key, part in append.parts.items() if key not in self._parts}
            keep_names(connection, names_of(parts))
        if len(self._parts) > MOST_PARTS:
            self._parts = {}
        self._parts |= parts
        self._looks = any(receipt.status != "stored" for receipt in receipts)
        self._busyness.count(append.counted)
        return done, receipts

    def _packing(self, batch: Iterable[Sealed]) -> Steps[Packed]:
        """What is kept of each event, and a dictionary to keep with it, if any."""
        bodies = self._bodies
        packed = yield from packing(batch, self._entries.make, bodies.compress)
        trained = bodies.improve(self._database, packed.frames, packed.unpacked)
        return packed.entries, packed.frames, trained


def nothing(connection: Connection) -> tuple[None, Iterable[Sealed]]:
    """Work that does nothing."""
    return None, ()


class _Patient(LibpqWriter):
    """Writes rows, and does something else until the server has stored them, which takes it longer than us."""

    def __init__(self, cursor: psycopg.Cursor[Row], meanwhile: Meanwhile) -> None:
        super().__init__(cursor)
        self._meanwhile = meanwhile

    def finish(self, exc: BaseException | None = None) -> None:
        """End the rows, and wait for the server."""
        with ThreadPoolExecutor(1) as beside:
            stored = beside.submit(super().finish, exc)
            while exc is None and not stored.done() and self._meanwhile():
                pass
            stored.result()


class _Repeated(Exception):
    """Some events of a batch are there already: which, has to be looked up."""


class _Append:
    """The appending of one batch, in the transaction that is open."""

    def __init__(
        self,
        connection: Connection,
        given: Given,
        bodies: Bodies,
        database: Database,
        looks: bool,
    ) -> None:
        self._connection = connection
        self._given = given
        self._bodies = bodies
        self._database = database
        self._looks = looks
        self.parts: dict[SharedPart, Part[Tokens]] = {}
        self.counted: list[tuple[int, bytes]] = []

    def all(self, entries: list[Entry], frames: list[bytes], meanwhile: Meanwhile | None) -> list[Receipt]:
        """Append what is not there yet. Books are locked one after the other by number, so that nobody deadlocks.

        What is there is looked up before, or is met with: most batches have nothing that is. Raises _Repeated then.
        """
        if not entries:
            return []
        books = self._open_books(entries)
        ((batch,),) = self._connection.rows("SELECT nextval('trailbook.arrival')")
        receipts: list[Receipt] = []
        fresh: list[tuple[int, Entry]] = []
        months: dict[str, list[_Row]] = defaultdict(list)
        identities: list[tuple[str, int, int, int, int]] = []
        for index, (entry, frame) in enumerate(zip(entries, frames, strict=True)):
            book = books[entry.book]
            receipt = book.receive(entry)
            receipts.append(receipt)
            if receipt.status != "stored":
                continue
            place, arrival = place_of(book.number, receipt.position), batch << _INDEX_BITS | index
            months[month_of(entry.micros).name].append(_Row(entry, book.number, place, arrival, frame))
            submission = int.from_bytes(entry.submission, "big", signed=True)
            identities.append((entry.event_id, place, entry.micros, arrival, submission))
            fresh.append((book.number, entry))
        if fresh:
            self._identify(identities)
            for month, rows in months.items():
                self._copy(month, rows, meanwhile)
            self._close_books(books.values())
        self.parts = shared_parts(fresh)
        return receipts

    def _event(self, row: _Row) -> tuple[bytes, bytes, bytes, bytes]:
        """A row of the event table, as COPY takes it."""
        entry, frame = row.entry, row.frame
        tokens = array_of(entry, self._given.tokens)
        if is_counted(entry.leaf):
            self.counted.append((entry.micros, tokens))
        who, what = self._given.whos[row.book, entry.who], self._given.whats[row.book, entry.what]
        size, bytes_of_array = len(tokens) // ELEMENT_BYTES, _ARRAY_HEAD_BYTES + len(tokens)
        head = _EVENT.pack(
            7, 8, entry.micros, 8, row.arrival, 8, row.place, 4, who, 4, what,
            bytes_of_array, 1, 0, _INT4_OID, size, 1,
        )  # fmt: skip
        return head, tokens, _FRAME.pack(len(frame)), frame

    def _copy(self, month: str, rows: list[_Row], meanwhile: Meanwhile | None) -> None:
        """Add rows to the partition of a month: nothing is copied into a table with row security, such as the whole."""
        sql = f"COPY trailbook.{month} (at, arrival, place, who, what, tokens, body) FROM STDIN (FORMAT binary)"
        cursor = self._connection.raw.cursor()
        with cursor.copy(sql, writer=_Patient(cursor, meanwhile) if meanwhile else None) as copy:
            copy.write(b"".join([_COPY_HEADER, *[piece for row in rows for piece in self._event(row)], _COPY_END]))

    def _identify(self, rows: list[tuple[str, int, int, int, int]]) -> None:
        sql = f"""
            INSERT INTO trailbook.identity (id, place, at, arrival, submission)
            SELECT * FROM unnest(%b::text[]::uuid[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[])
            ON CONFLICT (id, (place >> {BOOK_BITS})) DO NOTHING
        """
        if self._connection.run(sql, [list(column) for column in zip(*rows, strict=True)]) < len(rows):
            raise _Repeated

    def _open_books(self, entries: list[Entry]) -> dict[str, OpenBook]:
        numbers = sorted({self._given.books[entry.book] for entry in entries})
        sql = """
            SELECT number, name, frontier FROM trailbook.book WHERE number = ANY (%b) ORDER BY number
            FOR NO KEY UPDATE
        """
        rows = self._connection.rows(sql, (numbers,))
        books = {name: OpenBook(number, name, Frontier.from_bytes(frontier)) for number, name, frontier in rows}
        if self._looks:
            self._look_up(entries, {book.number: book for book in books.values()})
        return books

    def _look_up(self, entries: list[Entry], books: dict[int, OpenBook]) -> None:
        """Find the events that are there already."""
        ids = [entry.event_id for entry in entries]
        sql = "SELECT id, place, at, arrival, submission FROM trailbook.identity WHERE id = ANY (%b::text[]::uuid[])"
        for id, place, at, arrival, submission in self._connection.rows(sql, (ids,)):
            book = books.get(book_of(place))
            if book is not None:
                body = "SELECT body FROM trailbook.event WHERE at = %s AND arrival = %s"
                ((frame,),) = self._connection.rows(body, (at, arrival))
                leaf = leaf_hash(self._bodies.restore(self._database, frame))
                book.known[id.bytes] = Known(submission.to_bytes(8, "big", signed=True), position_of(place), leaf)

    def _close_books(self, books: Iterable[OpenBook]) -> None:
        closed = [(book.number, book.frontier.extend(book.leaves)) for book in books if book.leaves]
        sql = """
            UPDATE trailbook.book AS b SET size = t.size, root = t.root, frontier = t.frontier
            FROM unnest(%b::int[], %b::bigint[], %b::bytea[], %b::bytea[]) AS t (number, size, root, frontier)
            WHERE b.number = t.number
        """
        self._connection.run(
            sql,
            (
                [number for number, _ in closed],
                [frontier.size for _, frontier in closed],
                [frontier.root() for _, frontier in closed],
                [frontier.to_bytes() for _, frontier in closed],
            ),
        )
