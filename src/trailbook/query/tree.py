"""The condition tree: immutable values that say which events are meant.

A tree comes in two states. *As written* it may hold `Involves` (ids or names of parties) and `Period` (dates and
words such as `last-month`). *Resolved* (see `resolve`), these have become `Parties` and `Occurred`, and the tree has a
meaning for any single event: `matches`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from ..event.model import Kind, PartyKey

Direction = Literal["either", "by", "against"]
FieldName = Literal["action", "resource", "app", "outcome", "changed", "related", "id", "request", "book", "is"]
FIELDS: tuple[FieldName, ...] = (
    "action", "resource", "app", "outcome", "changed", "related", "id", "request", "book", "is",
)  # fmt: skip
PREFIXABLE: tuple[FieldName, ...] = ("action", "resource", "app", "changed")


class _Node(Struct, frozen=True, tag=True):
    pass


class And(_Node, frozen=True):
    """All of the items; an empty one is everything."""

    items: tuple[Condition, ...]


class Or(_Node, frozen=True):
    """Any of the items; an empty one is nothing."""

    items: tuple[Condition, ...]


class Not(_Node, frozen=True):
    """Not the item."""

    item: Condition


class Involves(_Node, frozen=True):
    """As written: any of these users, groups, roles or tenants, by id, `tenant/id` or name."""

    kind: Kind
    values: tuple[str, ...]
    direction: Direction = "either"


class Parties(_Node, frozen=True):
    """Resolved: any of these parties did it (`by`), was affected (`against`), or either."""

    parties: tuple[PartyKey, ...]
    direction: Direction = "either"


class Field(_Node, frozen=True):
    """A keyed fact equals any of the values; a value ending in `*` means every key that begins so.

    `related` takes `kind/id`, `kind/*` or an id of any kind; `is` takes `late`, `anonymous`; `book` is exact; the rest
    is folded.
    """

    name: FieldName
    values: tuple[str, ...]


class Address(_Node, frozen=True):
    """The initiator's address is in any of the networks, such as `85.223.0.0/16` or `::1`."""

    networks: tuple[str, ...]


class Words(_Node, frozen=True):
    """The words of `text`, next to each other and in this order, in one text of the event.

    With `prefix`, the last word need only begin so (three letters at least).
    """

    text: str
    prefix: bool = False


class Period(_Node, frozen=True):
    """As written: `since`, `until` (a date, a time, or an offset such as `-7d`) or `during` (a period's name)."""

    key: Literal["since", "until", "during"]
    value: str


class Occurred(_Node, frozen=True):
    """Resolved: it occurred at or after `since` and before `until` (UTC; None means open)."""

    since: datetime | None = None
    until: datetime | None = None


Condition = And | Or | Not | Involves | Parties | Field | Address | Words | Period | Occurred
EVERYTHING = And(())
NOTHING = Or(())


def both(*conditions: Condition) -> Condition:
    """All of the conditions, nested as little as possible."""
    items: list[Condition] = []
    for one in conditions:
        items.extend(one.items if isinstance(one, And) else (one,))
    return items[0] if len(items) == 1 else And(tuple(items))


def rewrite(condition: Condition, leaf: Callable[[Condition], Condition]) -> Condition:
    """The same tree with `leaf` applied to each of its leaves."""
    match condition:
        case And(items):
            return And(tuple(rewrite(item, leaf) for item in items))
        case Or(items):
            return Or(tuple(rewrite(item, leaf) for item in items))
        case Not(item):
            return Not(rewrite(item, leaf))
        case _:
            return leaf(condition)


def has_period(condition: Condition) -> bool:
    """Whether a condition says when anything happened."""
    match condition:
        case And(items) | Or(items):
            return any(map(has_period, items))
        case Not(item):
            return has_period(item)
        case _:
            return isinstance(condition, Period)
