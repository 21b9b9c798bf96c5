"""Whom an account or key stands for by now, for what they asked for earlier: rights, scope and end are those of now."""

from __future__ import annotations

from datetime import datetime

from ..errors import NotSignedIn
from ..store.ports import Records
from .kept import ACCOUNTS, KEYS
from .keys import caller_with_key
from .model import Caller, seat_of_account
from .roles import find_role
from .sessions import may_sign_in


def present(records: Records, kind: str, id: str, now: datetime) -> Caller:
    """The caller that this `account` or `key` is now; that they are who they are was proven when they asked.

    Raises NotSignedIn for an account that is disabled, has expired or is gone, or whose role is; and for such a key.
    """
    if kind == "key":
        key = KEYS.find(records, id, now)
        return caller_with_key(key.value if key else None, now)
    found = ACCOUNTS.find(records, id, now)
    role = find_role(records, found.value.role, now) if found else None
    if found is None or role is None or not may_sign_in(found.value, now):
        raise NotSignedIn("The account that asked for this may no longer sign in.", place="account")
    account = found.value
    return Caller("account", account.id, account.label or account.name, account.user, seat_of_account(account, role))
