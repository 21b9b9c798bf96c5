"""Auditors' seats: accounts that only read, bounded to a tenant, a period and columns, and that end by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from ..access.decide import check_grant, check_tenant
from ..access.kept import ACCOUNTS, ROLES
from ..access.model import AccessRole, Account, Right, seat_of_account
from ..access.own import Decided
from ..directory.viewer import TenantScope
from ..event.model import PartyKey
from .accounts import AccountId, Line, Link, SignInName, disable_account, keep_new
from .changed import PREFIX, After, Given, IfMatch, Limit, Moment, Name, Tenant, Work, Working, nothing, problems
from .granting import (
    SEAT_ROLES,
    Hidden,
    account_of_seat,
    end_of,
    find,
    hidden_of,
    listed,
    managed,
    period_of,
    seat_role_id,
)
from .roles import role_event
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/seats", tags=["seats"], route_class=Strict)


class SeatGiven(Given):
    """A seat to make: who takes it, what they see (events of `since` up to `until`), and when it ends."""

    name: SignInName
    label: Line = ""
    tenant: Name
    since: Moment | None = None
    until: Moment | None = None
    hidden: Hidden = Field(default=[])
    export: bool = True
    expires_at: Moment


class Seat(BaseModel):
    """A seat; its `id` is that of its account."""

    id: str
    name: str
    label: str
    tenant: str
    since: datetime | None
    until: datetime | None
    hidden: list[str]
    export: bool
    expires_at: datetime | None
    disabled: bool


class NewSeat(Seat):
    """A seat that was just made, and the way in."""

    link: Link


class Seats(BaseModel):
    """A page, by id; `next` is the `after` of the page that follows, if one does."""

    items: list[Seat]
    next: str | None = None


@router.get("", responses=problems())
def list_seats(work: Working, tenant: Tenant = None, after: After = "", limit: Limit = 100) -> Seats:
    """The seats at the tenants whose access you manage, ended ones included."""
    found, following = listed(work, ROLES, tenant, max(after, SEAT_ROLES), limit)
    items = []
    for role in found:
        account = ACCOUNTS.find(work.service.store, account_of_seat(role.value), work.now)
        if account is not None and account.value.role == role.value.id:
            items.append(Seat(**_shown(account.value, role.value)))
    return Seats(items=items, next=following)


@router.post("", status_code=201, responses=problems(409))
def create_seat(work: Working, given: SeatGiven, response: Response) -> NewSeat:
    """Make a seat. Hand on the one-time link."""
    managed(work)
    check_tenant(work.caller, given.tenant)
    id = work.service.new_id()
    rights: frozenset[Right] = frozenset(("view", "export") if given.export else ("view",))
    role = AccessRole(seat_role_id(id), given.name, rights, hidden_of(given.hidden), given.tenant)
    since, until = period_of(given.since, given.until)
    account = Account(
        id,
        given.name,
        role.id,
        TenantScope(given.tenant),
        PartyKey("user", given.tenant, f"seat:{id}"),
        label=given.label,
        since=since,
        until=until,
        expires_at=end_of(given.expires_at, work.now),
    )
    check_grant(work.caller, seat_of_account(account, role))
    also = Decided((ROLES.record(role),), (), (role_event(work, "create", None, role),))
    made = keep_new(work, account, response, also)
    response.headers["Location"] = f"{router.prefix}/{id}"
    return NewSeat(**_shown(account, role), link=made["link"])


@router.get("/{id}", responses=problems(404))
def get_seat(work: Working, id: AccountId) -> Seat:
    """A seat."""
    return Seat(**_found(work, id))


@router.delete("/{id}", status_code=204, responses=problems(404, 409, 412))
def end_seat(work: Working, id: AccountId, if_match: IfMatch = None) -> None:
    """End a seat at once, with its sessions and links. Its account stays, for what it did."""
    _found(work, id)
    disable_account(work, id, if_match)


def _found(work: Work, id: str) -> dict[str, Any]:
    """What is shown of a seat. Raises NotThere."""
    account = find(work, ACCOUNTS, id).value
    role = ROLES.find(work.service.store, seat_role_id(id), work.now)
    if role is None or account.role != role.value.id:
        raise nothing()
    return _shown(account, role.value)


def _shown(account: Account, role: AccessRole) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "label": account.label,
        "tenant": role.tenant,
        "since": account.since,
        "until": account.until,
        "hidden": sorted(role.hidden),
        "export": "export" in role.rights,
        "expires_at": account.expires_at,
        "disabled": account.disabled,
    }
