"""The numbers that rows have for what they share: books, tokens, initiators and the like; given out once, for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import blake2b
from typing import Generic, NamedTuple, TypeVar

from ...seal.tree import Frontier
from .connect import Connection, Database
from .months import Month, month_of
from .tokens import DAY, Entry, element

MOST_REMEMBERED = 500_000
"""Of each kind; when there are more, all are forgotten and read again."""

K = TypeVar("K")
V = TypeVar("V")
Shared = tuple[int, str]
"""A text that the events of a book share, with the book's number."""


def digest(text: str) -> bytes:
    """What a text of any length is found by."""
    return blake2b(text.encode(), digest_size=16).digest()


class Given(NamedTuple):
    """The numbers of all that a batch refers to; those of tokens as elements of an array."""

    books: dict[str, int]
    tokens: dict[str, bytes]
    whos: dict[Shared, int]
    whats: dict[Shared, int]


class _Remembered(Generic[K, V]):
    """Numbers of one kind: those that are `known`; what is not yet, `give` finds or gives out."""

    def __init__(self, give: Callable[[set[K]], dict[K, V]]) -> None:
        self._give = give
        self.known: dict[K, V] = {}

    def all_of(self, wanted: set[K]) -> dict[K, V]:
        """The numbers of what is wanted, among others; what is not there and is not given one is left out."""
        known = self.known
        missing = wanted.difference(known)
        if missing:
            if len(known) + len(missing) > MOST_REMEMBERED:
                # Others may still be looking into the one before.
                known = self.known = {}
                missing = wanted
            known.update(self._give(missing))
        return known


class Numbers:
    """What has a number in the store, remembered. For all threads of a process.

    Numbers are given out in short transactions of their own, so that nobody waits long for who gives one to the same;
    a batch that is then not stored leaves some that nothing refers to, which does no harm.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._books = _Remembered(self._number_books)
        self._found = _Remembered(self._find_books)
        self._tokens = _Remembered(self._number_tokens)
        self._whos = _Remembered(partial(self._number_shared, "who"))
        self._whats = _Remembered(partial(self._number_shared, "what"))
        self._months: set[Month] = set()

    def prepare(self, entries: Iterable[Entry]) -> Given:
        """The numbers of all that the entries refer to; their months are there then, too."""
        given = list(entries)
        books = self._books.all_of({entry.book for entry in given})
        tokens = self._tokens.all_of(_unknown(given))
        whos = self._whos.all_of({(books[entry.book], entry.who) for entry in given})
        whats = self._whats.all_of({(books[entry.book], entry.what) for entry in given})
        for month in sorted(set(map(month_of, {entry.micros // DAY * DAY for entry in given})) - self._months):
            with self._database.numbering() as connection:
                connection.run("SELECT trailbook.make_month(%s, %s, %s)", month)
            self._months.add(month)
        return Given(books, tokens, whos, whats)

    def of_tokens(self) -> dict[str, bytes]:
        """The numbers of tokens that are known in this process, as elements of an array."""
        return self._tokens.known

    def book(self, name: str) -> int | None:
        """The number of a book, None if there is none of this name."""
        return self._found.all_of({name}).get(name)

    def _find_books(self, names: set[str]) -> dict[str, int]:
        with self._database.numbering() as connection:
            return _books(connection, sorted(map(digest, names)))

    def _number_books(self, names: set[str]) -> dict[str, int]:
        empty = Frontier()
        rows = sorted((digest(name), name) for name in names)
        digests = [one for one, _ in rows]
        sql = """
            INSERT INTO trailbook.book (digest, name, size, root, frontier)
            SELECT t.digest, t.name, 0, %s, %s FROM unnest(%b::bytea[], %b::text[]) AS t (digest, name) ORDER BY 1
            ON CONFLICT DO NOTHING
        """
        with self._database.numbering() as connection:
            found = _books(connection, digests)
            if len(found) < len(rows):
                connection.run(sql, (empty.root(), empty.to_bytes(), digests, [name for _, name in rows]))
                found = _books(connection, digests)
        return found

    def _number_tokens(self, texts: set[str]) -> dict[str, bytes]:
        wanted = sorted(text.encode() for text in texts)
        sql = """
            INSERT INTO trailbook.token (text) SELECT t.text FROM unnest(%b::bytea[]) AS t (text) ORDER BY 1
            ON CONFLICT DO NOTHING
        """
        with self._database.numbering() as connection:
            found = _tokens(connection, wanted)
            missing = [text for text in wanted if text.decode() not in found]
            if missing:
                connection.run(sql, (missing,))
                found.update(_tokens(connection, missing))
        return found

    def _number_shared(self, table: str, texts: set[Shared]) -> dict[Shared, int]:
        rows = sorted((book, digest(text), text) for book, text in texts)
        sql = f"""
            INSERT INTO trailbook.{table} (book, digest, text)
            SELECT * FROM unnest(%b::int[], %b::bytea[], %b::text[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING
        """
        with self._database.numbering() as connection:
            found = _shared(connection, table, rows)
            missing = [row for row in rows if (row[0], row[2]) not in found]
            if missing:
                connection.run(sql, [list(column) for column in zip(*missing, strict=True)])
                found.update(_shared(connection, table, missing))
        return found


def _unknown(entries: list[Entry]) -> set[str]:
    """The texts of which no number was known when the entries were made."""
    shared = {id(part): part.indexed for entry in entries for part in entry.shared}
    of_parts = [entry.own.texts for entry in entries]
    of_parts += [tokens.texts for tokens in shared.values()]
    return set().union(*filter(None, of_parts))


def _books(connection: Connection, digests: list[bytes]) -> dict[str, int]:
    sql = "SELECT name, number FROM trailbook.book WHERE digest = ANY (%b)"
    found: dict[str, int] = {}
    found.update(connection.rows(sql, (digests,)))
    return found


def _tokens(connection: Connection, texts: list[bytes]) -> dict[str, bytes]:
    sql = "SELECT text, number FROM trailbook.token WHERE text = ANY (%b)"
    return {text.decode(): element(number) for text, number in connection.rows(sql, (texts,))}


def _shared(connection: Connection, table: str, rows: list[tuple[int, bytes, str]]) -> dict[Shared, int]:
    sql = f"""
        SELECT s.book, s.text, s.number FROM trailbook.{table} AS s
        JOIN unnest(%b::int[], %b::bytea[]) AS t (book, digest) ON s.book = t.book AND s.digest = t.digest
    """
    found = connection.rows(sql, ([book for book, _, _ in rows], [one for _, one, _ in rows]))
    return {(book, text): number for book, text, number in found}
