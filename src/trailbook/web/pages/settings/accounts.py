"""Accounts: who can sign in, making and changing them, one-time links, second factors, ending."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from ....access.kept import ACCOUNTS
from ....access.roles import find_role
from ....access.sessions import may_sign_in
from ....errors import TrailbookError
from ... import accounts, sessions
from ...changed import After
from ...granting import account_of_seat, find
from ...strict import Strict
from ..forms import Form, build
from ..screens import Visit, Visiting
from ..showing import segment
from ..wording import scope_in_words
from . import sections, words
from .choosing import roles_to_give
from .fields import REFUSED, Fields, blank, filled, lines, moment_of, typed, version_of
from .sections import Tenant, allowed, page, tenant_of

PATH = "/settings/accounts"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)

_LINE_FIELDS = ("name", "label", "role", "issuer", "subject")
_MOMENT_FIELDS = ("since", "until", "expires_at")
_SCOPE_FIELDS = ("scope", "tenant", "groups")
_PLACES = {"rights": "role", "hidden": "role", "access": "tenant", "id": "user"}


@router.get("")
def all_accounts(visit: Visiting, tenant: Tenant = "", after: After = "") -> Response:
    """The accounts, disabled ones included."""
    found = accounts.list_accounts(visit.work, tenant or None, after, sections.PAGE)
    rows = [_told(visit, one.id) for one in found.items]
    return page(
        visit, "settings/accounts.html", rows=rows, next=found.next, own=tenant_of(visit), tenant=tenant, after=after
    )


@router.get("/new")
def new_account(visit: Visiting) -> Response:
    """Where an account is made."""
    return _new(visit)


@router.post("")
def make_account(visit: Visiting) -> Response:
    """Make an account, and show its one-time link this once."""
    form = visit.form
    try:
        user = filled(id=form.one("user"), tenant=form.one("user_tenant") or form.one("tenant"))
        texts = filled(**{name: form.one(name) for name in _LINE_FIELDS})
        moments = filled(**{name: moment_of(visit, form.one(name), name) for name in _MOMENT_FIELDS})
        own_id = form.one("user") or form.one("name")
        given = {**texts, **moments, "scope": _scope(form, own_id), **({"user": user} if "id" in user else {})}
        made = accounts.create_account(visit.work, build(accounts.AccountGiven, given), Response())
    except REFUSED as wrong:
        return _new(visit, wrong)
    return link_page(visit, made.name, made.link, f"{PATH}/{segment(made.id)}", new=True)


@router.get("/{id}")
def one_account(visit: Visiting, id: accounts.AccountId) -> Response:
    """An account, and what can be done with it."""
    return _account(visit, id)


@router.post("/{id}")
def change_account(visit: Visiting, id: accounts.AccountId) -> Response:
    """Change an account, if it is still what the form was made of."""
    now = _fields(visit, accounts.get_account(visit.work, id, Response()))
    try:
        given = build(accounts.AccountChange, _given(visit, now, id))
        accounts.change_account(visit.work, id, given, Response(), visit.form.one("version"))
    except REFUSED as wrong:
        return _account(visit, id, wrong)
    return visit.go(f"{PATH}/{segment(id)}", visit.gettext("Saved."))


@router.post("/{id}/disable")
def disable_account(visit: Visiting, id: accounts.AccountId) -> Response:
    """Disable an account, with its sessions and links."""
    try:
        accounts.disable_account(visit.work, id, visit.form.one("version"))
    except REFUSED as wrong:
        return _account(visit, id, wrong, sent=False)
    return visit.go(f"{PATH}/{segment(id)}", visit.gettext("The account is disabled, and signed out everywhere."))


@router.post("/{id}/enable")
def enable_account(visit: Visiting, id: accounts.AccountId) -> Response:
    """Enable an account that was disabled."""
    try:
        given = accounts.AccountChange(disabled=False)
        accounts.change_account(visit.work, id, given, Response(), visit.form.one("version"))
    except REFUSED as wrong:
        return _account(visit, id, wrong, sent=False)
    return visit.go(f"{PATH}/{segment(id)}", visit.gettext("The account is enabled."))


@router.post("/{id}/link")
def make_link(visit: Visiting, id: accounts.AccountId) -> Response:
    """Make a one-time link, and show it this once."""
    try:
        link = accounts.make_account_link(visit.work, id)
    except REFUSED as wrong:
        return _account(visit, id, wrong, sent=False)
    return link_page(visit, find(visit.work, ACCOUNTS, id).value.name, link, f"{PATH}/{segment(id)}")


@router.post("/{id}/second-factor")
def reset_second_factor(visit: Visiting, id: accounts.AccountId) -> Response:
    """Take a second factor away that was lost."""
    try:
        accounts.reset_second_factor(visit.work, id)
    except REFUSED as wrong:
        return _account(visit, id, wrong, sent=False)
    said = visit.gettext("The second factor is taken away. A new one is set up at the next sign-in.")
    return visit.go(f"{PATH}/{segment(id)}", said)


def link_page(visit: Visit, name: str, link: accounts.Link, path: str, *, new: bool = False) -> Response:
    """The page that shows a one-time link, this once; `path` is where its account or seat is."""
    address = f"{visit.service.settings.address}/sign-in#{link.token}"
    return page(visit, "settings/link.html", name=name, address=address, until=link.expires_at, path=path, new=new)


def _new(visit: Visit, wrong: TrailbookError | None = None) -> Response:
    own = tenant_of(visit)
    empty = blank(
        *_LINE_FIELDS, *_MOMENT_FIELDS, "groups", "user", "user_tenant", tenant=own, role="reader", scope="tenant"
    )
    fields = Fields(empty | {"role": "reader"}, visit.form if wrong else None, wrong, _PLACES)
    return page(
        visit, "settings/account_new.html", wrong=wrong, own=own, fields=fields,
        roles=roles_to_give(visit), scopes=words.scopes(visit, own),
    )  # fmt: skip


def _account(visit: Visit, id: str, wrong: TrailbookError | None = None, *, sent: bool = True) -> Response:
    shown, version = version_of(accounts.get_account, visit, id)
    told, own = _told(visit, id), tenant_of(visit)
    fields = Fields(_fields(visit, shown), visit.form if wrong and sent else None, wrong, _PLACES)
    return page(
        visit, "settings/account.html", wrong=wrong, shown=shown, version=version, fields=fields, own=own,
        **told,
        mine=id == visit.caller.id,
        may_change=allowed(accounts.check_own, visit.work, told["account"]),
        roles=roles_to_give(visit, shown.role, told["role"]),
        scopes=words.scopes(visit, own),
        signed_in=sessions.list_sessions(visit.work, id).items,
    )  # fmt: skip


def _told(visit: Visit, id: str) -> dict[str, Any]:
    """What a list tells of an account beside its fields."""
    account = find(visit.work, ACCOUNTS, id).value
    role = find_role(visit.service.store, account.role, visit.work.now)
    return {
        "account": account,
        "role": role.name if role else account.role,
        "seat": role is not None and account_of_seat(role) != "",
        "scope": scope_in_words(visit, account.scope),
        "over": not account.disabled and not may_sign_in(account, visit.work.now),
        "known": bool(account.password or account.subject),
    }


def _fields(visit: Visit, account: accounts.AccountShown) -> dict[str, Any]:
    """An account as it stands in the fields of its form."""
    return {
        **{name: getattr(account, name) for name in _LINE_FIELDS},
        **{name: typed(visit, getattr(account, name)) for name in _MOMENT_FIELDS},
        "scope": account.scope["type"],
        "tenant": account.scope.get("tenant", ""),
        "groups": "\n".join(account.scope.get("groups", ())),
    }


def _given(visit: Visit, now: dict[str, Any], id: str) -> dict[str, Any]:
    """What is different in the form; what is not keeps what a field does not show, such as seconds."""
    form = visit.form
    given: dict[str, Any] = {name: form.one(name) for name in _LINE_FIELDS if form.one(name) != now[name].strip()}
    for name in _MOMENT_FIELDS:
        if form.one(name) != now[name]:
            given[name] = moment_of(visit, form.one(name), name)
    if any(lines(form.one(name)) != lines(now[name]) for name in _SCOPE_FIELDS):
        given["scope"] = _scope(form, find(visit.work, ACCOUNTS, id).value.user.id)
    return given


def _scope(form: Form, user: str) -> dict[str, Any]:
    """The scope that the form says, as the API takes it; `user`: who the account is."""
    type_ = form.one("scope")
    given: dict[str, Any] = {"type": type_}
    if type_ != "root":
        given |= filled(tenant=form.one("tenant"))
    if type_ == "groups":
        given |= {"groups": lines(form.one("groups"))}
    if type_ == "self":
        given |= {"user": user}
    return given
