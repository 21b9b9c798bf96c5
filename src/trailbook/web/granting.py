"""What accounts, access roles, keys and seats share: whose they are, and what a request says that they give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from ..access.decide import check_tenant
from ..access.kept import Found, Shelf, T
from ..access.model import AccessRole
from ..directory.viewer import GroupScope, Root, Scope, SelfScope, TenantScope
from ..errors import BadInput
from ..report.columns import COLUMNS
from .changed import Given, Name, Work, in_utc, nothing

SEAT_ROLES: Final = "seat-"
"""What the ids of the access roles of seats begin with; they come after all others."""


class RootGiven(Given):
    """All books."""

    type: Literal["root"]


class TenantGiven(Given):
    """One tenant's book."""

    type: Literal["tenant"]
    tenant: Name


class GroupsGiven(Given):
    """What involves these groups, within their tenant's book."""

    type: Literal["groups"]
    tenant: Name
    groups: list[Name] = Field(min_length=1, max_length=100)


class SelfGiven(Given):
    """What involves oneself, within one's tenant's book."""

    type: Literal["self"]
    tenant: Name
    user: Name


ScopeGiven = Annotated[RootGiven | TenantGiven | GroupsGiven | SelfGiven, Field(discriminator="type")]
Hidden = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=len(COLUMNS))]


def scope_of(given: ScopeGiven) -> Scope:
    """The scope that was given."""
    match given:
        case TenantGiven():
            return TenantScope(given.tenant)
        case GroupsGiven():
            return GroupScope(given.tenant, tuple(dict.fromkeys(given.groups)))
        case SelfGiven():
            return SelfScope(given.tenant, given.user)
    return Root()


def tenant_of(scope: Scope) -> str:
    """The tenant that a scope lies in; empty for root's."""
    return "" if isinstance(scope, Root) else scope.tenant


def hidden_of(given: Iterable[str]) -> frozenset[str]:
    """The columns to hide. Raises BadInput for one that there is none of: a slip must not show anything."""
    unknown = sorted(set(given) - COLUMNS.keys())
    if unknown:
        raise BadInput("There is no such column to hide.", place="hidden", remedy=f"Known are {', '.join(COLUMNS)}.")
    return frozenset(given)


def end_of(given: AwareDatetime | None, now: datetime) -> datetime | None:
    """When access ends, in UTC. Raises BadInput for a time that has passed."""
    end = in_utc(given, "expires_at")
    if end is not None and end <= now:
        raise BadInput("It would have ended already.", place="expires_at", remedy="Give a time to come.")
    return end


def period_of(since: AwareDatetime | None, until: AwareDatetime | None) -> tuple[datetime | None, datetime | None]:
    """A period in UTC, half-open. Raises BadInput for one that holds nothing."""
    begin, end = in_utc(since, "since"), in_utc(until, "until")
    if begin is not None and end is not None and end <= begin:
        raise BadInput("The period ends before it begins.", place="until", remedy="Give a later time.")
    return begin, end


def managed(work: Work) -> str | None:
    """The tenant whose access the caller manages; None: of all. Raises as `require` and `check_tenant` do."""
    work.require("access")
    scope = work.caller.seat.scope
    if isinstance(scope, Root):
        return None
    check_tenant(work.caller, scope.tenant)
    return scope.tenant


def find(work: Work, shelf: Shelf[T], id: str) -> Found[T]:
    """The value of this id, if the caller manages its owner. Raises NotThere."""
    tenant = managed(work)
    found = shelf.find(work.service.store, id, work.now)
    if found is None or tenant not in (None, found.record.owner):
        raise nothing()
    return found


def listed(
    work: Work, shelf: Shelf[T], tenant: str | None, after: str, limit: int
) -> tuple[list[Found[T]], str | None]:
    """A page of what the caller manages (of one tenant), by id, and the `after` of the next if there is one."""
    own = managed(work)
    if tenant is not None and own not in (None, tenant):
        return [], None
    owner = own if tenant is None else tenant
    return cut(shelf.all(work.service.store, work.now, owner=owner, after=after, limit=limit + 1), limit)


def cut(found: Iterable[Found[T]], limit: int) -> tuple[list[Found[T]], str | None]:
    """A page of what there is, and the `after` of the next if there is one; one more than its limit is read."""
    read = list(islice(found, limit + 1))
    return read[:limit], read[limit - 1].record.id if len(read) > limit else None


def every(work: Work, shelf: Shelf[T], owner: str | None, after: str = "") -> Iterator[Found[T]]:
    """All (of this owner) by id, those after `after`; not more of them are read than are taken, by the thousand."""
    while found := shelf.all(work.service.store, work.now, owner=owner, after=after):
        yield from found
        after = found[-1].record.id


def visible(work: Work, shelf: Shelf[T], may_see: Callable[[T], bool], after: str) -> Iterator[Found[T]]:
    """Those that the caller may see, by id; no other tenant's than that of their scope are read."""
    owner = tenant_of(work.caller.seat.scope) or None
    return (one for one in every(work, shelf, owner, after) if may_see(one.value))


def seat_role_id(account: str) -> str:
    """The id of the access role of a seat, which is of that account (its id) alone."""
    return f"{SEAT_ROLES}{account}"


def account_of_seat(role: AccessRole) -> str:
    """The id of the account whose seat it is; empty for a role that is no seat's."""
    return role.id.removeprefix(SEAT_ROLES) if role.id.startswith(SEAT_ROLES) else ""
