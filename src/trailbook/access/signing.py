"""The events of signing in and out, failures included (design, decisions 7 and 12)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ..event.model import DEFAULT_TENANT, Event, Initiator, Outcome
from .accounts import user_target
from .model import Account, Caller, Origin
from .own import Doing, own_event

_LONGEST_TRIED = 100
NOBODY = "unknown"
"""The initiator of a sign-in with a name that is nobody's: never a verified one, and in no directory."""


def session_event(
    doing: Doing, caller: Caller, action: str, *, outcome: Outcome = "success", reason: str = "", data: Any = None
) -> Event:
    """Somebody's signing in or out."""
    return own_event(
        caller,
        doing.origin,
        doing.at,
        id=doing.new_id(),
        tenant=caller.user.tenant,
        resource="sessions",
        action=action,
        outcome=outcome,
        reason=reason,
        data=data,
    )


def failed_event(doing: Doing, account: Account, reason: str) -> Event:
    """A failed sign-in: the claimed account is the target, and whoever claimed it an initiator not verified."""
    user = account.user
    claimed = _unverified(doing.origin, user.id, account.label or account.name, user.tenant)
    return replace(_failed(doing, user.tenant, reason), initiator=claimed, targets=(user_target(account),))


def failed_unknown_event(doing: Doing, tried: str, untold: int) -> Event:
    """A failed sign-in with a name that is nobody's, and how many of that kind before it were not told."""
    data = {"name": tried[:_LONGEST_TRIED], **({"not_told_before": untold} if untold else {})}
    claimed = _unverified(doing.origin, NOBODY, "", DEFAULT_TENANT)
    return replace(_failed(doing, DEFAULT_TENANT, "unknown name"), initiator=claimed, data=data)


def _failed(doing: Doing, tenant: str, reason: str) -> Event:
    return own_event(
        None,
        doing.origin,
        doing.at,
        id=doing.new_id(),
        tenant=tenant,
        resource="sessions",
        action="sign_in",
        outcome="failure",
        reason=reason,
    )


def _unverified(origin: Origin, id: str, name: str, tenant: str) -> Initiator:
    return Initiator(id, name, tenant, verified=False, ip=origin.ip, user_agent=origin.user_agent)
