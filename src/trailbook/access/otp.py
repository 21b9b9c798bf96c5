"""The second factor: time-based one-time passwords (RFC 6238) of 6 digits, a new one every 30 seconds."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable
from datetime import datetime, timedelta

import pyotp
from msgspec import Struct

from .kept import Shelf
from .model import Session

_DRIFT = 1
_CONFIRM_WITHIN = timedelta(minutes=15)


class Setup(Struct, frozen=True):
    """A secret that was shown in a session (its id) and has yet to be confirmed with a code made from it."""

    id: str
    secret: str
    expires_at: datetime


SETUPS = Shelf("otp_setup", Setup, expires_at=lambda setup: setup.expires_at)


def set_up(session: Session, now: datetime, randomness: Callable[[int], bytes]) -> Setup:
    """A new secret of 160 bits (RFC 4226, section 4), in base32."""
    return Setup(session.id, b32encode(randomness(20)).decode(), now + _CONFIRM_WITHIN)


def address(secret: str, name: str) -> str:
    """The `otpauth:` address by which an app takes over the secret of the account of this name."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Trailbook")


def step_of(secret: str, code: str, used: int, now: datetime) -> int | None:
    """The time step that the code belongs to, at most one away from now and later than `used`; None if there is none.

    Whoever keeps the step as used makes sure that a code that was seen is worth nothing (RFC 6238, section 5.2).
    """
    totp = pyotp.TOTP(secret)
    current = totp.timecode(now)
    steps = range(max(current - _DRIFT, used + 1), current + _DRIFT + 1)
    plain = "".join(code.split())
    fitting = [step for step in steps if pyotp.utils.strings_equal(plain, totp.generate_otp(step))]
    return fitting[0] if fitting else None
