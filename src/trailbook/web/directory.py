"""The directory over the API: users, groups, roles, tenants and memberships, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from heapq import nsmallest
from typing import Annotated, Literal, NoReturn

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from msgspec.structs import asdict, replace
from pydantic import BaseModel, Field

from ..access.decide import check_tenant, viewer
from ..access.own import home
from ..directory.directory import Directory
from ..directory.edit import Standing, check_size, join, leave, put, remove, standing, tell
from ..directory.load import read_csv, read_json
from ..directory.merge import merge
from ..directory.model import Changes, Incoming, holds
from ..directory.visible import sees
from ..errors import BadInput, Unsupported
from ..event.canonical import Sealed
from ..event.model import Belonging, Kind, PartyKey
from ..event.text import fold
from .bodies import read_body
from .changed import (
    PREFIX,
    After,
    Given,
    Id,
    IfMatch,
    Limit,
    Moment,
    Name,
    Tenant,
    Work,
    Working,
    check_match,
    etag,
    in_utc,
    nothing,
    problems,
)
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/directory", tags=["directory"], route_class=Strict)

Kinds = Literal["users", "groups", "roles", "tenants"]
KIND_OF: dict[str, Kind] = {"users": "user", "groups": "group", "roles": "role", "tenants": "tenant"}

Find = Annotated[
    str, Query(max_length=1024, description="Only those whose id or name holds this text, however it is spelt.")
]
PathId = Annotated[str, Path(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]
_READERS = {"application/json": read_json, "text/csv": read_csv}


class Belongs(BaseModel):
    """A group or role that a user has."""

    id: str
    name: str
    tenant: str


class Party(BaseModel):
    """A user, group, role or tenant as it is now; groups and roles are a user's."""

    kind: Kind
    tenant: str
    id: str
    name: str
    groups: list[Belongs] | None = None
    roles: list[Belongs] | None = None


class Parties(BaseModel):
    """A page, by id; `next` is the `after` of the page that follows, if one does."""

    items: list[Party]
    next: str | None = None


class PartyGiven(Given):
    """A name and, of a user, all its groups and roles in its own tenant, by id. What is left out stays as it is."""

    name: Name | None = None
    groups: list[Name] | None = Field(None, max_length=1_000)
    roles: list[Name] | None = Field(None, max_length=1_000)


class MembershipGiven(Given):
    """A user's belonging to a group or to a role; `tenant` is the user's, `group_tenant` the other's if another."""

    user: Name
    tenant: Name | None = None
    group: Name | None = None
    role: Name | None = None
    group_tenant: Name | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None


class Counted(BaseModel):
    """How many entries an import added, and how many it ended."""

    added: int
    ended: int


@router.get("/{kind}", response_model_exclude_unset=True, responses=problems())
def list_parties(
    work: Working, kind: Kinds, tenant: Tenant = None, after: After = "", limit: Limit = 100, find: Find = ""
) -> Parties:
    """Those who are there now and whom you may see: all tenants, or the users, groups or roles of a tenant."""
    looking = viewer(work.caller, work.now, "directory")
    directory = work.service.directory()
    where = None if kind == "tenants" else _home(work, tenant)
    wanted = fold(find)

    def found() -> Iterator[str]:
        for row in directory.profiles:
            fits = row.kind == KIND_OF[kind] and where in (None, row.tenant) and row.id > after
            fits = fits and (not wanted or wanted in fold(row.id) or wanted in fold(row.name))
            if fits and holds(row, work.now) and sees(directory, looking, row.party(), work.now, None):
                yield row.id

    ids = nsmallest(limit + 1, set(found()))
    shown = [_found(work, directory, _party(work, kind, id, tenant)) for id in ids[:limit]]
    return Parties(items=[_answer(one) for one in shown], next=ids[limit - 1] if len(ids) > limit else None)


@router.get("/{kind}/{id:any}", response_model_exclude_unset=True, responses=problems(404))
def get_party(work: Working, response: Response, kind: Kinds, id: PathId, tenant: Tenant = None) -> Party:
    """A user, group, role or tenant as it is now, with an ETag for changing it."""
    return _answered(_found(work, work.service.directory(), _party(work, kind, id, tenant)), response)


@router.put(
    "/{kind}/{id:any}",
    response_model_exclude_unset=True,
    responses={**problems(409, 412), 201: {"model": Party, "description": "It was not there before."}},
)
def put_party(
    work: Working,
    response: Response,
    kind: Kinds,
    id: PathId,
    given: PartyGiven,
    tenant: Tenant = None,
    if_match: IfMatch = None,
) -> Party:
    """Make it be there, rename it, or say which groups and roles a user has from now on."""
    party = _to_change(work, kind, id, tenant)
    if party.kind != "user" and (given.groups is not None or given.roles is not None):
        raise BadInput(f"A {party.kind} has no groups or roles.", place="body", remedy="Leave them out.")

    def decide(known: Directory) -> Changes:
        _check_match(work, known, party, if_match)
        response.status_code = 200 if standing(known, party, work.now) else 201
        return put(known, party, work.now, name=given.name or "", groups=given.groups, roles=given.roles)

    _change(work, decide)
    return _answered(_found(work, work.service.directory(), party), response)


@router.post("/memberships", status_code=204, responses=problems(404))
def add_membership(work: Working, given: MembershipGiven) -> None:
    """Let a user belong to a group or role from now on, or from and to when you say."""
    user, party = _membership(work, given.user, given.tenant, given.group, given.role, given.group_tenant)
    since, until = in_utc(given.valid_from, "valid_from"), in_utc(given.valid_to, "valid_to")
    if until is not None and until <= (since or work.now):
        raise BadInput("It ends before it begins.", place="valid_to", remedy="Give a later time.")

    def decide(known: Directory) -> Changes:
        _found(work, known, user)
        return join(known, user, party, work.now, since=since, until=until)

    _change(work, decide)


@router.delete("/memberships", status_code=204, responses=problems(404))
def end_membership(
    work: Working,
    user: Id,
    tenant: Tenant = None,
    group: Id | None = None,
    role: Id | None = None,
    group_tenant: Tenant = None,
) -> None:
    """End a user's membership now."""
    member, party = _membership(work, user, tenant, group, role, group_tenant)

    def decide(known: Directory) -> Changes:
        return leave(known, member, party, work.now) or _raise_nothing()

    _change(work, decide)


@router.delete("/{kind}/{id:any}", status_code=204, responses=problems(404, 409, 412))
def delete_party(work: Working, kind: Kinds, id: PathId, tenant: Tenant = None, if_match: IfMatch = None) -> None:
    """End it now, with its memberships; what events say of it stays."""
    party = _party(work, kind, id, tenant)
    _found(work, work.service.directory(), party)
    _to_change(work, kind, id, tenant)

    def decide(known: Directory) -> Changes:
        _found(work, known, party)
        _check_match(work, known, party, if_match)
        return remove(known, party, work.now)

    _change(work, decide)


async def body_of(request: Request, work: Working) -> bytes:
    """The body, read before a thread is taken."""
    work.require("directory")
    return await read_body(request, work.service.settings.max_body_bytes, lambda length: None)


@router.post(
    "/import",
    responses=problems(413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
def import_directory(
    work: Working,
    body: Annotated[bytes, Depends(body_of)],
    tenant: Tenant = None,
    as_of: Moment | None = None,
) -> Counted:
    """Take in users, groups, roles, tenants and memberships, as `trailbook directory import` does: all or nothing.

    `tenant` is that of the entries that name none; `as_of` is since when those without a date hold.
    """
    type_ = work.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ not in _READERS:
        raise Unsupported(
            "A directory is JSON or CSV.",
            place="Content-Type",
            remedy="Send it as application/json or text/csv.",
        )
    return bring_in(work, lambda own: _READERS[type_](body, "body", own), tenant, as_of)


def bring_in(
    work: Work, read: Callable[[str], Incoming], tenant: str | None, as_of: datetime | None, *, only_try: bool = False
) -> Counted:
    """Take in what `read` gives, told the tenant of entries that name none; `only_try`: say what it would do."""
    work.require("directory")
    moment = in_utc(as_of, "as_of") or work.now
    incoming = read(_home(work, tenant))
    for one in sorted(_tenants(incoming)):
        check_tenant(work.caller, one)
    if only_try:
        changes = check_size(merge(work.service.directory(), incoming, moment))
    else:
        changes = _change(work, lambda known: merge(known, incoming, moment))
    return Counted(
        added=len(changes.added_profiles) + len(changes.added_memberships),
        ended=len(changes.closed_profiles) + len(changes.closed_memberships),
    )


def _change(work: Work, decide: Callable[[Directory], Changes]) -> Changes:
    """Decide and keep it, with an event for each party concerned."""

    def events(before: Directory, changes: Changes) -> Iterator[Sealed]:
        for told in tell(before, changes, work.now):
            event = work.event(
                f"{told.party.kind}s",
                told.action,
                tenant=told.party.tenant,
                targets=told.targets,
                data=told.data,
            )
            yield from work.service.seal([replace(event, changes=told.changes)])

    return work.service.store.change_directory(lambda known: check_size(decide(known)), events)


def _home(work: Work, tenant: str | None) -> str:
    """The tenant that was named, else the caller's."""
    return tenant or home(work.caller)


def _party(work: Work, kind: Kinds, id: str, tenant: str | None) -> PartyKey:
    return PartyKey(KIND_OF[kind], id if kind == "tenants" else _home(work, tenant), id)


def _to_change(work: Work, kind: Kinds, id: str, tenant: str | None) -> PartyKey:
    work.require("directory")
    party = _party(work, kind, id, tenant)
    check_tenant(work.caller, party.tenant)
    return party


def _membership(
    work: Work, user: str, tenant: str | None, group: str | None, role: str | None, group_tenant: str | None
) -> tuple[PartyKey, PartyKey]:
    """The user and the group or role, of tenants that the caller may change."""
    member = _to_change(work, "users", user, tenant)
    if group is not None and role is None:
        party = PartyKey("group", group_tenant or member.tenant, group)
    elif role is not None and group is None:
        party = PartyKey("role", group_tenant or member.tenant, role)
    else:
        raise BadInput("A membership names either a group or a role.", place="group", remedy="Give one of them.")
    check_tenant(work.caller, party.tenant)
    return member, party


def _tenants(incoming: Incoming) -> set[str]:
    """Every tenant that an import says anything of."""
    parties = [row.party() for row in incoming.profiles]
    parties += [party for row in incoming.memberships for party in (row.member(), row.party())]
    return {party.tenant for party in parties} | {tenant for tenant, *_ in incoming.complete}


def _shown(work: Work, directory: Directory, party: PartyKey) -> Standing | None:
    """How the party stands, as far as the caller may see."""
    looking = viewer(work.caller, work.now, "directory")
    found = standing(directory, party, work.now)
    if found is None or not sees(directory, looking, party, work.now, None):
        return None

    def seen(kind: Kind, belongings: tuple[Belonging, ...]) -> tuple[Belonging, ...]:
        keys = {one: PartyKey(kind, one.tenant, one.id) for one in belongings}
        return tuple(one for one, key in keys.items() if sees(directory, looking, key, work.now, None))

    return replace(found, groups=seen("group", found.groups), roles=seen("role", found.roles))


def _found(work: Work, directory: Directory, party: PartyKey) -> Standing:
    return _shown(work, directory, party) or _raise_nothing()


def _raise_nothing() -> NoReturn:
    raise nothing()


def _answered(one: Standing, response: Response) -> Party:
    response.headers["ETag"] = _tag(one)
    return _answer(one)


def _answer(one: Standing) -> Party:
    party = Party(kind=one.party.kind, tenant=one.party.tenant, id=one.party.id, name=one.name)
    if party.kind == "user":
        party.groups = [Belongs(**asdict(group)) for group in one.groups]
        party.roles = [Belongs(**asdict(role)) for role in one.roles]
    return party


def _tag(one: Standing | None) -> str:
    return etag(sha256(msgspec.json.encode(one)).hexdigest()[:24] if one else "none")


def _check_match(work: Work, known: Directory, party: PartyKey, given: str | None) -> None:
    check_match(given, _tag(_shown(work, known, party)))
