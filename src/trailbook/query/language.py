"""The query language: text to condition tree, and back. Its description for users is docs/query.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import NoReturn, get_args

from ..errors import BadQuery
from ..event.facets import escape
from ..event.model import KINDS, Kind, Outcome, utc
from ..event.text import fold, words
from .excerpt import quoted, render_error
from .lexer import Token, TokenKind, Value, fail, is_bare_value, is_bare_word, quote, tokens
from .matches import network_range
from .normal import conjunction, depth, disjunction, negation, normalise, unique
from .periods import PeriodKey, check_period
from .tree import (
    EVERYTHING,
    FIELDS,
    PREFIXABLE,
    Address,
    And,
    Condition,
    Direction,
    Field,
    FieldName,
    Involves,
    Not,
    Occurred,
    Or,
    Parties,
    Period,
    Words,
    rewrite,
)  # fmt: skip

__all__ = [
    "ALIASES",
    "KEYS",
    "MOST_LEVELS",
    "MOST_TERMS",
    "VALUES",
    "key_and_values",
    "parse",
    "render_error",
    "unparse",
    "value_text",
]

MOST_LEVELS = 30
MOST_TERMS = 2000
SHORTEST_PREFIX = 3

ALIASES = {"by": "by.user", "against": "against.user", "application": "app"}
"""Other keys that are accepted, and the ones that they stand for."""

_INVOLVING: dict[str, tuple[Kind, Direction]] = {
    **{kind: (kind, "either") for kind in KINDS},
    **{f"by.{kind}": (kind, "by") for kind in KINDS},
    **{f"against.{kind}": (kind, "against") for kind in KINDS},
}
_FIELDS: dict[str, FieldName] = {name: name for name in FIELDS}
_PERIODS: dict[str, PeriodKey] = {"since": "since", "until": "until", "during": "during"}
KEYS = (*_INVOLVING, *_FIELDS, "ip", *_PERIODS)
"""Every key of the language, as `unparse` writes it."""

VALUES = {"outcome": get_args(Outcome), "is": ("late", "anonymous")}
"""The keys that take a few words only, and which."""
_EVENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def parse(text: str) -> Condition:
    """The condition that `text` means, as written and in normal form; blank text means everything.

    Raises BadQuery, pointing at the character, for what is not in the language, and for more than 30 levels, 2,000
    terms or 16 KiB.
    """
    return _Parser(text).whole()


class _Parser:
    """Recursive descent over the tokens, at most as deep as `MOST_LEVELS`.

    any = all {"OR" all};  all = run {"AND" run};  run = one {one};  one = {"-" | "NOT"} ("(" [any] ")" | word | term)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.token = next(self.tokens)
        self.open: list[Token] = []
        self.deepest = (0, 0)
        self.terms = 0

    def whole(self) -> Condition:
        if self.sees("end"):
            return EVERYTHING
        condition = self.any_of()
        if self.sees(")"):
            self.fail("This parenthesis was never opened.", "Remove it, or write it in quotes if you look for it.")
        if depth(condition) > MOST_LEVELS:
            self.refuse_depth(self.deepest[1])
        return condition

    def any_of(self) -> Condition:
        items = [self.all_of()]
        while self.sees("OR"):
            self.advance()
            items.append(self.all_of())
        return disjunction(items)

    def all_of(self) -> Condition:
        items = [self.run()]
        while self.sees("AND"):
            self.advance()
            items.append(self.run())
        return conjunction(items)

    def run(self) -> Condition:
        """Conditions side by side: those with the same key and sign become one, where the first of them stands."""
        parts: list[Condition | tuple[str, bool]] = []
        listed: dict[tuple[str, bool], list[str]] = {}
        while self.sees("(", "-", "NOT", "word", "term"):
            negated = False
            while self.sees("-", "NOT"):
                negated = not negated
                self.advance()
            if not self.sees("term"):
                one = self.single()
                parts.append(negation(one) if negated else one)
                continue
            key, values = self.term()
            slot = (key, negated)
            if slot not in listed:
                parts.append(slot)
            elif key in ("since", "until"):
                self.fail(
                    f"{key}: is there twice.", f"Give it once, or write AND between to mean both {key}: conditions."
                )
            listed.setdefault(slot, []).extend(values)
            self.advance()
        if not parts:
            self.refuse_nothing()
        return conjunction(_signed(part, listed[part]) if isinstance(part, tuple) else part for part in parts)

    def single(self) -> Condition:
        """A parenthesised group or a free word; anything else is refused."""
        if self.sees("word"):
            condition = self.word(self.token.values[0])
            self.advance()
            return condition
        if not self.sees("("):
            self.refuse_nothing()
        if len(self.open) == MOST_LEVELS:
            self.refuse_depth(self.token.at)
        self.open.append(self.token)
        self.deepest = max(self.deepest, (len(self.open), self.token.at))
        self.advance()
        condition = EVERYTHING if self.sees(")") else self.any_of()
        if not self.sees(")"):
            fail(self.text, self.open[-1].at, "This parenthesis is never closed.", "Close it with ')'.")
        self.open.pop()
        self.advance()
        return condition

    def word(self, value: Value) -> Condition:
        found = words(value.text)
        if not found:
            fail(self.text, value.at, f"There is no letter or digit in {quoted(value.text)} to look for.",
                 "Look for a word, or put words that belong together in quotes.")  # fmt: skip
        if value.prefix and len(found[-1]) < SHORTEST_PREFIX:
            fail(self.text, value.at, f"The beginning {quoted(found[-1] + '*')} is too short.",
                 f"Write at least {SHORTEST_PREFIX} letters before the '*'.")  # fmt: skip
        self.count(len(found), value.at)
        return Words(value.text, value.prefix)

    def term(self) -> tuple[str, list[str]]:
        """The canonical key and the checked values of the present token."""
        token = self.token
        key = ALIASES.get(token.key, token.key)
        if key not in KEYS:
            close = get_close_matches(token.key, (*KEYS, *ALIASES), n=1)
            meant = f"Did you mean {close[0]}:?" if close else f"Keys are: {', '.join(KEYS)}."
            self.fail(
                f"There is no key {quoted(token.key + ':')}.", f"{meant} To look for it as text, put it in quotes."
            )
        self.count(len(token.values), token.at)
        if key in ("since", "until") and len(token.values) > 1:
            fail(self.text, token.values[1].at, f"{key}: takes one value.", "For a period, write during:first..last.")
        return key, [self.value(key, value) for value in token.values]

    def value(self, key: str, value: Value) -> str:
        text = value.text + "*" if value.prefix else value.text
        if value.prefix and not _takes_star(key, text):
            fail(self.text, value.at, f"{key}: takes whole values, without a '*'.",
                 f"Write the whole value, or put it in quotes if the star belongs to it: {key}:\"a*\".")  # fmt: skip
        try:
            if key in _PERIODS:
                check_period(_PERIODS[key], text)
            elif key == "ip":
                network_range(text)
        except BadQuery as error:
            fail(self.text, value.at, error.problem, error.remedy)
        if key in VALUES:
            text = fold(text)
            if text not in VALUES[key]:
                close = get_close_matches(text, VALUES[key], n=1)
                meant = f"Did you mean {key}:{close[0]}? " if close else ""
                fail(self.text, value.at, f"{key}: has no value {quoted(text)}.",
                     f"{meant}It takes: {', '.join(VALUES[key])}.")  # fmt: skip
        if key == "id":
            text = text.lower()
            if not _EVENT_ID.fullmatch(text):
                fail(self.text, value.at, f"{quoted(text)} is not the id of an event.",
                     "It is a UUID, 0197a1b2-0000-7000-8000-000000000001; for other ids use related:.")  # fmt: skip
        return text

    def count(self, terms: int, at: int) -> None:
        self.terms += terms
        if self.terms > MOST_TERMS:
            fail(self.text, at, f"The query has more than {MOST_TERMS:,} terms.",
                 "Ask for a group, role or tenant instead of each of its users, or run several reports.")  # fmt: skip

    def sees(self, *kinds: TokenKind) -> bool:
        return self.token.kind in kinds

    def advance(self) -> None:
        self.token = next(self.tokens)

    def fail(self, problem: str, remedy: str) -> NoReturn:
        fail(self.text, self.token.at, problem, remedy)

    def refuse_nothing(self) -> NoReturn:
        where = {"end": "at the end of the query", ")": "before this parenthesis"}
        missing = where.get(self.token.kind, f"before this {self.token.kind}")
        self.fail(f"A condition is missing {missing}.", "Write one, such as action:login, or remove the operator.")

    def refuse_depth(self, at: int) -> NoReturn:
        fail(self.text, at, f"The query is nested more than {MOST_LEVELS} levels deep.",
             "Remove parentheses that change nothing, or list values with commas: action:login,logout.")  # fmt: skip


def _signed(slot: tuple[str, bool], values: Sequence[str]) -> Condition:
    key, negated = slot
    condition = _leaf(key, unique(values))
    return negation(condition) if negated else condition


def _leaf(key: str, values: tuple[str, ...]) -> Condition:
    if key in _INVOLVING:
        kind, direction = _INVOLVING[key]
        return Involves(kind, values, direction)
    if key in _PERIODS:
        return disjunction(Period(_PERIODS[key], value) for value in values)
    return Address(values) if key == "ip" else Field(_FIELDS[key], values)


def unparse(condition: Condition) -> str:
    """The text that means `condition`; of a tree that `parse` gave, `parse` gives the same again.

    A resolved tree can be written too: parties as `user:tenant/id`, moments as `since:` and `until:` in UTC.
    """
    normal = normalise(rewrite(normalise(condition), _as_written))
    return "" if normal == EVERYTHING else _write(normal)


def _as_written(leaf: Condition) -> Condition:
    match leaf:
        case Parties(parties, direction):
            values = {kind: [one for one in parties if one.kind == kind] for kind in KINDS}
            return disjunction(
                Involves(kind, tuple(f"{escape(one.tenant)}/{one.id}" for one in of_kind), direction)
                for kind, of_kind in values.items()
                if of_kind
            )
        case Occurred(since, until):
            edges: tuple[tuple[PeriodKey, datetime | None], ...] = (("since", since), ("until", until))
            return conjunction(Period(key, _instant(moment)) for key, moment in edges if moment is not None)
        case _:
            return leaf


def _instant(moment: datetime) -> str:
    return utc(moment).replace(tzinfo=None).isoformat() + "Z"


def _write(condition: Condition) -> str:
    match condition:
        case And(items):
            return _write_run(items) if items else "()"
        case Or(items):
            return " OR ".join(map(_write, items)) if items else "-()"
        case Not(item):
            return "-" + (f"({_write(item)})" if isinstance(item, (And, Or)) else _write(item))
        case Words(text, prefix):
            return _word_text(text) + ("*" if prefix else "")
        case _:
            key, values = key_and_values(condition)
            return f"{key}:" + ",".join(value_text(key, value) for value in values)


def _write_run(items: Sequence[Condition]) -> str:
    """Items side by side, with AND before one that would otherwise join an earlier one of the same key and sign."""
    text = ""
    seen: set[tuple[str, bool]] = set()
    for item in items:
        slot = _slot(item)
        separator = " " if text else ""
        if slot in seen:
            separator = " AND "
            seen.clear()
        if slot is not None:
            seen.add(slot)
        text += separator + (f"({_write(item)})" if isinstance(item, Or) and item.items else _write(item))
    return text


def _slot(item: Condition) -> tuple[str, bool] | None:
    leaf = item.item if isinstance(item, Not) else item
    if isinstance(leaf, (And, Or, Words)):
        return None
    return key_and_values(leaf)[0], isinstance(item, Not)


def key_and_values(leaf: Condition) -> tuple[str, tuple[str, ...]]:
    """The key of a leaf as written, and its values. Raises TypeError for what is written without a key."""
    match leaf:
        case Involves(kind, values, direction):
            return (kind if direction == "either" else f"{direction}.{kind}"), values
        case Field(name, values):
            return name, values
        case Address(networks):
            return "ip", networks
        case Period(key, value):
            return key, (value,)
        case _:
            raise TypeError(f"{type(leaf).__name__} is not written with a key")


def value_text(key: str, value: str) -> str:
    """A value as it is written behind a key: in quotes if it has to be."""
    bare = value.removesuffix("*") if _takes_star(key, value) else value
    return value if is_bare_value(bare) or (value == "*" and not bare) else quote(value)


def _takes_star(key: str, value: str) -> bool:
    return key in PREFIXABLE or (key == "related" and value.endswith("/*"))


def _word_text(text: str) -> str:
    return text if is_bare_word(text) else quote(text)
