"""Keys for programs: which there are, making one, whose text is shown this once, and revoking one."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from ....access.kept import ACCOUNTS
from ....access.keys import new_id
from ....errors import NotThere, Outdated, TrailbookError
from ... import keys
from ...changed import After
from ...granting import find
from ...strict import Strict
from ..forms import build
from ..screens import Visit, Visiting
from . import sections, words
from .fields import REFUSED, Fields, blank, filled, lines, moment_of
from .sections import Tenant, page, tenant_of

router = APIRouter(prefix="/settings/keys", include_in_schema=False, route_class=Strict)


@router.get("")
def all_keys(visit: Visiting, tenant: Tenant = "", after: After = "") -> Response:
    """The keys, revoked ones included."""
    found = keys.list_keys(visit.work, tenant or None, after, sections.PAGE)
    makers = {one.created_by: _name(visit, one.created_by) for one in found.items}
    now = visit.work.now
    ended = {one.id for one in found.items if one.expires_at is not None and one.expires_at <= now}
    return page(
        visit, "settings/keys.html", own=tenant_of(visit), tenant=tenant, after=after, found=found,
        makers=makers, ended=ended, uses=words.USES, labels=words.labels,
    )  # fmt: skip


@router.get("/new")
def new_key(visit: Visiting) -> Response:
    """Where a key is made."""
    return _form(visit)


class MakingKey(keys.KeyGiven):
    """A key to make; its id was chosen with the form, so that loading the answer again does not make another."""

    id: str = Field("", pattern=r"^([a-z2-7]{8})?$")


@router.post("")
def make_key(visit: Visiting) -> Response:
    """Make a key, and show its text this once."""
    form = visit.form
    try:
        given = filled(
            id=form.one("id"),
            name=form.one("name"),
            tenant=form.one("tenant"),
            applications=lines(form.one("applications")),
            hidden=form.all("hidden"),
            expires_at=moment_of(visit, form.one("expires_at"), "expires_at"),
        )
        asked = build(MakingKey, given | {"uses": form.all("uses")})
        made = keys.make(visit.work, asked, asked.id)
    except Outdated:
        return visit.go("/settings/keys", visit.gettext("This key is made already, and its text was shown once."))
    except REFUSED as wrong:
        return _form(visit, wrong)
    return page(visit, "settings/key_made.html", made=made, address=visit.service.settings.address)


@router.post("/{id}/revoke")
def revoke(visit: Visiting, id: keys.KeyId) -> Response:
    """Revoke a key."""
    keys.revoke_key(visit.work, id)
    return visit.go("/settings/keys", visit.gettext("The key is revoked: its next request is refused."))


def _form(visit: Visit, wrong: TrailbookError | None = None) -> Response:
    own = tenant_of(visit)
    empty = blank("name", "uses", "applications", "hidden", "expires_at", tenant=own)
    fields = Fields(empty, visit.form if wrong else None, wrong, {"rights": "uses"})
    return page(
        visit, "settings/key_new.html", wrong=wrong, own=own, fields=fields, id=new_id(visit.service.randomness),
        uses=words.uses(), columns=words.columns(),
    )  # fmt: skip


def _name(visit: Visit, id: str) -> str:
    """The name of the account that made a key, as far as the visitor manages it; empty: they do not."""
    try:
        return find(visit.work, ACCOUNTS, id).value.name
    except NotThere:
        return ""
