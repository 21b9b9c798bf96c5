"""Sessions: someone signed in with a browser, known by a token of 256 bits of which only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from ..errors import NotAllowed, NotSignedIn
from .model import AccessRole, Account, Caller, Origin, Session, needs_second_factor, seat_of_account

_SEEN_EVERY = timedelta(minutes=1)
_LONGEST_USER_AGENT = 512
LONGEST_TOKEN = 64
"""Characters of a token; whatever is longer is none."""


def token(randomness: Callable[[int], bytes]) -> str:
    """256 bits as text."""
    return urlsafe_b64encode(randomness(32)).decode().rstrip("=")


def token_id(token: str) -> str:
    """Under which a token's session or link is kept: its SHA-256, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_session(
    account: Account,
    origin: Origin,
    now: datetime,
    randomness: Callable[[int], bytes],
    *,
    lasts: timedelta,
    proven: bool = False,
) -> tuple[str, Session]:
    """A new session and the token for its cookie. It is a new one at every sign-in and when it becomes proven, so that
    a token that somebody else knew from before is worth nothing (session fixation).
    """
    text = token(randomness)
    return text, Session(
        token_id(text),
        account.id,
        token(randomness),
        now,
        now,
        now + lasts,
        proven,
        origin.ip,
        origin.user_agent[:_LONGEST_USER_AGENT],
    )


def holds(session: Session, now: datetime, idle: timedelta) -> bool:
    """Whether the session is neither over nor left alone for longer than `idle`."""
    return now < session.expires_at and now - session.seen_at < idle


def caller_of_session(session: Session, account: Account | None, role: AccessRole | None, now: datetime) -> Caller:
    """The caller that a session's account is now.

    Raises NotSignedIn if the account is disabled, has expired or is gone, or its role is.
    """
    if account is None or role is None or not may_sign_in(account, now):
        raise session_ended()
    seat = seat_of_account(account, role)
    proven = session.proven or not (account.otp or needs_second_factor(seat))
    return Caller("account", account.id, account.label or account.name, account.user, seat, proven, session)


def may_sign_in(account: Account, now: datetime) -> bool:
    """Whether the account is neither disabled nor expired."""
    return not account.disabled and (account.expires_at is None or now < account.expires_at)


def session_ended() -> NotSignedIn:
    """The one answer to every cookie that stands for nobody."""
    return NotSignedIn("You are not signed in, or no longer.", place="session", remedy="Sign in again.")


def seen(session: Session, now: datetime) -> Session | None:
    """The session as seen now, or None if less than a minute has passed since that was kept."""
    return replace(session, seen_at=now) if now - session.seen_at >= _SEEN_EVERY else None


def check_csrf(session: Session, given: str) -> None:
    """Raises NotAllowed unless the request comes from our own pages, which alone can know the session's secret."""
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise NotAllowed(
            "The request does not show that it comes from a page of Trailbook.",
            place="X-CSRF-Token",
            remedy="Send the `csrf` of GET /api/v1/session in the header X-CSRF-Token.",
        )


def form_token(session: Session, randomness: Callable[[int], bytes]) -> str:
    """What a form sends back: made from the session's secret, another one each time.

    An answer that holds the same secret each time could be guessed at by its packed length (BREACH).
    """
    nonce = token(randomness)[:22]
    return f"{nonce}.{_signed(session, nonce)}"


def check_form(session: Session, given: str) -> None:
    """Raises NotAllowed unless `given` is a token that `form_token` made for this session."""
    nonce, _, signature = given.partition(".")
    if not hmac.compare_digest(signature.encode(), _signed(session, nonce).encode()):
        raise NotAllowed(
            "The form does not show that it comes from a page of your session.",
            place="form",
            remedy="Load the page again and send it once more.",
        )


def _signed(session: Session, nonce: str) -> str:
    return hmac.new(session.csrf.encode(), nonce.encode(), "sha256").hexdigest()
