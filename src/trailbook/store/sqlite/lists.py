"""The lists that names and beginnings of keys are looked up in; they follow from the events, like the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from ...event.text import fold
from ..entry import shared_parts
from ..names import Named, names_of
from .entry import Entry


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


def lists_of(entries: Iterable[tuple[int, Entry]]) -> Lists:
    """What events add to the lists, each given with its book's number."""
    given = list(entries)
    shared = shared_parts(given)
    facets = {facet for _, entry in given for facet in entry.own.listed}
    facets.update(facet for part in shared.values() for facet in part.indexed.listed)
    return Lists(facets, names_of(shared))


def keep_lists(connection: sqlite3.Connection, lists: Lists) -> None:
    """Add to the lists what is not in them yet."""
    connection.executemany("INSERT OR IGNORE INTO listed VALUES (?)", [(facet,) for facet in sorted(lists.facets)])
    connection.executemany("INSERT OR IGNORE INTO party VALUES (?, ?, ?, ?, ?, ?, ?)", map(_party_row, lists.names))


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
