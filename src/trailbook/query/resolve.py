"""From a query as written to one with a meaning for any event: names become parties, periods become moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from ..errors import BadQuery
from ..event.model import Kind, PartyKey
from .excerpt import quoted
from .normal import unique
from .periods import resolve_period
from .tree import (
    Address,
    And,
    Condition,
    Direction,
    Field,
    Involves,
    Not,
    Occurred,
    Or,
    Parties,
    Period,
    Words,
    rewrite,
)  # fmt: skip

MOST_PARTIES = 500
"""Parties that one value may stand for: every one of them is a list to walk in the store."""


class Named(NamedTuple):
    """What a value of the query stands for: its kind, the value as written, and the parties found (maybe none)."""

    kind: Kind
    value: str
    parties: tuple[PartyKey, ...]


class Resolution(Struct, frozen=True):
    """A resolved condition, and what each value of user, group, role or tenant in it was taken to mean, in order."""

    condition: Condition
    parties: tuple[Named, ...]


def resolve(
    condition: Condition,
    *,
    names: Callable[[Kind, str], Sequence[PartyKey]],
    now: datetime,
    zone: ZoneInfo,
    members: Callable[[PartyKey], Sequence[PartyKey]] | None = None,
) -> Resolution:
    """`condition` with `Parties` for each `Involves` and `Occurred` for each `Period`. Raises BadQuery.

    `names` gives the parties, within what the viewer may see, that a value stands for by id, `tenant/id` or name. A
    value that stands for none leaves a condition that matches nothing. With `members`, groups and roles become the
    users whom it gives as theirs, whoever belonged to them when an event occurred.
    """
    found: dict[tuple[Kind, str], Named] = {}

    def look_up(kind: Kind, value: str) -> tuple[PartyKey, ...]:
        if (kind, value) not in found:
            parties = unique(names(kind, value))
            if len(parties) > MOST_PARTIES:
                raise BadQuery(
                    f"{kind}:{quoted(value)} stands for {len(parties)} parties; {MOST_PARTIES} is the most.",
                    remedy=f"Name those that you mean, as {kind}:tenant/id, or ask for a group, role or tenant.",
                )
            found[kind, value] = Named(kind, value, parties)
        return found[kind, value].parties

    def leaf(one: Condition) -> Condition:
        match one:
            case Involves(kind, values, direction):
                parties = unique(party for value in values for party in look_up(kind, value))
                if members is not None and kind in ("group", "role"):
                    parties = _members_of(kind, parties, members)
                return Parties(parties, direction)
            case Period(key, value):
                return Occurred(*resolve_period(key, value, now, zone))
            case _:
                return one

    resolved = rewrite(condition, leaf)
    return Resolution(resolved, tuple(found.values()))


def _members_of(
    kind: Kind, parties: Sequence[PartyKey], members: Callable[[PartyKey], Sequence[PartyKey]]
) -> tuple[PartyKey, ...]:
    users = unique(user for party in parties for user in members(party))
    if len(users) > MOST_PARTIES:
        raise BadQuery(
            f"The {kind} has {len(users)} members now; {MOST_PARTIES} is the most that a query can ask for.",
            remedy=f"Ask for the {kind} as it was when the events occurred.",
        )
    return users


def fields_used(condition: Condition) -> set[str]:
    """What a query searches by, to refuse what is hidden from a viewer; ask before resolving.

    A resolved query is answered too, but a value that stood for no party has left no trace in it.

    Fields by their key in the language (`action`, `ip`), parties by side and kind (`by.user`, `against.group`; both
    sides if it asks for either), free words as `words`, and any period or moment as `time`.
    """
    match condition:
        case And(items) | Or(items):
            return {used for item in items for used in fields_used(item)}
        case Not(item):
            return fields_used(item)
        case Involves(kind, _, direction):
            return _sides(kind, direction)
        case Parties(parties, direction):
            return {side for party in parties for side in _sides(party.kind, direction)}
        case Field(name):
            return {name}
        case Address():
            return {"ip"}
        case Words():
            return {"words"}
        case Period() | Occurred():
            return {"time"}


def _sides(kind: Kind, direction: Direction) -> set[str]:
    return {f"by.{kind}", f"against.{kind}"} if direction == "either" else {f"{direction}.{kind}"}
