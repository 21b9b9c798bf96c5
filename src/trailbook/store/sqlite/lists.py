"""The lists that names and beginnings of keys are looked up in; they follow from the events, like the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from ...event.text import fold
from ..entry import Part, SharedPart, shared_parts
from ..names import Named, names_of
from .entry import Entry, Tokens

MOST_REMEMBERED = 500_000
"""Facets and names; when there are more, all are forgotten and listed again, which does no harm."""
MOST_PARTS = 50_000
"""The same of parts of events."""


class Row(Protocol):
    """An event and the number of its book."""

    @property
    def book(self) -> int: ...
    @property
    def entry(self) -> Entry: ...


class Lists(NamedTuple):
    """What some events add to the lists: facets whose beginnings can be asked for, and names."""

    facets: set[str]
    names: set[Named]

    def without(self, other: Lists) -> Lists:
        """What is not in the other lists."""
        return Lists(self.facets - other.facets, self.names - other.names)

    def add(self, other: Lists) -> None:
        """Add what is in the other lists."""
        self.facets.update(other.facets)
        self.names.update(other.names)


def lists_of(rows: Sequence[Row]) -> Lists:
    """What events add to the lists."""
    return _lists(rows, _parts(rows))


def _parts(rows: Iterable[Row]) -> dict[SharedPart, Part[Tokens]]:
    return shared_parts((row.book, row.entry) for row in rows)


def _lists(rows: Iterable[Row], parts: Mapping[SharedPart, Part[Tokens]]) -> Lists:
    """What these parts add to the lists, and what the events alone have."""
    facets = {facet for row in rows for facet in row.entry.own.listed}
    facets.update(facet for part in parts.values() for facet in part.indexed.listed)
    return Lists(facets, names_of(parts))


def keep_lists(connection: sqlite3.Connection, lists: Lists) -> None:
    """Add to the lists what is not in them yet."""
    connection.executemany("INSERT OR IGNORE INTO listed VALUES (?)", [(facet,) for facet in sorted(lists.facets)])
    connection.executemany("INSERT OR IGNORE INTO party VALUES (?, ?, ?, ?, ?, ?, ?)", map(_party_row, lists.names))


class Listed:
    """Adds to the lists, and remembers what is in them. Remembered only once it was committed."""

    def __init__(self) -> None:
        self._known, self._pending = Lists(set(), set()), Lists(set(), set())
        # Parts are held on to: another one could get the identity of one that is gone.
        self._parts: dict[SharedPart, Part[Tokens]] = {}
        self._pending_parts: dict[SharedPart, Part[Tokens]] = {}

    def keep(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Add what these events give. Call it inside a write transaction, once."""
        parts = _parts(rows)
        self._pending_parts = {key: part for key, part in parts.items() if key not in self._parts}
        self._pending = _lists(rows, self._pending_parts).without(self._known)
        keep_lists(connection, self._pending)

    def committed(self) -> None:
        """The transaction was committed: what it added may be remembered."""
        if len(self._known.facets) + len(self._known.names) > MOST_REMEMBERED:
            self._known = Lists(set(), set())
        if len(self._parts) > MOST_PARTS:
            self._parts = {}
        self._known.add(self._pending)
        self._parts |= self._pending_parts
        self.rolled_back()

    def rolled_back(self) -> None:
        """The transaction was undone: forget what it added."""
        self._pending = Lists(set(), set())
        self._pending_parts = {}


def clear_lists(connection: sqlite3.Connection) -> None:
    """Empty the lists, to make them anew."""
    connection.execute("DELETE FROM listed")
    connection.execute("DELETE FROM party")


def differences(connection: sqlite3.Connection, right: Lists) -> Iterable[str]:
    """In what the lists differ from what they should be, in sentences."""
    facets = {facet for (facet,) in connection.execute("SELECT facet FROM listed")}
    for facet in sorted(right.facets - facets):
        yield f"The facet '{facet}' cannot be found by its beginning."
    for facet in sorted(facets - right.facets):
        yield f"The facet '{facet}' is listed, but no event has it."
    names = set(connection.execute("SELECT * FROM party"))
    expected = set(map(_party_row, right.names))
    for _, kind, _, id, name, *_ in sorted(expected - names):
        yield f"The {kind} {id} is not known by the name '{name}'."
    for _, kind, _, id, name, *_ in sorted(names - expected):
        yield f"The {kind} {id} is known by the name '{name}', which no event gives."


def _party_row(named: Named) -> tuple[int, str, str, str, str, str, str]:
    book, party, name = named
    return (book, *party, name, fold(party.id), fold(name))
