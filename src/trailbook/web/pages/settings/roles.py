"""Access roles: which there are and what they allow, making, changing and taking away one's own."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from ....access.model import AccessRole
from ....errors import TrailbookError
from ... import roles
from ...changed import After
from ...strict import Strict
from ..forms import build
from ..screens import Visit, Visiting
from ..showing import segment
from . import sections, words
from .fields import REFUSED, Fields, blank, filled, version_of
from .sections import Tenant, allowed, page, tenant_of

PATH = "/settings/access-roles"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)


@router.get("")
def all_roles(visit: Visiting, tenant: Tenant = "", after: After = "") -> Response:
    """The access roles: those that everybody has, and those that were made."""
    found = roles.list_roles(visit.work, tenant or None, after, sections.PAGE)
    own = tenant_of(visit)
    return page(
        visit, "settings/roles.html", found=found, own=own, tenant=tenant, after=after,
        rights=words.RIGHTS, labels=words.labels,
    )  # fmt: skip


@router.get("/new")
def new_role(visit: Visiting) -> Response:
    """Where a role is made."""
    return _new(visit)


@router.post("")
def make_role(visit: Visiting) -> Response:
    """Make a role."""
    try:
        given = filled(tenant=visit.form.one("tenant")) | _given(visit) | filled(name=visit.form.one("name"))
        made = roles.create_role(visit.work, build(roles.RoleGiven, given), Response())
    except REFUSED as wrong:
        return _new(visit, wrong)
    return visit.go(f"{PATH}/{segment(made.id)}", visit.gettext("The access role is made. Accounts can have it now."))


@router.get("/{id}")
def one_role(visit: Visiting, id: roles.RoleId) -> Response:
    """A role; of one that may be changed, where that is done."""
    return _role(visit, id)


@router.post("/{id}")
def change_role(visit: Visiting, id: roles.RoleId) -> Response:
    """Change a role, if it is still what the form was made of."""
    try:
        given = build(roles.RoleChange, {"name": visit.form.one("name"), **_given(visit)})
        roles.change_role(visit.work, id, given, Response(), visit.form.one("version"))
    except REFUSED as wrong:
        return _role(visit, id, wrong)
    return visit.go(f"{PATH}/{segment(id)}", visit.gettext("Saved. What its accounts may do has changed at once."))


@router.post("/{id}/delete")
def delete_role(visit: Visiting, id: roles.RoleId) -> Response:
    """Take a role away that no account has."""
    try:
        roles.delete_role(visit.work, id, visit.form.one("version"))
    except REFUSED as wrong:
        return _role(visit, id, wrong, sent=False)
    return visit.go(PATH, visit.gettext("The access role is taken away."))


def _given(visit: Visit) -> dict[str, Any]:
    return {"rights": visit.form.all("rights"), "hidden": visit.form.all("hidden")}


def _new(visit: Visit, wrong: TrailbookError | None = None) -> Response:
    own = tenant_of(visit)
    empty = blank("name", "hidden", tenant=own, rights=("view",))
    fields = Fields(empty, visit.form if wrong else None, wrong)
    return page(
        visit, "settings/role_new.html", wrong=wrong, own=own, fields=fields,
        all_rights=words.rights(), columns=words.columns(),
    )  # fmt: skip


def _role(visit: Visit, id: str, wrong: TrailbookError | None = None, *, sent: bool = True) -> Response:
    role, version = version_of(roles.get_role, visit, id)
    kept = AccessRole(role.id, role.name, frozenset(role.rights), frozenset(role.hidden), role.tenant)
    may_change = not role.shipped and allowed(roles.check_role, visit.work, kept)
    fields = Fields(role.model_dump(), visit.form if wrong and sent else None, wrong)
    return page(
        visit, "settings/role.html", wrong=wrong, role=role, version=version, fields=fields, may_change=may_change,
        rights=words.RIGHTS, labels=words.labels, all_rights=words.rights(), columns=words.columns(),
    )  # fmt: skip
