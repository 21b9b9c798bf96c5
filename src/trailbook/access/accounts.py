"""Accounts: making, finding and changing them. What is decided here is kept by whoever called, with its events."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..directory.viewer import Root
from ..errors import BadInput
from ..event.changes import changes
from ..event.model import DEFAULT_TENANT, Event, PartyKey, Reference, Target
from ..event.text import fold
from ..store.ports import Record, Records
from .kept import ACCOUNTS, SESSIONS, Found, Shelf
from .model import ROOT_ROLE, Account
from .own import Decided, Doing, own_event

LONGEST_NAME = 256
FIRST_ACCOUNT = "root"


class Alias(Struct, frozen=True):
    """What an account is found by beside its id: `id`; `account` is the account's."""

    id: str
    account: str


NAMES = Shelf("account_name", Alias)
"""By the name to sign in with, folded."""
SUBJECTS = Shelf("account_subject", Alias)
"""By issuer and subject of OpenID Connect, hashed together."""


def by_name(records: Records, name: str, now: datetime) -> Found[Account] | None:
    """The account that signs in with this name, however it is spelt."""
    return _by_alias(records, NAMES, fold(name), now)


def by_subject(records: Records, issuer: str, subject: str, now: datetime) -> Found[Account] | None:
    """The account of this subject of an OpenID Connect issuer."""
    return _by_alias(records, SUBJECTS, _subject_id(issuer, subject), now)


def _by_alias(records: Records, shelf: Shelf[Alias], id: str, now: datetime) -> Found[Account] | None:
    alias = shelf.find(records, id, now)
    return None if alias is None else ACCOUNTS.find(records, alias.value.account, now)


def create(records: Records, account: Account, doing: Doing) -> Decided:
    """A new account. Raises BadInput for a name that cannot be signed in with or that somebody has."""
    account = replace(account, name=account.name.strip(), created_at=doing.at)
    changed = [ACCOUNTS.record(account), *_aliases(records, None, account, doing.at)]
    event = account_event(doing, account, "create", before=None, after=account)
    return Decided(tuple(changed), (), (event,))


def change(records: Records, was: Found[Account], account: Account, doing: Doing) -> Decided:
    """An account as it shall be, of the same id. Nothing is decided if nothing changes.

    One that is disabled is signed out everywhere. Raises BadInput as `create` does.
    """
    account = replace(account, name=account.name.strip())
    if account == was.value:
        return Decided()
    changed = [ACCOUNTS.record(account, was), *_aliases(records, was.value, account, doing.at)]
    removed = _left_aliases(records, was.value, account, doing.at)
    if account.disabled and not was.value.disabled:
        removed += sessions_of(records, account.id, doing.at)
    event = account_event(doing, account, "update", before=was.value, after=account)
    return Decided(tuple(changed), tuple(removed), (event,))


def first_account(id: str) -> Account:
    """The account that a new installation begins with: root, without a password."""
    user = PartyKey("user", DEFAULT_TENANT, FIRST_ACCOUNT)
    return Account(id, FIRST_ACCOUNT, ROOT_ROLE.id, Root(), user, label="Root")


def sessions_of(records: Records, account: str, now: datetime) -> list[Record]:
    """The records of all sessions of an account (its id), to take away."""
    return [found.record for found in SESSIONS.each(records, now, owner=account)]


def account_event(
    doing: Doing, account: Account, action: str, *, before: Account | None, after: Account | None, details: str = ""
) -> Event:
    """The event that tells of a change of an account: its user is the target, secrets are told of, never told."""
    return own_event(
        doing.caller,
        doing.origin,
        doing.at,
        id=doing.new_id(),
        tenant=account.user.tenant,
        resource="accounts",
        action=action,
        details=details,
        targets=(user_target(account),),
        related=(Reference("account", account.id, account.name),),
        changes=changes(told(before), told(after), mask=("password", "otp")),
    )


def user_target(account: Account) -> Target:
    """The user of an account, as whom or what something is done to."""
    return Target("user", account.user.id, account.label or account.name, account.user.tenant)


def told(account: Account | None) -> dict[str, Any]:
    """What may be told of an account, as far as it is set; of its secrets, `account_event` tells only that they are."""
    if account is None:
        return {}
    fields = msgspec.to_builtins(replace(account, created_at=None, otp_used=0, links=0))
    fields["user"] = f"{account.user.tenant}/{account.user.id}"
    return {name: value for name, value in fields.items() if value}


def _aliases(records: Records, was: Account | None, account: Account, now: datetime) -> list[Record]:
    """The records by which the account is found from now on and was not before."""
    if not 0 < len(account.name) <= LONGEST_NAME or not account.name.isprintable():
        raise BadInput(
            f"A name to sign in with has 1 to {LONGEST_NAME} printable characters.", place="name", remedy="Change it."
        )
    kept = []
    if was is None or fold(was.name) != fold(account.name):
        if NAMES.find(records, fold(account.name), now) is not None:
            raise BadInput("Another account signs in with this name.", place="name", remedy="Choose another one.")
        kept.append(NAMES.record(Alias(fold(account.name), account.id)))
    if account.subject and (was is None or (was.issuer, was.subject) != (account.issuer, account.subject)):
        id = _subject_id(account.issuer, account.subject)
        if SUBJECTS.find(records, id, now) is not None:
            raise BadInput("Another account has this subject.", place="subject", remedy="Take it from that one first.")
        kept.append(SUBJECTS.record(Alias(id, account.id)))
    return kept


def _left_aliases(records: Records, was: Account, account: Account, now: datetime) -> list[Record]:
    left = []
    if fold(was.name) != fold(account.name):
        left.append(NAMES.find(records, fold(was.name), now))
    if was.subject and (was.issuer, was.subject) != (account.issuer, account.subject):
        left.append(SUBJECTS.find(records, _subject_id(was.issuer, was.subject), now))
    return [found.record for found in left if found is not None]


def _subject_id(issuer: str, subject: str) -> str:
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()
