"""Slowing down who guesses: counts of failures, kept as records so that they hold for every process of the service."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

from msgspec import Struct

from ..errors import Outdated, TooMuch
from ..event.text import fold
from ..store.ports import Record, Records
from .kept import Found, Shelf

LONGEST_DELAY = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(hours=24)
_HALVED_AFTER = timedelta(hours=1)
_RACES = 8
_MOST_UNKNOWN = 60
_UNKNOWN_WITHIN = timedelta(hours=1)


class Throttle(Struct, frozen=True):
    """How often something failed; until when the next try has to wait; when that is forgotten."""

    id: str
    failures: int
    until: datetime
    expires_at: datetime


THROTTLES = Shelf("throttle", Throttle, expires_at=lambda one: one.expires_at)


class Guessed(NamedTuple):
    """What is guessed at, and how many failures are free: after that many each one doubles the wait, from a second.

    What many people share (the address of an office, say) has its count halved every hour, and a success takes back
    no more than itself.
    """

    id: str
    free: int
    shared: bool = False


def by_name(name: str) -> Guessed:
    """The password of whoever signs in with this name, whether there is such an account or not."""
    return Guessed(f"name:{_short(fold(name))}", 5)


def by_address(ip: str) -> Guessed:
    """Anything, from one place: an address (IPv6: a network of 64 bits, which is what one customer is given)."""
    try:
        address = ip_address(ip)
        place = str(address) if address.version == 4 else address.packed[:8].hex()
    except ValueError:
        place = ip
    return Guessed(f"address:{_short(place)}", 20, shared=True)


def by_code(account: str) -> Guessed:
    """The one-time passwords of an account (its id)."""
    return Guessed(f"code:{_short(account)}", 5)


def attempt(records: Records, guessed: Sequence[Guessed], now: datetime) -> None:
    """Count a try as a failure before it is made, so that tries at the same time count as well.

    Raises TooMuch while one of them has to wait; that is not counted.
    """
    for _ in range(_RACES):
        found = [THROTTLES.find(records, one.id, now) for one in guessed]
        until = max((one.value.until for one in found if one), default=now)
        if until > now:
            raise TooMuch(
                "There were too many failed attempts to sign in.",
                retry_after=(until - now).total_seconds(),
                place="session",
                remedy="Wait, then try again.",
            )
        with suppress(Outdated):
            records.keep([_failed(one, was, now) for one, was in zip(guessed, found, strict=True)], now=now)
            return
    raise TooMuch(
        "There are too many attempts to sign in at this moment.", retry_after=1, place="session", remedy="Try again."
    )


def succeeded(records: Records, guessed: Sequence[Guessed], now: datetime) -> None:
    """Take back what `attempt` counted; of a name or account, all that was counted before as well.

    Of an address only this try: whoever has an account may not guess at others for longer.
    """
    _take_back(records, guessed, now, whole=True)


def not_tried(records: Records, guessed: Sequence[Guessed], now: datetime) -> None:
    """Take back what `attempt` counted, and no more: nobody looked whether it was right."""
    _take_back(records, guessed, now, whole=False)


def unknown_name(records: Records, now: datetime) -> tuple[Record, int | None]:
    """Whether a failure with a name that is nobody's is told: 60 an hour are, so that nobody can fill the disk.

    Gives a record to keep, and None for one not to tell, else how many before it were not told.
    """
    was = THROTTLES.find(records, "unknown", now)
    if was is not None and now < was.value.until:
        value = Throttle("unknown", was.value.failures + 1, was.value.until, was.value.expires_at)
        return THROTTLES.record(value, was), 0 if value.failures <= _MOST_UNKNOWN else None
    untold = max(0, was.value.failures - _MOST_UNKNOWN) if was is not None else 0
    value = Throttle("unknown", 1, now + _UNKNOWN_WITHIN, now + 365 * _FORGOTTEN_AFTER)
    return THROTTLES.record(value, was), untold


def _failed(one: Guessed, was: Found[Throttle] | None, now: datetime) -> Record:
    before, since = _so_far(one, was, now)
    failures = before + 1
    doublings = failures - one.free
    wait = min(LONGEST_DELAY, timedelta(seconds=2 ** min(doublings, 20))) if doublings >= 0 else timedelta()
    return THROTTLES.record(Throttle(one.id, failures, now + wait, since + _FORGOTTEN_AFTER), was)


def _so_far(one: Guessed, was: Found[Throttle] | None, now: datetime) -> tuple[int, datetime]:
    """How many failures still count, and from when on the time is reckoned after which they do not."""
    if was is None:
        return 0, now
    if not one.shared:
        return was.value.failures, now
    # Not from the last failure on: in a large office there is hardly an hour without any.
    since = was.value.expires_at - _FORGOTTEN_AFTER
    hours = max(0, (now - since) // _HALVED_AFTER)
    return was.value.failures >> hours, since + hours * _HALVED_AFTER


def _take_back(records: Records, guessed: Sequence[Guessed], now: datetime, *, whole: bool) -> None:
    for _ in range(_RACES):
        changed, removed = [], []
        for one in guessed:
            was = THROTTLES.find(records, one.id, now)
            if was is None:
                continue
            if was.value.failures > 1 and (one.shared or not whole):
                value = Throttle(one.id, was.value.failures - 1, now, was.value.expires_at)
                changed.append(THROTTLES.record(value, was))
            else:
                removed.append(was.record)
        with suppress(Outdated):
            records.keep(changed, now=now, removed=removed)
            return


def _short(text: str) -> str:
    """The same text always gives the same id, however long it is."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
