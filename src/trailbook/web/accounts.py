"""Accounts: who can sign in, as whom, and what for. Nobody gives, or changes, more than they have themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Response
from msgspec.structs import replace
from pydantic import BaseModel, Field, StringConstraints

from ..access import accounts
from ..access.decide import check_grant, check_tenant
from ..access.kept import ACCOUNTS, Found
from ..access.links import LINKS, make_link
from ..access.model import ROOT_ROLE, AccessRole, Account, seat_of_account
from ..access.own import Decided
from ..access.roles import find_role
from ..access.sessions import may_sign_in
from ..directory.viewer import Root, SelfScope
from ..errors import BadInput, NotAllowed
from ..event.model import DEFAULT_TENANT, PartyKey
from ..store.ports import Record
from .changed import (
    PREFIX,
    After,
    Given,
    IfMatch,
    Limit,
    Moment,
    Name,
    Tenant,
    Work,
    Working,
    check_match,
    etag,
    problems,
    until_kept,
)
from .entering import keep_ending
from .granting import ScopeGiven, end_of, every, find, listed, managed, period_of, scope_of, tenant_of
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/accounts", tags=["accounts"], route_class=Strict)

AccountId = Annotated[str, Path(max_length=64)]
SignInName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=accounts.LONGEST_NAME)]
Line = Annotated[str, Field(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
_NO_ROLE = AccessRole("", "", frozenset())


class UserGiven(Given):
    """Who the account is as an initiator and in the directory."""

    tenant: Name
    id: Name


class AccountChange(Given):
    """What shall be different; what is left out stays. `role` is the id of an access role, `scope` where it holds.

    `since` and `until` bound the events that are seen (half-open), `expires_at` ends the access. `issuer` and
    `subject` are of OpenID Connect.
    """

    name: SignInName = ""
    label: Line = ""
    role: Name = ""
    scope: ScopeGiven | None = None
    since: Moment | None = None
    until: Moment | None = None
    expires_at: Moment | None = None
    issuer: Line = ""
    subject: Line = ""
    disabled: bool = False


class AccountGiven(AccountChange):
    """An account to make; without a `user`, it is one of its own under the name to sign in with."""

    name: SignInName
    role: Name
    scope: ScopeGiven
    user: UserGiven | None = None


class User(BaseModel):
    """Who an account is."""

    tenant: str
    id: str


class AccountShown(BaseModel):
    """An account; of its secrets, only whether they are set."""

    id: str
    name: str
    label: str
    role: str
    scope: dict[str, Any]
    user: User
    since: datetime | None
    until: datetime | None
    expires_at: datetime | None
    issuer: str
    subject: str
    disabled: bool
    password: bool
    second_factor: bool
    created_at: datetime | None


class Link(BaseModel):
    """A one-time link's token, shown this once: who has it sets the account's password and is signed in."""

    token: str
    expires_at: datetime


class NewAccount(AccountShown):
    """An account that was just made, and the way in."""

    link: Link


class Accounts(BaseModel):
    """A page, by id; `next` is the `after` of the page that follows, if one does."""

    items: list[AccountShown]
    next: str | None = None


@router.get("", responses=problems())
def list_accounts(work: Working, tenant: Tenant = None, after: After = "", limit: Limit = 100) -> Accounts:
    """The accounts of the tenants whose access you manage, disabled ones included."""
    found, following = listed(work, ACCOUNTS, tenant, after, limit)
    return Accounts(items=[AccountShown(**shown(one.value)) for one in found], next=following)


@router.post("", status_code=201, responses=problems(409))
def create_account(work: Working, given: AccountGiven, response: Response) -> NewAccount:
    """Make an account. Nobody sets somebody else's password: hand on the one-time link."""
    managed(work)
    scope = scope_of(given.scope)
    user = PartyKey("user", tenant_of(scope) or DEFAULT_TENANT, given.name)
    if given.user is not None:
        user = PartyKey("user", given.user.tenant, given.user.id)
    made = Account(work.service.new_id(), given.name, given.role, scope, user)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return NewAccount(**keep_new(work, _changed(work, made, given), response))


@router.get("/{id}", responses=problems(404))
def get_account(work: Working, id: AccountId, response: Response) -> AccountShown:
    """An account, with an ETag for changing it."""
    found = find(work, ACCOUNTS, id)
    return _answer(found.value, found.record.version, response)


@router.patch("/{id}", responses=problems(404, 409, 412))
def change_account(
    work: Working, id: AccountId, given: AccountChange, response: Response, if_match: IfMatch = None
) -> AccountShown:
    """Change an account; what it may do changes at its next request."""
    was = find(work, ACCOUNTS, id)
    check_match(if_match, etag(was.record.version))
    account = _changed(work, was.value, given)
    if id == work.caller.id and (account.issuer, account.subject) != (was.value.issuer, was.value.subject):
        raise _your_own("Ask somebody else who manages access.")
    _keep(work, was, account)
    return _answer(account, was.record.version + (account != was.value), response)


@router.delete("/{id}", status_code=204, responses=problems(404, 409, 412))
def disable_account(work: Working, id: AccountId, if_match: IfMatch = None) -> None:
    """Disable an account: its sessions and links end at once. It stays, for what it did; PATCH enables it again."""

    def attempt() -> None:
        was = find(work, ACCOUNTS, id)
        check_match(if_match, etag(was.record.version))
        _keep(work, was, replace(was.value, disabled=True))

    until_kept(attempt)


@router.post("/{id}/link", status_code=201, responses=problems(404, 409))
def make_account_link(work: Working, id: AccountId) -> Link:
    """Make a one-time link, for somebody new or who forgot the password; the one before holds no longer."""
    was = _of_another(work, id, "Change your own password instead.")
    if not may_sign_in(was.value, work.now):
        raise BadInput("The account is disabled, or has expired.", place="id", remedy="Enable it first.")
    link, decided = _link(work, was)
    work.keep(decided.changed, decided.events)
    return link


@router.post("/{id}/otp/reset", status_code=204, responses=problems(404, 409))
def reset_second_factor(work: Working, id: AccountId) -> None:
    """Take the second factor away from who lost it. All its sessions end, and it sets up a new one."""
    was = _of_another(work, id, "Ask somebody else who manages access.")
    account = replace(was.value, otp="", otp_used=0)
    decided = accounts.change(work.service.store, was, account, work.doing)
    keep_ending(work.service, decided, lambda: accounts.sessions_of(work.service.store, id, work.now))


def check_account(work: Work, account: Account) -> None:
    """Raises NotAllowed if the account is more than its changer has, BadInput if its role is none of its tenant's."""
    role = find_role(work.service.store, account.role, work.now)
    tenant = tenant_of(account.scope)
    if role is None or role.tenant not in ("", tenant):
        raise BadInput("There is no such access role.", place="role", remedy="See GET /api/v1/access-roles.")
    check_grant(work.caller, seat_of_account(account, role))
    check_tenant(work.caller, account.user.tenant)
    if isinstance(account.scope, SelfScope) and (account.user.tenant, account.user.id) != (tenant, account.scope.user):
        raise BadInput("`self` is the account's own user.", place="scope", remedy="Name the same user in both.")


def keep_new(work: Work, account: Account, response: Response, also: Decided = Decided()) -> dict[str, Any]:  # noqa: B008
    """Check and keep a new account with a one-time link, and what else is to be kept; gives what is shown of it."""
    created = accounts.create(work.service.store, account, work.doing)
    made = next(ACCOUNTS.read(record) for record in created.changed if record.kind == ACCOUNTS.kind)
    link, linked = _link(work, Found(made.value, made.record))
    aliases = tuple(record for record in created.changed if record.kind != ACCOUNTS.kind)
    decided = Decided(aliases, (), created.events).also(linked).also(also)
    work.keep(decided.changed, decided.events)
    response.headers["ETag"] = etag(1)
    return {**shown(made.value), "link": link}


def shown(account: Account) -> dict[str, Any]:
    """What is shown of an account."""
    fields = {name: getattr(account, name) for name in AccountShown.model_fields if hasattr(account, name)}
    return fields | {
        "scope": msgspec.to_builtins(account.scope),
        "user": User(tenant=account.user.tenant, id=account.user.id),
        "password": bool(account.password),
        "second_factor": bool(account.otp),
    }


def _answer(account: Account, version: int, response: Response) -> AccountShown:
    response.headers["ETag"] = etag(version)
    return AccountShown(**shown(account))


def _changed(work: Work, account: Account, given: AccountChange) -> Account:
    """The account with what was given, checked. Raises as `check_account` does, and BadInput."""
    wanted: dict[str, Any] = {name: getattr(given, name) for name in given.model_fields_set - {"scope", "user"}}
    if given.scope is not None:
        wanted["scope"] = scope_of(given.scope)
    if given.expires_at is not None:
        wanted["expires_at"] = end_of(given.expires_at, work.now)
    account = replace(account, **wanted)
    since, until = period_of(account.since, account.until)
    account = replace(account, since=since, until=until)
    if bool(account.issuer) != bool(account.subject):
        raise BadInput("OpenID Connect needs both.", place="issuer", remedy="Give `issuer` and `subject`, or neither.")
    check_account(work, account)
    return account


def _keep(work: Work, was: Found[Account], account: Account) -> None:
    """Keep a changed account; one that is disabled loses sessions and links. Raises NotAllowed, Outdated."""
    store = work.service.store
    check_own(work, was.value)
    if account.disabled and not was.value.disabled:
        account = replace(account, links=account.links + 1)
    decided = accounts.change(store, was, account, work.doing)
    if decided.changed:
        decided = decided.also(Decided(_another_root(work, was.value, account)))
        ending = account.disabled
        keep_ending(work.service, decided, lambda: accounts.sessions_of(store, account.id, work.now) if ending else [])


def check_own(work: Work, account: Account) -> None:
    """Raises NotAllowed if the account has more than who wants to change it: it could be taken over."""
    role = find_role(work.service.store, account.role, work.now) or _NO_ROLE
    check_grant(work.caller, seat_of_account(account, role))
    check_tenant(work.caller, account.user.tenant)


def _of_another(work: Work, id: str, remedy: str) -> Found[Account]:
    """An account that is not the caller's own: what proves who they are is not changed by a session alone."""
    was = find(work, ACCOUNTS, id)
    if was.value.id == work.caller.id:
        raise _your_own(remedy)
    check_own(work, was.value)
    return was


def _your_own(remedy: str) -> NotAllowed:
    return NotAllowed("This is your own account.", place="id", remedy=remedy)


def _another_root(work: Work, was: Account, account: Account) -> tuple[Record, ...]:
    """If a root account is lost, another that is left; kept too, so that two cannot take each other away at once.

    Raises NotAllowed if there is none.
    """
    if not _lasts_as_root(was) or _lasts_as_root(account):
        return ()
    for other in every(work, ACCOUNTS, owner=""):
        if other.value.id != was.id and _lasts_as_root(other.value):
            return (ACCOUNTS.record(other.value, other),)
    raise NotAllowed("This is the last root account.", place="id", remedy="Make another one first.")


def _lasts_as_root(account: Account) -> bool:
    known = bool(account.password or account.subject)
    lasting = known and not account.disabled and (account.since, account.until, account.expires_at) == (None,) * 3
    return lasting and isinstance(account.scope, Root) and account.role == ROOT_ROLE.id


def _link(work: Work, was: Found[Account]) -> tuple[Link, Decided]:
    token, decided = make_link(was, work.doing, work.service.randomness)
    (made,) = (LINKS.read(record).value for record in decided.changed if record.kind == LINKS.kind)
    return Link(token=token, expires_at=made.expires_at), decided
