"""API keys: making one, whose text is shown this once; listing and revoking them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from msgspec.structs import replace
from pydantic import BaseModel, Field

from ..access.decide import check_grant, check_tenant
from ..access.kept import KEYS
from ..access.keys import key_event, make_key
from ..access.model import RIGHTS_OF_USE, ApiKey, KeyUse, Right, Seat
from ..directory.viewer import TenantScope
from .changed import PREFIX, After, Given, Limit, Moment, Name, Tenant, Work, Working, problems, until_kept
from .granting import Hidden, end_of, find, hidden_of, listed
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/keys", tags=["keys"], route_class=Strict)

KeyId = Annotated[str, Path(max_length=64)]


class KeyGiven(Given):
    """A key to make: for what, of which tenant's book, and of which applications events may be sent (none: any)."""

    name: Name
    tenant: Name
    uses: list[KeyUse] = Field(min_length=1, max_length=3)
    applications: list[Name] = Field(default=[], max_length=100)
    hidden: Hidden = Field(default=[])
    expires_at: Moment | None = None


class Key(BaseModel):
    """A key; `id` is the part of its text that may be shown. Nothing can be made from the rest."""

    id: str
    name: str
    tenant: str
    uses: list[KeyUse]
    applications: list[str]
    hidden: list[str]
    created_by: str
    created_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKey(Key):
    """A key that was just made; `text` is shown this once."""

    text: str


class Keys(BaseModel):
    """A page, by id; `next` is the `after` of the page that follows, if one does."""

    items: list[Key]
    next: str | None = None


@router.get("", responses=problems())
def list_keys(work: Working, tenant: Tenant = None, after: After = "", limit: Limit = 100) -> Keys:
    """The keys of the tenants whose access you manage, revoked ones included."""
    found, following = listed(work, KEYS, tenant, after, limit)
    return Keys(items=[Key(**_shown(one.value)) for one in found], next=following)


@router.post("", status_code=201, responses=problems())
def create_key(work: Working, given: KeyGiven, response: Response) -> NewKey:
    """Make a key. It gives nothing that you do not have."""
    made = make(work, given)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return made


def make(work: Work, given: KeyGiven, id: str = "") -> NewKey:
    """Make a key, of this id if one is chosen. Raises NotAllowed, BadInput; Outdated if there is one of this id."""
    work.require("access")
    check_tenant(work.caller, given.tenant)
    text, key = make_key(
        work.service.randomness,
        id=id,
        name=given.name,
        tenant=given.tenant,
        uses=frozenset(given.uses),
        created_by=work.caller.id,
        created_at=work.now,
        applications=tuple(dict.fromkeys(given.applications)),
        hidden=hidden_of(given.hidden),
        expires_at=end_of(given.expires_at, work.now),
    )
    rights = frozenset[Right]().union(*(RIGHTS_OF_USE[use] for use in key.uses))
    seat = Seat(
        TenantScope(key.tenant), rights, key.hidden, expires_at=key.expires_at, applications=key.applications
    )  # fmt: skip
    check_grant(work.caller, seat)
    work.keep([KEYS.record(key)], [key_event(work.doing, "create", None, key)])
    return NewKey(**_shown(key), text=text)


@router.get("/{id}", responses=problems(404))
def get_key(work: Working, id: KeyId) -> Key:
    """A key, without its text."""
    return Key(**_shown(find(work, KEYS, id).value))


@router.delete("/{id}", status_code=204, responses=problems(404, 409))
def revoke_key(work: Working, id: KeyId) -> None:
    """Revoke a key: from the next request on it is worth nothing, for ever."""

    def attempt() -> None:
        was = find(work, KEYS, id)
        if was.value.revoked_at is None:
            key = replace(was.value, revoked_at=work.now)
            work.keep([KEYS.record(key, was)], [key_event(work.doing, "revoke", was.value, key)])

    until_kept(attempt)


def _shown(key: ApiKey) -> dict[str, Any]:
    """All but the digest."""
    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "uses": sorted(key.uses),
        "applications": list(key.applications),
        "hidden": sorted(key.hidden),
        "created_by": key.created_by,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }
