"""The one place that decides what a caller may see and do."""

from __future__ import annotations

from datetime import datetime

from ..directory.viewer import Root, TenantScope, Viewer
from ..errors import NotAllowed, NotSignedIn
from .model import Caller, Right

WORDS: dict[Right, str] = {
    "view": "see events",
    "export": "export events",
    "schedule": "schedule reports",
    "reports": "manage reports",
    "directory": "manage the directory",
    "access": "manage access",
    "ingest": "send events",
}


def require(caller: Caller, right: Right, now: datetime) -> None:
    """Let pass who has the right now. Raises NotSignedIn for a seat that has expired, NotAllowed for the rest."""
    check_seat(caller, now)
    if right not in caller.seat.rights:
        raise NotAllowed(f"You may not {WORDS[right]}.", place="access", remedy="Ask whoever manages access.")


def check_seat(caller: Caller, now: datetime) -> None:
    """Raises NotSignedIn if the seat has expired, NotAllowed if the second factor that it asks for is not given yet."""
    if caller.seat.expires_at is not None and caller.seat.expires_at <= now:
        raise NotSignedIn("This access has ended.", place="access", remedy="Ask whoever manages access for a new one.")
    if not caller.proven:
        raise NotAllowed(
            "This account needs its second factor.",
            place="access",
            remedy="Set up one-time passwords with POST /api/v1/session/otp, or give one at sign-in.",
        )


def viewer(caller: Caller, now: datetime) -> Viewer:
    """As whom the caller reads. Raises as `require` does if they may not see events at all."""
    require(caller, "view", now)
    seat = caller.seat
    return Viewer(caller.name, seat.scope, seat.hidden, seat.since, seat.until)


def check_tenant(caller: Caller, tenant: str) -> None:
    """Let pass who may see all of the tenant's book, to change what belongs to it. Raises NotAllowed."""
    match caller.seat.scope:
        case Root():
            return
        case TenantScope(own) if own == tenant:
            return
    raise NotAllowed(f"You may not change anything of {tenant}.", place="access", remedy="Ask who manages its access.")
