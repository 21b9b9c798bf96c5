"""From a condition to what FTS5 is asked: one MATCH, a range of keys, and whether rows must be looked at again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from ...errors import BadQuery
from ...event.facets import party_text
from ...event.text import fold, words
from ...query.matches import network_range
from ...query.tree import PREFIXABLE, Address, Condition, Field, Occurred, Parties, Words
from ..compiling import Compiler
from ..keys import first_place
from ..plan import MOST_TERMS, check_size, period_of, wanted_words
from .tokens import EVERY, LONGEST_NUMBERED, address_token, facet_token, found_by_word, is_told_apart, word_token

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


class Plan(Struct, frozen=True):
    """How to find the rows of a condition.

    `match`: the FTS5 expression, None if nothing can match, `z` for everything. `low` and `high`: places from `low`
    up to, not including, `high`. `since` and `until`: the same in microseconds, of which a place is only a rough
    idea. `recheck`: the rows found may be too many, and each must be put to `matches`.
    """

    match: str | None
    since: int | None
    until: int | None
    recheck: bool

    @property
    def low(self) -> int:
        """The first place in the period."""
        return _LOWEST if self.since is None else max(_LOWEST, first_place(self.since))

    @property
    def high(self) -> int:
        """The first place of the tick in which the period ends."""
        return _HIGHEST if self.until is None else min(_HIGHEST, first_place(self.until))


class _Found(Struct, frozen=True):
    """An FTS5 expression, or everything, or nothing; inexact if it finds too much."""

    kind: Literal["all", "none", "some"]
    text: str = ""
    exact: bool = True
    terms: int = 0
    levels: int = 0


_ALL, _NONE = _Found("all"), _Found("none")


class Planner(Compiler[_Found]):
    """Compiles conditions against the dictionary of one store."""

    def __init__(self, connection: sqlite3.Connection, key: bytes) -> None:
        self._connection = connection
        self._key = key

    def plan(self, condition: Condition) -> Plan:
        """The plan of a resolved condition. Raises BadQuery if it is too deep or too large."""
        period = period_of(condition)
        found = self.found(period.rest)
        check_size(found.levels, found.terms)
        match = None if found.kind == "none" else EVERY if found.kind == "all" else _standing(found.text)
        return Plan(match, period.since, period.until, not found.exact)

    def _all_of(self, parts: Iterable[_Found]) -> _Found:
        found = list(parts)
        if any(part.kind == "none" for part in found):
            return _NONE
        exact = all(part.exact for part in found)
        some = [part for part in found if part.kind == "some"]
        if not some:
            return _Found("all", exact=exact)
        plain = [part for part in some if not part.text.startswith(_NOT)]
        barred = [part.text.removeprefix(_NOT) for part in some if part.text.startswith(_NOT)]
        if not plain:
            return _joined(_NOT + _alternatives(barred), some, exact)
        text = plain[0].text if len(plain) == 1 else f"({' AND '.join(part.text for part in plain)})"
        if barred:
            text = f"({text} NOT {_alternatives(barred)})"
        return _joined(text, some, exact)

    def _any_of(self, parts: Iterable[_Found]) -> _Found:
        found = list(parts)
        exact = all(part.exact for part in found)
        if any(part.kind == "all" for part in found):
            return _Found("all", exact=any(part.kind == "all" and part.exact for part in found))
        some = [part for part in found if part.kind == "some"]
        if not some:
            return _NONE
        return _joined(_alternatives([_standing(part.text) for part in some]), some, exact)

    def _negated(self, found: _Found) -> _Found:
        if not found.exact:
            return _Found("all", exact=False)
        if found.kind == "some":
            return _Found("some", _NOT + found.text, terms=found.terms, levels=found.levels)
        return _NONE if found.kind == "all" else _ALL

    def _leaf(self, condition: Condition) -> _Found:
        match condition:
            case Parties(parties, direction):
                sides = ("by", "against") if direction == "either" else (direction,)
                facets = [f"{side}:{party_text(party)}" for party in parties for side in sides]
                return _any_token(self._tokens(facets))
            case Field("id"):
                return _Found("all", exact=False)
            case Field("related", values):
                return self._any_of(map(self._related, values))
            case Field(name, values):
                facets = [facet for value in values for facet in self._field_facets(name, value)]
                return _any_token(self._tokens(facets))
            case Address(networks):
                return _any_token([token for network in networks for token in _network_tokens(network)])
            case Words(text, prefix):
                return _words_found(words(text), prefix)
            case Occurred():
                return _Found("all", exact=False)
            case _:
                raise BadQuery(f"{type(condition).__name__} has to be resolved before a store is asked.")

    def _field_facets(self, name: str, value: str) -> list[str]:
        """The facets that a value of a field means."""
        if name in ("book", "request"):
            return [f"{name}:{value}"]
        wanted = f"{name}:{fold(value)}"
        return self._listed(wanted[:-1]) if name in PREFIXABLE and value.endswith("*") else [wanted]

    def _related(self, value: str) -> _Found:
        """Events that refer to this: a kind and an id, an id of any kind, or anything of a kind."""
        if value.endswith("/*"):
            return _any_token(self._tokens([f"kind:{value[:-2]}"]))
        if word := found_by_word(value):
            return _Found("some", _quoted(word_token(word)), exact=False, terms=1, levels=1)
        kinds = [kind.removeprefix("kind:") for kind in self._listed("kind:")]
        return _any_token(self._tokens([f"related:{value}", *(f"related:{kind}/{value}" for kind in kinds)]))

    def _listed(self, prefix: str) -> list[str]:
        """The facets that begin so, one more than a query may have terms at most."""
        sql = "SELECT facet FROM listed WHERE facet >= ? AND facet < ? LIMIT ?"
        rows = self._connection.execute(sql, (prefix, prefix + "\U0010ffff", MOST_TERMS + 1))
        return [facet for (facet,) in rows]

    def _tokens(self, facets: Iterable[str]) -> list[str]:
        return [facet_token(facet, self._key) for facet in facets]


def _any_token(tokens: list[str]) -> _Found:
    if not tokens:
        return _NONE
    return _Found("some", _alternatives([_quoted(token) for token in tokens]), terms=len(tokens), levels=1)


_NOT = "! "
"""Marks an expression that still needs a left side; never reaches FTS5."""


def _quoted(token: str) -> str:
    """The token as FTS5 takes it: in quotes, after which comes the star of a prefix, which ends in ` *`."""
    return f'"{token.removesuffix(" *")}" *' if token.endswith(" *") else f'"{token}"'


def _alternatives(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"


def _standing(text: str) -> str:
    """The expression with a left side for its NOT."""
    return f"({EVERY} NOT {text.removeprefix(_NOT)})" if text.startswith(_NOT) else text


def _joined(text: str, parts: list[_Found], exact: bool) -> _Found:
    return _Found("some", text, exact, sum(part.terms for part in parts), 1 + max(part.levels for part in parts))


def _words_found(wanted: list[str], prefix: bool) -> _Found:
    """Events with those of the words that the index knows; the other words are looked for in the rows found."""
    if not wanted:
        return _NONE
    known = wanted_words(wanted, prefix)
    quoted = [f'"{word_token(word)}"' for word in known.whole]
    if begun := known.begun:
        quoted.append(f'"{word_token(begun[:LONGEST_NUMBERED])}" *')
    if not quoted:
        return _Found("all", exact=False)
    text = quoted[0] if len(quoted) == 1 else f"({' AND '.join(quoted)})"
    exact = known.single and (len(begun) <= LONGEST_NUMBERED if prefix else is_told_apart(wanted[0]))
    return _Found("some", text, exact=exact, terms=len(wanted), levels=1)


def _network_tokens(network: str) -> list[str]:
    """The prefixes of hexadecimal digits that cover exactly the addresses of a network."""
    first, last = network_range(network)
    length = len(first)
    shared = next((i for i in range(length) if first[i] != last[i]), length)
    if shared == length:
        return [address_token(first)]
    digits = range(int(first[shared], 16), int(last[shared], 16) + 1)
    if len(digits) == 16:
        return [address_token(first[:shared]) + " *"]
    return [address_token(first[:shared] + format(digit, "x")) + " *" for digit in digits]
