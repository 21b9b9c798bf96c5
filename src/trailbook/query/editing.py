"""Changing a query by its parts, as written: taking one out, turning it round, asking for one value more or less."""

from __future__ import annotations

from msgspec.structs import replace

from ..event.text import fold
from .language import key_and_values
from .normal import conjunction, negation, unique
from .tree import Address, And, Condition, Field, FieldName, Involves, Not

_ONE_VALUE: frozenset[FieldName] = frozenset({"action", "resource", "app", "outcome", "id", "book"})
"""Fields of which an event has one value, so that two of them never hold at once."""

Leaf = Involves | Field | Address
"""A condition with a key and a list of values."""


def parts(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that must all hold."""
    return condition.items if isinstance(condition, And) else (condition,)


def without(condition: Condition, at: int) -> Condition:
    """The condition without the part of this number."""
    return conjunction(one for number, one in enumerate(parts(condition)) if number != at)


def turned(condition: Condition, at: int) -> Condition:
    """The condition with the part of this number turned into its contrary."""
    return conjunction(negation(one) if number == at else one for number, one in enumerate(parts(condition)))


def narrowed(condition: Condition, leaf: Leaf) -> Condition:
    """What the leaf finds of what the condition finds.

    If an event has one value of the leaf's key, the leaf takes the place of what is asked for by that key.
    """
    rest = [one for one in parts(condition) if not (_has_one_value(leaf) and _alike(one, leaf))]
    return conjunction(unique((*rest, leaf)))


def excluded(condition: Condition, leaf: Leaf) -> Condition:
    """What the condition finds without what the leaf finds."""
    return _joined(condition, leaf, negative=True)


def widened(condition: Condition, leaf: Leaf) -> Condition:
    """The condition with the leaf's values as alternatives to those that it asks for by the same key."""
    return _joined(condition, leaf, negative=False)


def lessened(condition: Condition, leaf: Leaf) -> Condition:
    """The condition without the leaf's values among those that it asks for, or excludes, by the same key."""
    left = [_less(one, leaf) for one in parts(condition)]
    return conjunction(one for one in left if one is not None)


def free_of(condition: Condition, leaf: Leaf) -> Condition:
    """The condition without what it asks for by the leaf's key: all that there is to choose from."""
    return conjunction(one for one in parts(condition) if not _alike(one, leaf))


def asks_for(condition: Condition, leaf: Leaf) -> bool:
    """Whether the leaf's values are among those that it asks for by the same key."""
    return any(_alike(one, leaf) and _folded(leaf) <= _folded(one) for one in parts(condition))


def excludes(condition: Condition, leaf: Leaf) -> bool:
    """Whether the leaf's values are among those that it excludes by the same key."""
    return any(isinstance(one, Not) and asks_for(one.item, leaf) for one in parts(condition))


def _joined(condition: Condition, leaf: Leaf, *, negative: bool) -> Condition:
    """The leaf's values added to the part of the same key and sign, else as a part of their own."""
    items = list(parts(condition))
    for number, one in enumerate(items):
        inner = one.item if negative and isinstance(one, Not) else one
        if isinstance(one, Not) == negative and _alike(inner, leaf):
            joined = _with(inner, unique((*_values(inner), *_values(leaf))))
            items[number] = negation(joined) if negative else joined
            return conjunction(items)
    return conjunction((*items, negation(leaf) if negative else leaf))


def _less(one: Condition, leaf: Leaf) -> Condition | None:
    """A part without the leaf's values; None if nothing is left of it."""
    inner = one.item if isinstance(one, Not) else one
    if not _alike(inner, leaf):
        return one
    left = tuple(value for value in _values(inner) if fold(value) not in _folded(leaf))
    if not left:
        return None
    return negation(_with(inner, left)) if isinstance(one, Not) else _with(inner, left)


def _alike(one: Condition, leaf: Leaf) -> bool:
    """Whether a part is a list of values of the leaf's key."""
    return isinstance(one, (Involves, Field, Address)) and key_and_values(one)[0] == key_and_values(leaf)[0]


def _has_one_value(leaf: Leaf) -> bool:
    match leaf:
        case Field(name):
            return name in _ONE_VALUE
        case Involves(kind, _, direction):
            return direction == "by" and kind in ("user", "tenant")
        case Address():
            return True


def _values(leaf: Condition) -> tuple[str, ...]:
    return key_and_values(leaf)[1]


def _folded(leaf: Condition) -> set[str]:
    return {fold(value) for value in _values(leaf)}


def _with(leaf: Condition, values: tuple[str, ...]) -> Condition:
    """The leaf with other values. Raises TypeError for what has no list of them."""
    match leaf:
        case Involves() | Field():
            return replace(leaf, values=values)
        case Address():
            return Address(values)
        case _:
            raise TypeError(f"{type(leaf).__name__} has no list of values")
