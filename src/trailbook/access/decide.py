"""The one place that decides what a caller may see and do."""

from __future__ import annotations

from datetime import datetime

from ..directory.viewer import GroupScope, Overlap, Root, Scope, TenantScope, Viewer
from ..errors import NotAllowed, NotSignedIn
from .model import Caller, Right, Seat

WORDS: dict[Right, str] = {
    "view": "see events",
    "export": "export events",
    "schedule": "schedule reports",
    "reports": "manage reports",
    "directory": "manage the directory",
    "access": "manage access",
    "ingest": "send events",
}


ABSENT = "The account that asked for this"
"""How a caller is called where others read what they may not."""


def require(caller: Caller, right: Right, now: datetime, who: str = "You") -> None:
    """Let pass who has the right now. Raises NotSignedIn for a seat that has expired, NotAllowed for the rest.

    `who`: how the caller is called to whoever reads that.
    """
    check_seat(caller, now)
    if right not in caller.seat.rights:
        raise NotAllowed(f"{who} may not {WORDS[right]}.", place="access", remedy="Ask whoever manages access.")


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


def viewer(caller: Caller, now: datetime, right: Right = "view") -> Viewer:
    """As whom the caller reads: events or, with the right to manage it, the directory. Raises as `require` does."""
    require(caller, right, now)
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


def within_scope(outer: Scope, inner: Scope | Overlap) -> bool:
    """Whether all that can be seen in `inner` can be seen in `outer`."""
    if isinstance(inner, Overlap):
        return any(within_scope(outer, one) for one in inner.scopes)
    match outer:
        case Root():
            return True
        case TenantScope(tenant):
            return not isinstance(inner, Root) and inner.tenant == tenant
        case GroupScope(tenant, groups) if isinstance(inner, GroupScope):
            return inner.tenant == tenant and set(inner.groups) <= set(groups)
    return inner == outer


def covers(seat: Seat, viewer: Viewer) -> bool:
    """Whether all that the viewer sees can be seen from the seat: its scope, columns and period."""
    return (
        within_scope(seat.scope, viewer.scope)
        and seat.hidden <= viewer.hidden
        and (seat.since is None or (viewer.since is not None and viewer.since >= seat.since))
        and (seat.until is None or (viewer.until is not None and viewer.until <= seat.until))
    )


def check_grant(caller: Caller, seat: Seat) -> None:
    """Let pass who has all that the seat gives: nobody gives what they do not have. Raises NotAllowed, saying what.

    That is its scope, rights, columns, period and end and, where it sends events, applications.
    """
    own = caller.seat
    if not within_scope(own.scope, seat.scope):
        raise _not_yours("scope", "more tenants, groups or users than you see yourself")
    if missing := seat.rights - own.rights:
        raise _not_yours("rights", f"the right to {WORDS[min(missing)]}")
    if shown := own.hidden - seat.hidden:
        raise _not_yours("hidden", f"the column '{min(shown)}'")
    if own.since is not None and (seat.since is None or seat.since < own.since):
        raise _not_yours("since", "events from before those that you see yourself")
    if own.until is not None and (seat.until is None or seat.until > own.until):
        raise _not_yours("until", "events from after those that you see yourself")
    if own.expires_at is not None and (seat.expires_at is None or seat.expires_at > own.expires_at):
        raise _not_yours("expires_at", "access for longer than you have it yourself")
    sends = seat.rights & {"ingest"} and own.applications
    if sends and (not seat.applications or set(seat.applications) - set(own.applications)):
        raise _not_yours("applications", "applications that are not yours")


def _not_yours(place: str, what: str) -> NotAllowed:
    return NotAllowed(
        f"You may not give {what}.", place=place, remedy="Give at most what you have, or ask who manages your access."
    )
