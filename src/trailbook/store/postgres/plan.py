"""From a condition to what PostgreSQL is asked: a test of an event's tokens, a period, and whether to look again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, structs

from ...errors import BadQuery
from ...event.facets import party_text
from ...event.text import fold, words
from ...query.matches import network_range
from ...query.tree import PREFIXABLE, Address, Condition, Field, Occurred, Parties, Words
from ..compiling import Compiler
from ..plan import MOST_TERMS, check_size, period_of, wanted_words
from .connect import Asking
from .tokens import (
    ADDRESS_DIGITS,
    LONGEST,
    LONGEST_WORD,
    hashed_word,
    hashed_words,
    is_numbered,
    reference,
    request,
    word_text,
)  # fmt: skip

MOST_NETWORKS = 256
"""Tokens that a network is asked for by; one that needs more is looked for in the rows."""
Group = frozenset[int]
"""Tokens any of which an event has."""


class Plan(Struct, frozen=True):
    """How to find the rows of a condition.

    `test`: the SQL condition on `tokens`, None if nothing can match, empty for everything. `needs`: groups of tokens,
    of each of which every row has one. `since` and `until`: the period in microseconds. `recheck`: the rows found may
    be too many, and each must be put to `matches`.
    """

    test: str | None
    needs: tuple[Group, ...]
    since: int | None
    until: int | None
    recheck: bool


class _Found(Struct, frozen=True):
    """A test, or everything, or nothing; inexact if it finds too much. `group`: it asks for any of these, no more."""

    kind: Literal["all", "none", "some"]
    test: str = ""
    exact: bool = True
    group: Group | None = None
    needs: tuple[Group, ...] = ()
    terms: int = 0
    levels: int = 0


_ALL, _NONE = _Found("all"), _Found("none")
_ANYTHING = _Found("all", exact=False)


class Planner(Compiler[_Found]):
    """Compiles conditions against the tokens of one store."""

    def __init__(self, connection: Asking) -> None:
        self._connection = connection
        self._numbers: dict[str, int | None] = {}
        self._unknown: set[str] = set()

    def plan(self, condition: Condition) -> Plan:
        """The plan of a resolved condition. Raises BadQuery if it is too deep or too large."""
        period = period_of(condition)
        found = self.found(period.rest)
        if self._unknown:
            # All numbers are asked for at once, now that it is known which.
            self._read_numbers()
            found = self.found(period.rest)
        check_size(found.levels, found.terms)
        test = None if found.kind == "none" else found.test
        return Plan(test, found.needs, period.since, period.until, not found.exact)

    def _read_numbers(self) -> None:
        texts = sorted(text.encode() for text in self._unknown)
        self._numbers.update(dict.fromkeys(self._unknown))
        rows = self._connection.rows("SELECT text, number FROM trailbook.token_numbers(%b::bytea[])", (texts,))
        self._numbers.update((text.decode(), number) for text, number in rows)
        self._unknown = set()

    def _all_of(self, parts: Iterable[_Found]) -> _Found:
        found = list(parts)
        if any(part.kind == "none" for part in found):
            return _NONE
        exact = all(part.exact for part in found)
        some = [part for part in found if part.kind == "some"]
        if len(some) < 2:
            return _joined(some, exact) if some else _Found("all", exact=exact)
        # One list of all that must be there is looked up together; so is each group of alternatives.
        single = {token for part in some if part.group and len(part.group) == 1 for token in part.group}
        tests = [_has_all(single)] if single else []
        tests += [part.test for part in some if part.group is None or len(part.group) > 1]
        needs = tuple(need for part in some for need in part.needs)
        return _joined(some, exact, f"({' AND '.join(tests)})", needs=needs)

    def _any_of(self, parts: Iterable[_Found]) -> _Found:
        found = list(parts)
        exact = all(part.exact for part in found)
        if any(part.kind == "all" for part in found):
            return _Found("all", exact=any(part.kind == "all" and part.exact for part in found))
        some = [part for part in found if part.kind == "some"]
        if len(some) < 2:
            return _joined(some, exact) if some else _NONE
        groups = [part.group for part in some]
        if all(group is not None for group in groups):
            group = frozenset[int]().union(*(group for group in groups if group is not None))
            return _joined(some, exact, _has_any(group), group=group, needs=(group,))
        first = [part.needs[0] if part.needs else None for part in some]
        needs = () if None in first else (frozenset[int]().union(*(need for need in first if need is not None)),)
        return _joined(some, exact, f"({' OR '.join(part.test for part in some)})", needs=needs)

    def _negated(self, found: _Found) -> _Found:
        if not found.exact:
            return _ANYTHING
        if found.kind == "some":
            return _Found("some", f"NOT ({found.test})", terms=found.terms, levels=found.levels)
        return _NONE if found.kind == "all" else _ALL

    def _leaf(self, condition: Condition) -> _Found:
        match condition:
            case Parties(parties, direction):
                sides = ("by", "against") if direction == "either" else (direction,)
                return self._any_facet(f"{side}:{party_text(party)}" for party in parties for side in sides)
            case Field("id") | Occurred():
                return _ANYTHING
            case Field("related", values):
                return self._any_of(map(self._related, values))
            case Field("request", values):
                return _any_token((request(value) for value in values), exact=False)
            case Field(name, values):
                return self._any_of(self._field(name, value) for value in values)
            case Address(networks):
                return self._any_of(map(self._network, networks))
            case Words(text, prefix):
                return self._words(words(text), prefix)
            case _:
                raise BadQuery(f"{type(condition).__name__} has to be resolved before a store is asked.")

    def _field(self, name: str, value: str) -> _Found:
        wanted = f"{name}:{value if name == 'book' else fold(value)}"
        if name in PREFIXABLE and value.endswith("*"):
            return self._begun(wanted[:-1])
        return self._any_facet((wanted,))

    def _begun(self, text: str) -> _Found:
        """Any facet that begins so, one more than a query may have terms at most."""
        return _any_token(self._between(text[:LONGEST]), exact=len(text) <= LONGEST)

    def _related(self, value: str) -> _Found:
        if value.endswith("/*"):
            return self._any_facet((f"kind:{value[:-2]}",))
        ids = {value, value.split("/", 1)[-1]}
        return _any_token((reference(id) for id in ids), exact=False)

    def _any_facet(self, facets: Iterable[str]) -> _Found:
        given = list(facets)
        numbers = [self._number(facet[:LONGEST]) for facet in given]
        exact = all(len(facet) < LONGEST for facet in given)
        return _any_token((number for number in numbers if number is not None), exact=exact)

    def _number(self, text: str) -> int | None:
        if text not in self._numbers:
            self._unknown.add(text)
        return self._numbers.get(text)

    def _between(self, text: str) -> list[int]:
        """The numbers of the texts that begin so."""
        low = text.encode()
        sql = "SELECT * FROM trailbook.token_numbers_between(%s, %s, %s)"
        return [number for (number,) in self._connection.rows(sql, (low, low + b"\xff", MOST_TERMS + 1))]

    def _network(self, network: str) -> _Found:
        """The addresses in a network, by the smallest networks around them that are tokens and few enough."""
        first, last = network_range(network)
        length = len(first)
        shared = next((i for i in range(length) if first[i] != last[i]), length)
        for digits in ADDRESS_DIGITS[first[0]]:
            if digits + 1 < shared:
                continue
            low, high = int(first[1 : digits + 1], 16), int(last[1 : digits + 1], 16)
            if high - low < MOST_NETWORKS:
                texts = [f"ip:{first[0]}{number:0{digits}x}" for number in range(low, high + 1)]
                return self._any_facet(texts)
            break
        return _ANYTHING

    def _words(self, wanted: list[str], prefix: bool) -> _Found:
        if not wanted:
            return _NONE
        known = wanted_words(wanted, prefix)
        parts = [self._word(word) for word in known.whole]
        if known.begun:
            parts.append(self._word_begun(known.begun))
        found = self._all_of(parts)
        exact = found.exact and known.single and bool(parts)
        return structs.replace(found, exact=exact)

    def _word(self, word: str) -> _Found:
        if not is_numbered(word):
            return _any_token((hashed_word(word),), exact=False)
        number = self._number(word_text(word))
        return _any_token(() if number is None else (number,), exact=len(word) < LONGEST_WORD)

    def _word_begun(self, begun: str) -> _Found:
        whole = self._between(word_text(begun))
        hashed = hashed_words(begun)
        return _ANYTHING if len(whole) + len(hashed) > MOST_TERMS else _any_token([*whole, *hashed], exact=False)


def _any_token(tokens: Iterable[int], *, exact: bool) -> _Found:
    group = frozenset(tokens)
    if not group:
        return _NONE
    return _Found("some", _has_any(group), exact, group, (group,), terms=len(group), levels=1)


def _has_any(tokens: Iterable[int]) -> str:
    return f"tokens && '{{{','.join(map(str, sorted(tokens)))}}}'::int[]"


def _has_all(tokens: Iterable[int]) -> str:
    return f"tokens @> '{{{','.join(map(str, sorted(tokens)))}}}'::int[]"


def _joined(
    parts: list[_Found], exact: bool, test: str = "", *, group: Group | None = None, needs: tuple[Group, ...] = ()
) -> _Found:
    """The parts with one test for them all; a single part is its own."""
    if len(parts) == 1:
        group, needs, test = parts[0].group, parts[0].needs, parts[0].test
    terms, levels = sum(part.terms for part in parts), 1 + max(part.levels for part in parts)
    return _Found("some", test, exact, group, needs, terms, levels)
