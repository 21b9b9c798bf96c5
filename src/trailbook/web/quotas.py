"""How much a tenant and a key may send: token buckets over a clock that is passed in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from msgspec import Struct

from ..errors import TooMuch

BURST_SECONDS = 10.0
"""A bucket holds what comes in so long: who was quiet may send that at once."""
MOST_BUCKETS = 10_000


class _Bucket(Struct):
    """What is left in it (below 0: owed by a batch larger than the bucket), as of a moment in seconds."""

    left: float
    at: float


class Buckets:
    """One token bucket for each name, filled at `rate` a second; a rate of 0 bounds nothing."""

    def __init__(self, rate: float, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._size = max(1.0, rate * BURST_SECONDS)
        self._most = most
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, name: Hashable, amount: int, now: float) -> float:
        """Seconds until `amount` may be taken: all of it, or if the bucket is smaller than that, until it is full."""
        if not self._rate:
            return 0.0
        return max(0.0, (min(amount, self._size) - self._left(name, now)) / self._rate)

    def take(self, name: Hashable, amount: int, now: float) -> None:
        """Take `amount`, even if that is more than there is: then what comes in next is owed."""
        if not self._rate:
            return
        self._buckets[name] = _Bucket(self._left(name, now) - amount, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:  # the one that was used longest ago: it is full again, or nearly
            self._buckets.popitem(last=False)

    def _left(self, name: Hashable, now: float) -> float:
        bucket = self._buckets.get(name)
        if bucket is None:
            return self._size
        return min(self._size, bucket.left + max(0.0, now - bucket.at) * self._rate)


class Quotas:
    """The quotas of all tenants and keys in one process, in events a second; 0: no bound. For one thread."""

    def __init__(self, per_tenant: float, per_key: float) -> None:
        self._tenants = Buckets(per_tenant)
        self._keys = Buckets(per_key)

    def take(self, tenant: str, key: str, events: int, now: float) -> None:
        """Count `events` against both quotas, or raise TooMuch, which says when to come again: then neither counts."""
        for whose, buckets, name in (("tenant", self._tenants, tenant), ("key", self._keys, key)):
            wait = buckets.wait(name, events, now)
            if wait > 0:
                raise TooMuch(
                    f"This {whose} has sent more events than its quota allows.",
                    retry_after=wait,
                    place="quota",
                    remedy="Send again after the seconds in Retry-After.",
                )
        self._tenants.take(tenant, events, now)
        self._keys.take(key, events, now)
