"""The values of access: rights, roles, accounts, keys and sessions, each kept as a record of its own kind."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from ..directory.viewer import Root, Scope
from ..event.model import PartyKey

Right = Literal["view", "export", "schedule", "reports", "directory", "access", "ingest"]
RIGHTS: tuple[Right, ...] = get_args(Right)
"""See events; take them out; let reports run by themselves; manage reports; the directory; access; send events."""

MANAGING: frozenset[Right] = frozenset(("reports", "directory", "access"))
"""Rights that ask for a second factor on an account with a password, as root does."""

KeyUse = Literal["ingest", "read", "manage"]
RIGHTS_OF_USE: dict[KeyUse, frozenset[Right]] = {
    "ingest": frozenset(("ingest",)),
    "read": frozenset(("view", "export")),
    "manage": frozenset(("reports", "directory", "access")),
}


class Seat(Struct, frozen=True):
    """What whoever sits there may see and do: a scope, rights, hidden columns, a period, and an end.

    `since` and `until` bound the events seen, half-open; from `expires_at` on nothing may be seen or done.
    `applications`: those that events may be sent of; none named means any.
    """

    scope: Scope
    rights: frozenset[Right]
    hidden: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    expires_at: datetime | None = None
    applications: tuple[str, ...] = ()


class AccessRole(Struct, frozen=True):
    """Rights and hidden columns under a name, to give to accounts. `tenant`: whose it is; empty: everybody's."""

    id: str
    name: str
    rights: frozenset[Right]
    hidden: frozenset[str] = frozenset()
    tenant: str = ""


class Account(Struct, frozen=True):
    """Somebody who can sign in. `name` is what they sign in with, unique however it is spelt; `label` is for display.

    `role` is the id of an access role and `scope` where it holds; `since`, `until` and `expires_at` as of a seat.
    `user`: who they are in the directory and as an initiator. `password` is an Argon2 hash, empty if there is none;
    `otp` the secret of the second factor, empty until one is set up, and `otp_used` the last time step that was used.
    `issuer` and `subject` are of OpenID Connect. `links` grows with each one-time link made, so that older ones end.
    """

    id: str
    name: str
    role: str
    scope: Scope
    user: PartyKey
    label: str = ""
    since: datetime | None = None
    until: datetime | None = None
    expires_at: datetime | None = None
    password: str = ""
    otp: str = ""
    otp_used: int = 0
    issuer: str = ""
    subject: str = ""
    links: int = 0
    disabled: bool = False
    created_at: datetime | None = None


class ApiKey(Struct, frozen=True):
    """A program's key; only the SHA-256 of its text is kept. `tenant` is its book; `applications` as of a seat.

    `id` is the part of the text that may be shown, `created_by` the account that made it.
    """

    id: str
    digest: bytes
    name: str
    tenant: str
    uses: frozenset[KeyUse]
    applications: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    created_by: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class Session(Struct, frozen=True):
    """Someone signed in with a browser; `id` is the SHA-256 of the cookie's token, in hexadecimal.

    `proven`: a second factor was given too, or a provider vouched for it. `csrf` is what forms must send back.
    """

    id: str
    account: str
    csrf: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    proven: bool = False
    ip: str = ""
    user_agent: str = ""


class Caller(Struct, frozen=True):
    """Who is asking, once that is known: an account in a session, or a key.

    `id` is the account's or key's, `name` is printed on reports, `user` is the initiator of what they do. `proven` is
    False for an account that has yet to give the second factor its rights ask for.
    """

    kind: Literal["account", "key"]
    id: str
    name: str
    user: PartyKey
    seat: Seat
    proven: bool = True
    session: Session | None = None


ROOT_ROLE = AccessRole("root", "Root", frozenset(RIGHTS))
SHIPPED_ROLES: tuple[AccessRole, ...] = (
    ROOT_ROLE,
    AccessRole("administrator", "Administrator", frozenset(RIGHTS)),
    AccessRole("analyst", "Analyst", frozenset(("view", "export", "schedule", "reports"))),
    AccessRole("reader", "Reader", frozenset(("view",))),
    AccessRole("auditor", "Auditor", frozenset(("view", "export"))),
)
"""The access roles that are always there; others are records."""


def seat_of_account(account: Account, role: AccessRole) -> Seat:
    """The seat of an account that has this role."""
    return Seat(account.scope, role.rights, role.hidden, account.since, account.until, account.expires_at)


def needs_second_factor(seat: Seat) -> bool:
    """Whether a password alone is not enough: for root, and for who manages anything."""
    return isinstance(seat.scope, Root) or bool(seat.rights & MANAGING)


class Origin(Struct, frozen=True):
    """Where a request came from: the address, the user agent, and the id that it has in logs and events."""

    ip: str = ""
    user_agent: str = ""
    request_id: str = ""
