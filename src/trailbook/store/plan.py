"""What plans for any index have in common: their bounds, the period, the ids, and which words an index knows of."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ..errors import BadQuery
from ..event.model import default_details
from ..event.text import long_words, words
from ..query.tree import And, Condition, Field, Occurred
from .keys import microseconds

MOST_LEVELS = 30
MOST_TERMS = 2_000


def check_size(levels: int, terms: int) -> None:
    """Raise BadQuery for a query of too many levels or terms."""
    if levels > MOST_LEVELS or terms > MOST_TERMS:
        raise BadQuery(
            f"The query is too large: {levels} levels and {terms} terms.",
            remedy=f"Use at most {MOST_LEVELS} levels and {MOST_TERMS} terms.",
        )


def check_level(level: int) -> None:
    """Raise BadQuery for a condition that is too deep in others."""
    if level > MOST_LEVELS:
        raise BadQuery(f"The query is nested over {MOST_LEVELS} levels.", remedy="Write it with fewer parentheses.")


class Period(NamedTuple):
    """From `since` up to, not including, `until` (microseconds, None: open), and what else a condition asks for."""

    since: int | None
    until: int | None
    rest: list[Condition]


def period_of(condition: Condition) -> Period:
    """The period that a condition asks for beside all else."""
    since, until = None, None
    rest: list[Condition] = []
    for item in condition.items if isinstance(condition, And) else (condition,):
        if isinstance(item, Occurred):
            since = _later(since, _micros(item.since))
            until = _earlier(until, _micros(item.until))
        else:
            rest.append(item)
    return Period(since, until, rest)


_OF_DEFAULT_DETAILS = words(default_details("", ""))
"""Words of the details that an event shows when it has none of its own; no index knows of these."""


class Wanted(NamedTuple):
    """Words that an index is asked for, and the beginning of one, if any. `single`: they are all that is meant."""

    whole: list[str]
    begun: str
    single: bool


def wanted_words(found: list[str], prefix: bool) -> Wanted:
    """Those of the words that an index knows; the other ones are looked for in the rows found."""
    whole, begun = (found[:-1], found[-1]) if prefix else (found, "")
    known = [word for word in whole if word not in _OF_DEFAULT_DETAILS and long_words(word)]
    if len(begun) < 2 or any(word.startswith(begun) for word in _OF_DEFAULT_DETAILS):
        begun = ""
    return Wanted(known, begun, len(found) == 1)


def event_ids_of(condition: Condition) -> list[bytes] | None:
    """The ids that every event of the condition has one of, or None if it does not ask by id."""
    for item in condition.items if isinstance(condition, And) else (condition,):
        if isinstance(item, Field) and item.name == "id":
            return [packed for value in item.values if (packed := pack_id(value)) is not None]
    return None


def pack_id(text: str) -> bytes | None:
    """An event id in 16 bytes, or None if it is none."""
    try:
        return UUID(text).bytes
    except ValueError:
        return None


def _later(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)


def _earlier(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)
