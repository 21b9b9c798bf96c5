"""Compiling a condition from its leaves up: NOT is pushed down to them, AND and OR are for each database to make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

from ..query.tree import And, Condition, Not, Or
from .plan import check_level

F = TypeVar("F")


class Compiler(ABC, Generic[F]):
    """Compiles conditions; `F` is what a condition finds, as the database is asked for it."""

    def found(self, conditions: Iterable[Condition]) -> F:
        """What all of the conditions find. Raises BadQuery if one is too deep."""
        return self._all_of(self._compile(item, False, 1) for item in conditions)

    def _compile(self, condition: Condition, negated: bool, level: int) -> F:
        check_level(level)
        match condition:
            case Not(item):
                return self._compile(item, not negated, level + 1)
            case And(items) | Or(items):
                parts = (self._compile(item, negated, level + 1) for item in items)
                return self._all_of(parts) if isinstance(condition, And) != negated else self._any_of(parts)
            case _:
                return self._negated(self._leaf(condition)) if negated else self._leaf(condition)

    @abstractmethod
    def _all_of(self, parts: Iterable[F]) -> F:
        """What all of the parts find."""

    @abstractmethod
    def _any_of(self, parts: Iterable[F]) -> F:
        """What any of the parts finds."""

    @abstractmethod
    def _negated(self, found: F) -> F:
        """What the part does not find."""

    @abstractmethod
    def _leaf(self, condition: Condition) -> F:
        """What a condition without others in it finds."""
