"""The normal form of condition trees: what the language gives, and one way to write each nesting."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from ..event.text import words
from .tree import EVERYTHING, NOTHING, Address, And, Condition, Field, Involves, Not, Or, Parties, Words

T = TypeVar("T", bound=Hashable)


def conjunction(items: Iterable[Condition]) -> Condition:
    """All of the items: no AND within an AND, none around a single item."""
    flat: list[Condition] = []
    for item in items:
        flat.extend(item.items if isinstance(item, And) else (item,))
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(items: Iterable[Condition]) -> Condition:
    """Any of the items: no OR within an OR, none around a single item."""
    flat: list[Condition] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Or) else (item,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def negation(item: Condition) -> Condition:
    """Not the item: no NOT of a NOT, and everything and nothing are each other's."""
    if isinstance(item, Not):
        return item.item
    if item == EVERYTHING:
        return NOTHING
    return EVERYTHING if item == NOTHING else Not(item)


def normalise(condition: Condition) -> Condition:
    """A tree of the same meaning in normal form: flat, no value twice, a leaf that can't match is `NOTHING`."""
    match condition:
        case And(items):
            return conjunction(map(normalise, items))
        case Or(items):
            return disjunction(map(normalise, items))
        case Not(item):
            return negation(normalise(item))
        case Involves(values=values) | Field(values=values):
            return replace(condition, values=unique(values)) if values else NOTHING
        case Address(networks):
            return Address(unique(networks)) if networks else NOTHING
        case Parties(parties, direction):
            return Parties(unique(parties), direction) if parties else NOTHING
        case Words(text):
            return condition if words(text) else NOTHING
        case _:
            return condition


def unique(values: Iterable[T]) -> tuple[T, ...]:
    """The values in order, each once."""
    return tuple(dict.fromkeys(values))


def depth(condition: Condition) -> int:
    """How many levels of AND, OR and NOT the tree has; a leaf has none."""
    match condition:
        case And(items) | Or(items):
            return 1 + max(map(depth, items), default=0)
        case Not(item):
            return 1 + depth(item)
        case _:
            return 0
