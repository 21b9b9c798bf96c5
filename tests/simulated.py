"""A clock that tests move, and workers that die when they are told to: hours of work in a second."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from trailbook.deliver.base import Base
from trailbook.event.model import Event
from trailbook.settings import Settings
from trailbook.store.ports import Receipt, Record, Store

START = datetime(2021, 12, 1, 9, tzinfo=UTC)


class Clock:
    """The time, which stands still but when it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        """Let this much time pass, as of `timedelta`."""
        self.at += timedelta(**by)


class Died(BaseException):
    """The process has been killed: nothing of it runs any more."""


class Mortal(Base):
    """A base whose process dies before or after something is kept, whenever `dies` says so."""

    def __init__(self, store: Store, clock: Clock, dies: Callable[[], bool], **settings: Any) -> None:
        drawn = (hashlib.sha256(str(number).encode()).digest() for number in itertools.count(_fresh()))
        super().__init__(store, Settings(**settings), clock=clock, randomness=lambda length: next(drawn)[:length])
        self._dies = dies

    def keep(
        self, changed: Sequence[Record], *, removed: Sequence[Record] = (), events: Iterable[Event] = ()
    ) -> list[Receipt]:
        if self._dies():
            raise Died
        receipts = super().keep(changed, removed=removed, events=events)
        if self._dies():
            raise Died
        return receipts


def base_on(store: Store, clock: Clock, **settings: Any) -> Base:
    """A base that lives."""
    return Mortal(store, clock, lambda: False, **settings)


_started = itertools.count(1)


def _fresh() -> int:
    """Where the randomness of another process begins."""
    return next(_started) << 40
