"""The names that parties bear in books, as the entries of events give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..event.model import PartyKey
from .entry import Part, SharedPart

Named = tuple[int, PartyKey, str]
"""A party and a name that it bears in a book, given by the book's number."""


def names_of(parts: Mapping[SharedPart, Part[Any]]) -> set[Named]:
    """The names in what events share."""
    return {(book, party, name) for (book, _), part in parts.items() for party, name in part.parties}
