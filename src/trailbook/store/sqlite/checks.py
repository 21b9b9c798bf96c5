"""Looking for damage: `verify` recomputes the books, `doctor` compares the index with the table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

from ...errors import Damaged
from ...event.canonical import decode
from ..keys import SLOTS, TICK, tick_of
from ..plan import pack_id
from ..ports import Heads, Problem, Progress
from ..verifying import BookThere, Checked, Columns, disagreements, verified
from .bodies import Bodies
from .connect import reading
from .index import CHUNK, expected, tokens_of
from .lists import Lists, differences, lists_of
from .rows import furthest_spill
from .schema import GUARDS, index_table

MOST_PROBLEMS = 100
"""How many problems are told before the check of one kind gives up."""


def verify(connection: sqlite3.Connection, against: Heads, progress: Progress) -> list[Problem]:
    """Recompute every book from its events' bytes, and compare it with its head and with heads noted elsewhere."""
    return list(islice(_verify(connection, against, progress), MOST_PROBLEMS))


def _verify(connection: sqlite3.Connection, against: Heads, progress: Progress) -> Iterator[Problem]:
    # Below a head nothing ever changes, so that others may go on writing while the books are walked up to theirs.
    sql = """
        SELECT id, name, size, root, frontier,
        (SELECT count(*) FROM event WHERE book = book.id AND NOT position BETWEEN 0 AND size - 1)
        FROM book ORDER BY name
    """
    books = connection.execute(sql).fetchall()
    sql = "SELECT count(*) FROM event WHERE book NOT IN (SELECT id FROM book)"
    (strangers,) = connection.execute(sql).fetchone()
    if strangers:
        yield Problem("event table", f"{strangers} events belong to no book.")
    bodies = Bodies()
    yield from verified(
        [
            BookThere(name, size, root, frontier, surplus, partial(_rows, connection, bodies, number, name, size))
            for number, name, size, root, frontier, surplus in books
        ],
        against,
        progress,
    )


class _Stored(NamedTuple):
    key: int
    position: int
    book: int
    who: str
    what: str
    offset: int
    body: bytes


def _rows(
    connection: sqlite3.Connection, bodies: Bodies, number: int, name: str, size: int, position: int
) -> list[Checked]:
    sql = """
        SELECT e.key, e.position, e.book, coalesce(who.text, ''), coalesce(what.text, ''), e.offset, e.body
        FROM event AS e LEFT JOIN who ON who.id = e.who LEFT JOIN what ON what.id = e.what
        WHERE e.book = ? AND e.position >= ? AND e.position < ? ORDER BY e.position LIMIT ?
    """
    rows = connection.execute(sql, (number, position, size, CHUNK)).fetchall()
    return [_checked(connection, bodies, _Stored(*row), name) for row in rows]


def _checked(connection: sqlite3.Connection, bodies: Bodies, row: _Stored, name: str) -> Checked:
    try:
        canonical = bodies.restore(connection, row.body)
        event = decode(canonical)
    except (Damaged, ValueError) as error:
        return Checked(row.position, None, [f"Its bytes cannot be read: {error}"])
    columns = Columns(tick_of(row.key) + row.offset, row.who, row.what)
    problems = list(disagreements(columns, event, name))
    sql = "SELECT key FROM identity WHERE id = ? AND book = ?"
    if connection.execute(sql, (pack_id(event.id), row.book)).fetchone() != (row.key,):
        problems.append("It cannot be found by its id.")
    return Checked(row.position, canonical, problems)


def doctor(connection: sqlite3.Connection, key: bytes, progress: Progress) -> list[Problem]:
    """Compare the index with the table, per term and per row, and check the file's own structure."""
    # The index made anew for comparison is as large as the one there: it belongs on disk.
    connection.execute("PRAGMA temp_store = FILE")
    found = list(islice(_structure(connection), MOST_PROBLEMS))
    with reading(connection):
        found += islice(_index(connection, key, progress), MOST_PROBLEMS)
    return found


def _structure(connection: sqlite3.Connection) -> Iterator[Problem]:
    for (line,) in connection.execute("PRAGMA quick_check"):
        if line != "ok":
            yield Problem("file", str(line))
    triggers = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    for missing in sorted(set(GUARDS) - triggers):
        yield Problem("file", f"The trigger {missing} is gone, which keeps events as they are.")
    if (noted := furthest_spill(connection)) < (found := _found_spill(connection)):
        yield Problem("setting furthest_spill", f"It says {noted}, but a row is {found} places from its time.")
    try:
        connection.execute("INSERT INTO facet (facet) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        yield Problem("index", f"Its structure is damaged: {error}.")


def _found_spill(connection: sqlite3.Connection) -> int:
    """How many places at most a row is from the tick in which its event occurred, by the rows themselves."""
    sql = f"SELECT coalesce(max(({TICK} - 1 - offset) / {TICK}), 0) FROM event WHERE offset < 0"
    return int(connection.execute(sql).fetchone()[0]) * SLOTS


def _index(connection: sqlite3.Connection, key: bytes, progress: Progress) -> Iterator[Problem]:
    """The terms and rows in which the index differs from one made anew in a temporary table."""
    connection.execute("DROP TABLE IF EXISTS temp.remade")
    connection.execute(index_table("temp.remade"))
    lists = Lists(set(), set())
    for chunk in expected(connection, key, progress):
        connection.executemany("INSERT INTO temp.remade (rowid, tokens) VALUES (?, ?)", tokens_of(chunk))
        lists.add(lists_of(chunk))
    for name, schema, table in (("there", "main", "facet"), ("right", "temp", "remade")):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        connection.execute(f"CREATE VIRTUAL TABLE temp.{name} USING fts5vocab ('{schema}', '{table}', 'instance')")
    there, right = (_Terms(connection, name) for name in ("there", "right"))
    while (term := min(there.term, right.term, key=_last)) is not None:
        a = there.take(term)
        b = right.take(term)
        if a != b:
            yield from _rows_that_differ(connection, term)
    for difference in differences(connection, lists):
        yield Problem("names and keys", difference)


class _Terms:
    """The terms of a vocabulary in order, each with the number of its rows and a sum over their keys."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        sql = f"SELECT term, count(*), sum(doc % 2147483647), sum((doc >> 31) % 2147483647) FROM temp.{name}"
        self._rows = connection.cursor().execute(f"{sql} GROUP BY term")
        self._next = self._rows.fetchone()

    @property
    def term(self) -> str | None:
        """The next term, None after the last."""
        return None if self._next is None else str(self._next[0])

    def take(self, term: str) -> tuple[int, ...]:
        """The figures of the term if it is the next one, which is then passed; else nothing."""
        if self.term != term:
            return ()
        figures, self._next = self._next[1:], self._rows.fetchone()
        return tuple(figures)


def _last(term: str | None) -> tuple[bool, bytes]:
    """Sorts terms as SQLite does, by their bytes, and the end after all."""
    return (term is None, (term or "").encode())


def _rows_that_differ(connection: sqlite3.Connection, term: str) -> Iterator[Problem]:
    sql = "SELECT doc FROM temp.{} WHERE term = ?"
    there = {key for (key,) in connection.execute(sql.format("there"), (term,))}
    right = {key for (key,) in connection.execute(sql.format("right"), (term,))}
    for key in sorted(right - there):
        yield Problem(f"index, row {key}", f"The term '{term}' is missing.")
    for key in sorted(there - right):
        yield Problem(f"index, row {key}", f"The term '{term}' is there and should not be.")
