"""The names that parties bear in books, as the entries of events give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..event.model import PartyKey
from .entry import Entry, Part

Named = tuple[int, PartyKey, str]
"""A party and a name that it bears in a book, given by the book's number."""


def names_of(entries: Iterable[tuple[int, Entry[Any]]]) -> set[Named]:
    """The names in events, each given with its book's number."""
    # Events share the parts that have names: these are told apart by identity, which is cheaper than by all the names.
    shared: dict[tuple[int, int], Part[Any]] = {}
    for book, entry in entries:
        for part in entry.parts:
            if part.parties:
                shared[book, id(part)] = part
    return {(book, party, name) for (book, _), part in shared.items() for party, name in part.parties}
