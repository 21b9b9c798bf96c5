"""One-time links: who is given one signs in without a password and sets one. Only the SHA-256 of its token is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from ..errors import NotSignedIn
from ..store.ports import Records
from .accounts import account_event
from .kept import ACCOUNTS, Found, Shelf
from .model import Account
from .own import Decided, Doing
from .sessions import LONGEST_TOKEN, may_sign_in, token, token_id

LASTS = timedelta(hours=1)
FIRST_LASTS = timedelta(hours=24)


class Link(Struct, frozen=True):
    """A link of an account (its id), the `number`th that was made for it: only the newest one holds.

    `vouched`: whoever runs the machine vouches for who uses it, who is asked for no password and no second factor.
    """

    id: str
    account: str
    number: int
    expires_at: datetime
    vouched: bool = False


LINKS = Shelf("link", Link, expires_at=lambda link: link.expires_at)


def make_link(
    was: Found[Account],
    doing: Doing,
    randomness: Callable[[int], bytes],
    lasts: timedelta = LASTS,
    *,
    vouched: bool = False,
) -> tuple[str, Decided]:
    """The token of a new link to an account, and what is to be kept."""
    text = token(randomness)
    account = replace(was.value, links=was.value.links + 1)
    link = Link(token_id(text), account.id, account.links, doing.at + lasts, vouched)
    details = f"One-time link made for {account.name}" + (", which asks for no password" if vouched else "")
    event = account_event(doing, account, "update", before=None, after=None, details=details)
    return text, Decided((ACCOUNTS.record(account, was), LINKS.record(link)), (), (event,))


def find_link(records: Records, text: str, now: datetime) -> tuple[Found[Link], Found[Account]]:
    """The link of a token, and its account. Looking at it does not use it up: taking away its record does.

    Raises NotSignedIn, the same for a link that never was, was used, has expired or has been followed by another.
    """
    found = LINKS.find(records, token_id(text), now) if len(text) <= LONGEST_TOKEN else None
    account = ACCOUNTS.find(records, found.value.account, now) if found else None
    if not found or not account or account.value.links != found.value.number or not may_sign_in(account.value, now):
        raise NotSignedIn(
            "This link holds no longer.", place="token", remedy="Ask who manages access for a new one: each works once."
        )
    return found, account
