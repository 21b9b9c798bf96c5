"""Places: the number of a book and a position in it, as one number."""

from __future__ import annotations

BOOK_BITS = 40
"""The bits of a position."""
_POSITION = (1 << BOOK_BITS) - 1


def place_of(book: int, position: int) -> int:
    """The place of a position in a book."""
    return book << BOOK_BITS | position


def book_of(place: int) -> int:
    """The number of the book that a place is in."""
    return place >> BOOK_BITS


def position_of(place: int) -> int:
    """The position of a place in its book."""
    return place & _POSITION
