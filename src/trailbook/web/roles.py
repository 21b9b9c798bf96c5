"""Access roles: rights and hidden columns under a name. Those that are always there stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from msgspec.structs import asdict, replace
from pydantic import BaseModel, Field

from ..access.decide import check_grant, check_tenant
from ..access.kept import ACCOUNTS, ROLES, Found
from ..access.model import RIGHTS, SHIPPED_ROLES, AccessRole, Account, Right, seat_of_account
from ..directory.viewer import Root
from ..errors import BadInput, NotAllowed
from ..event.model import Event, Reference
from .changed import (
    PREFIX,
    After,
    Given,
    IfMatch,
    Limit,
    Name,
    Tenant,
    Work,
    Working,
    check_match,
    etag,
    nothing,
    problems,
)
from .granting import Hidden, account_of_seat, every, hidden_of, listed, managed
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/access-roles", tags=["access roles"], route_class=Strict)

RoleId = Annotated[str, Path(max_length=64)]
Rights = Annotated[list[Right], Field(max_length=len(RIGHTS))]
_SHIPPED = {role.id: role for role in SHIPPED_ROLES}


class RoleChange(Given):
    """What shall be different; what is left out stays."""

    name: Name = ""
    rights: Rights = Field(default=[])
    hidden: Hidden = Field(default=[])


class RoleGiven(RoleChange):
    """A role to make; without a tenant it is your own tenant's or, if you are root, everybody's."""

    name: Name
    rights: Rights
    tenant: Name | None = None


class Role(BaseModel):
    """An access role; an empty `tenant`: everybody's. `shipped`: always there, and never changed."""

    id: str
    name: str
    rights: list[Right]
    hidden: list[str]
    tenant: str
    shipped: bool


class Roles(BaseModel):
    """A page, by id, and before it all roles that everybody has; `next` is the `after` of the page that follows."""

    items: list[Role]
    next: str | None = None


@router.get("", responses=problems())
def list_roles(work: Working, tenant: Tenant = None, after: After = "", limit: Limit = 100) -> Roles:
    """The access roles that you may give, or may not for what they allow."""
    found, following = listed(work, ROLES, tenant, after, limit)
    own = [one.value for one in found if not account_of_seat(one.value)]
    shared = []
    if not after:
        shared = [*SHIPPED_ROLES]
        if managed(work) is not None or tenant is not None:
            shared += [one.value for one in ROLES.all(work.service.store, work.now, owner="")]
    return Roles(items=[_shown(one) for one in (*shared, *own)], next=following)


@router.post("", status_code=201, responses=problems())
def create_role(work: Working, given: RoleGiven, response: Response) -> Role:
    """Make an access role, of no more than you may yourself."""
    own = managed(work)
    role = AccessRole(
        work.service.new_id(),
        given.name,
        frozenset(given.rights),
        hidden_of(given.hidden),
        given.tenant or own or "",
    )
    check_role(work, role)
    work.keep([ROLES.record(role)], [role_event(work, "create", None, role)])
    response.headers["ETag"] = etag(1)
    response.headers["Location"] = f"{router.prefix}/{role.id}"
    return _shown(role)


@router.get("/{id}", responses=problems(404))
def get_role(work: Working, id: RoleId, response: Response) -> Role:
    """An access role, with an ETag for changing it."""
    own = managed(work)
    if id in _SHIPPED:
        return _shown(_SHIPPED[id])
    found = _find(work, own, id)
    response.headers["ETag"] = etag(found.record.version)
    return _shown(found.value)


@router.patch("/{id}", responses=problems(404, 409, 412))
def change_role(work: Working, id: RoleId, given: RoleChange, response: Response, if_match: IfMatch = None) -> Role:
    """Change an access role; what its accounts may do changes at their next request."""
    was = _to_change(work, id, if_match)
    wanted: dict[str, Any] = {name: getattr(given, name) for name in given.model_fields_set}
    if "rights" in wanted:
        wanted["rights"] = frozenset(given.rights)
    if "hidden" in wanted:
        wanted["hidden"] = hidden_of(given.hidden)
    role = replace(was.value, **wanted)
    check_role(work, role)
    for account in _accounts_with(work, was.value):
        check_grant(work.caller, seat_of_account(account, role))
    version = was.record.version
    if role != was.value:
        work.keep([ROLES.record(role, was)], [role_event(work, "update", was.value, role)])
        version += 1
    response.headers["ETag"] = etag(version)
    return _shown(role)


@router.delete("/{id}", status_code=204, responses=problems(404, 409, 412))
def delete_role(work: Working, id: RoleId, if_match: IfMatch = None) -> None:
    """Take away an access role that no account has."""
    was = _to_change(work, id, if_match)
    if any(_accounts_with(work, was.value)):
        raise BadInput("Accounts have this role.", place="id", remedy="Give them another one first.")
    work.keep([], [role_event(work, "delete", was.value, None)], [was.record])


def check_role(work: Work, role: AccessRole) -> None:
    """Raises NotAllowed if the role is more than its maker has, or is not their tenant's."""
    own = work.caller.seat
    if role.tenant:
        check_tenant(work.caller, role.tenant)
    elif not isinstance(own.scope, Root):
        raise NotAllowed("Only root changes the roles that everybody has.", place="id", remedy="Make one of your own.")
    check_grant(work.caller, replace(own, rights=role.rights, hidden=role.hidden))


def role_event(work: Work, action: str, before: AccessRole | None, after: AccessRole | None) -> Event:
    """The event of a change of an access role, in its tenant's book or, if it is everybody's, its changer's."""
    role = after or before
    assert role is not None
    return work.event(
        "access_roles",
        action,
        tenant=role.tenant or work.caller.user.tenant,
        related=(Reference("access_role", role.id, role.name),),
        old=_told(before),
        new=_told(after),
    )


def _told(role: AccessRole | None) -> dict[str, Any]:
    """What events tell of a role: as far as anything is set."""
    if role is None:
        return {}
    fields = {"name": role.name, "rights": sorted(role.rights), "hidden": sorted(role.hidden), "tenant": role.tenant}
    return {name: value for name, value in fields.items() if value}


def _shown(role: AccessRole) -> Role:
    fields = asdict(role) | {"rights": sorted(role.rights), "hidden": sorted(role.hidden)}
    return Role(**fields, shipped=role.id in _SHIPPED)


def _find(work: Work, own: str | None, id: str) -> Found[AccessRole]:
    """A role that the caller's tenant or everybody has. Raises NotThere."""
    found = ROLES.find(work.service.store, id, work.now)
    if found is None or account_of_seat(found.value) or (own is not None and found.value.tenant not in ("", own)):
        raise nothing()
    return found


def _to_change(work: Work, id: str, if_match: str | None) -> Found[AccessRole]:
    own = managed(work)
    if id in _SHIPPED:
        raise NotAllowed("This role is always there, as it is.", place="id", remedy="Make one of your own.")
    was = _find(work, own, id)
    check_match(if_match, etag(was.record.version))
    check_role(work, was.value)
    return was


def _accounts_with(work: Work, role: AccessRole) -> Iterator[Account]:
    """The accounts that have this role."""
    found = every(work, ACCOUNTS, owner=role.tenant or None)
    return (one.value for one in found if one.value.role == role.id)
