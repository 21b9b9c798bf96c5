"""How much a tenant and a key may send: token buckets over a clock that is passed in, shared by all processes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from ..access.kept import Shelf
from ..errors import Busy, Outdated, TooMuch
from ..store.ports import Records

BURST_SECONDS = 10.0
"""A bucket holds what comes in so long: who was quiet may send that at once."""
MOST_BUCKETS = 10_000
MOST_CLAIMS = 1_000
"""Buckets that are settled at a time; the others' turn is the next."""
PRESSING = 0.1
"""Of a bucket: who took so much settles at once."""
_RACES = 8


class _Bucket(Struct):
    """What is left in it (below 0: owed by a batch larger than the bucket), as of a moment in seconds."""

    left: float
    at: float


class Claim(NamedTuple):
    """What this process took from a bucket since it was last settled; how fast the bucket fills, and up to what."""

    id: str
    amount: float
    rate: float
    size: float


class Level(Struct, frozen=True):
    """What all processes left in a bucket, as of a moment; it is forgotten when the bucket is full again."""

    id: str
    left: float
    at: datetime
    full_at: datetime


LEVELS = Shelf("quota", Level, expires_at=attrgetter("full_at"))


class Buckets:
    """One token bucket for each name, filled at `rate` a second; a rate of 0 bounds nothing."""

    def __init__(self, rate: float, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._size = max(1.0, rate * BURST_SECONDS)
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._taken: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, name: str, amount: int, now: float) -> float:
        """Seconds until `amount` may be taken: all of it, or if the bucket is smaller than that, until it is full."""
        if not self._rate:
            return 0.0
        return max(0.0, (min(amount, self._size) - self._left(name, now)) / self._rate)

    def take(self, name: str, amount: int, now: float) -> bool:
        """Take `amount`, even if that is more than there is: then what comes in next is owed.

        Tells whether so much was taken here that it should be settled.
        """
        if not self._rate:
            return False
        self._put(name, self._left(name, now) - amount, now)
        self._taken[name] = self._taken.get(name, 0.0) + amount
        return self._taken[name] > PRESSING * self._size

    def claims(self) -> Iterator[Claim]:
        """What was taken and is not settled yet: from then on it counts as settled."""
        for name in list(self._taken):
            yield Claim(name, self._taken.pop(name), self._rate, self._size)

    def settle(self, name: str, left: float, now: float) -> None:
        """All processes together left so much, before what was taken here meanwhile."""
        self._put(name, left - self._taken.get(name, 0.0), now)

    def give_back(self, claim: Claim) -> None:
        """It could not be settled: it is claimed again the next time."""
        self._taken[claim.id] = self._taken.get(claim.id, 0.0) + claim.amount

    def _put(self, name: str, left: float, now: float) -> None:
        self._buckets[name] = _Bucket(left, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:  # the one that was used longest ago: it is full again, or nearly
            self._buckets.popitem(last=False)

    def _left(self, name: str, now: float) -> float:
        bucket = self._buckets.get(name)
        if bucket is None:
            return self._size
        return min(self._size, bucket.left + max(0.0, now - bucket.at) * self._rate)


class Quotas:
    """The quotas of all tenants and keys, in events a second; 0: no bound. For one thread.

    A process counts for itself, and settles with the others from time to time: what all of them let through in between
    is owed, so that it is the quota in the long run, however many they are.
    """

    def __init__(self, per_tenant: float, per_key: float) -> None:
        self._buckets = {"tenant": Buckets(per_tenant), "key": Buckets(per_key)}
        self.pressing = asyncio.Event()
        """Set when much was taken that is not settled."""

    def take(self, tenant: str, key: str, events: int, now: float) -> None:
        """Count `events` against both quotas, or raise TooMuch, which says when to come again: then neither counts."""
        named = (("tenant", tenant), ("key", key))
        for whose, name in named:
            wait = self._buckets[whose].wait(f"{whose}:{name}", events, now)
            if wait > 0:
                raise TooMuch(
                    f"This {whose} has sent more events than its quota allows.",
                    retry_after=wait,
                    place="quota",
                    remedy="Send again after the seconds in Retry-After.",
                )
        for whose, name in named:
            if self._buckets[whose].take(f"{whose}:{name}", events, now):
                self.pressing.set()

    def claims(self) -> list[Claim]:
        """What was taken since the last time, to be settled or given back; by id, as all processes do it."""
        self.pressing.clear()
        claims = (claim for buckets in self._buckets.values() for claim in buckets.claims())
        return sorted(islice(claims, MOST_CLAIMS))

    def settle(self, levels: Mapping[str, float], now: float) -> None:
        """What all processes left, by the ids of the claims."""
        for id, left in levels.items():
            self._of(id).settle(id, left, now)

    def give_back(self, claims: Sequence[Claim]) -> None:
        """They could not be settled."""
        for claim in claims:
            self._of(claim.id).give_back(claim)

    def _of(self, id: str) -> Buckets:
        return self._buckets[id.partition(":")[0]]


def settled(records: Records, claims: Sequence[Claim], now: datetime) -> dict[str, float]:
    """Take the claims from what all processes left, which is kept; gives what is left now. Raises StoreError."""
    for _ in range(_RACES):
        found = [LEVELS.find(records, claim.id, now) for claim in claims]
        levels = [
            _level(claim, None if was is None else was.value, now) for claim, was in zip(claims, found, strict=True)
        ]
        with suppress(Outdated):
            records.keep([LEVELS.record(level, was) for level, was in zip(levels, found, strict=True)], now=now)
            return {level.id: level.left for level in levels}
    raise Busy("Other processes settle their quotas all the time.", remedy="Try again.")


def _level(claim: Claim, was: Level | None, now: datetime) -> Level:
    """What is left of a bucket after the claim."""
    left = claim.size
    if was is not None:
        left = min(left, was.left + max(0.0, (now - was.at).total_seconds()) * claim.rate)
    left -= claim.amount
    return Level(claim.id, left, now, now + timedelta(seconds=(claim.size - left) / claim.rate))
