"""The names that parties bear in books, as the entries of events give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..event.model import PartyKey
from .entry import Part

Named = tuple[int, PartyKey, str]
"""A party and a name that it bears in a book, given by the book's number."""


def names_of(parts: Iterable[tuple[int, Part[Any]]]) -> set[Named]:
    """The names in what events share, each part given with its book's number."""
    return {(book, party, name) for book, part in parts for party, name in part.parties}
