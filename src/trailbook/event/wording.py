"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 event`, `2,900 events`; a plural that is not made with an s is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
