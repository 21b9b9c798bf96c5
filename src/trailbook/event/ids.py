"""Ids for events that came without one: time-ordered ones for what happens now, stable ones for what is in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(moment: datetime, randomness: bytes) -> str:
    """A UUID version 7 (RFC 9562, section 5.7) of a moment since 1970 and 10 random bytes."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return _uuid(milliseconds.to_bytes(6, "big") + randomness[:10], version=7)


def stable_id(raw: bytes) -> str:
    """The UUID (version 8, RFC 9562, section 5.8) that these bytes always get: made of their SHA-256.

    White space around them does not count, so that importing a file again, or with other line ends, changes nothing.
    """
    return _uuid(hashlib.sha256(raw.strip()).digest()[:16], version=8)


def fresh_ids(clock: Callable[[], datetime], randomness: Callable[[int], bytes]) -> Callable[[bytes], str]:
    """A maker of version 7 ids. A producer who retries must send an id itself: every call makes another one."""
    return lambda raw: uuid7(clock(), randomness(10))


def _uuid(sixteen: bytes, version: int) -> str:
    number = int.from_bytes(sixteen, "big")
    number = number & ~(0xF << 76) | version << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=number))
