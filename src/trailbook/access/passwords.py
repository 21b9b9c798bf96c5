"""Passwords: Argon2id with the second recommended parameters of RFC 9106, section 4, and rules for choosing one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import BadInput, TooMuch
from ..event.text import fold

SHORTEST, LONGEST = 12, 1024
"""Characters of a password that is set, and of one that is looked at."""

_hasher = PasswordHasher(time_cost=3, memory_cost=1 << 16, parallelism=4, hash_len=32, salt_len=16, type=Type.ID)
# Each hash takes 64 MiB, and a thread that reads could use as well: who signs in when others do waits, but not long.
_room = BoundedSemaphore(2)
_PATIENCE = 1.0


def check_choice(password: str, name: str) -> None:
    """Raises BadInput for a password that an account of this name may not have."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(
            f"A password has {SHORTEST} to {LONGEST:,} characters.",
            place="password",
            remedy="Several words that do not belong together are easy to remember and hard to guess.",
        )
    if fold(password) == fold(name) or len(set(password)) < 5:
        raise BadInput("This password is easily guessed.", place="password", remedy="Choose another one.")


def hash_password(password: str, randomness: Callable[[int], bytes]) -> str:
    """What is kept of a password, in PHC string format. Raises TooMuch if too many are hashed at once."""
    with _Room():
        return _hasher.hash(_normal(password), salt=randomness(16))


def verify(kept: str, password: str) -> bool:
    """Whether this is the password that `kept` was made of; `kept` empty (no account, or none with a password): no.

    Either takes the same time. Raises TooMuch if too many are looked at at once.
    """
    if len(password) > LONGEST:
        return False
    with _Room():
        try:
            return _hasher.verify(kept or _nobodys(), _normal(password)) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether a password that was just right should be hashed anew, because other parameters are used now."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    """A hash to compare with where there is none."""
    return _hasher.hash("", salt=bytes(16))


def _normal(password: str) -> str:
    """The same bytes however a keyboard composes them (NIST SP 800-63B, section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


class _Room:
    def __enter__(self) -> None:
        if not _room.acquire(timeout=_PATIENCE):
            raise TooMuch(
                "Too many people sign in at this moment.",
                retry_after=1,
                place="session",
                remedy="Try again in a second.",
            )

    def __exit__(self, *error: object) -> None:
        _room.release()
