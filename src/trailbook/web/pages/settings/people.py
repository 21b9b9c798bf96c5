"""The directory: who there is, who they were over time, and saying who belongs to what."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from ....access.decide import check_tenant, viewer
from ....access.own import home
from ....directory.visible import visible_history, visible_members
from ....errors import BadInput, Mismatch, TrailbookError
from ....event.model import PartyKey
from ... import directory
from ...changed import After, Given, etag
from ...directory import KIND_OF, Kinds
from ...strict import Strict
from ..forms import build
from ..language import marked as _
from ..screens import Visit, Visiting
from ..showing import url, url_of_party
from . import sections
from .fields import REFUSED, Fields, blank, filled, lines, moment_of, version_of
from .sections import Tenant, allowed, page

PATH = "/settings/directory"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)

KINDS: tuple[Kinds, ...] = get_args(Kinds)
HEADINGS = {"users": _("Users"), "groups": _("Groups"), "roles": _("Roles"), "tenants": _("Tenants")}
SINGLE = {"users": _("User"), "groups": _("Group"), "roles": _("Role"), "tenants": _("Tenant")}
NEW = {"users": _("New user"), "groups": _("New group"), "roles": _("New role"), "tenants": _("New tenant")}
_MEMBER_FIELDS = ("belongs_to", "member_of", "group_tenant", "valid_from", "valid_to")
_PLACES = {"group": "member_of", "role": "member_of", "access": "group_tenant"}

Find = Annotated[str, Query(max_length=1024)]


class Entry(Given):
    """Whom a page or a form is about."""

    kind: Kinds
    tenant: str = Field("", max_length=1024)
    id: str = Field(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")

    def party(self, visit: Visit) -> PartyKey:
        """The same as in events."""
        tenant = self.id if self.kind == "tenants" else self.tenant or home(visit.caller)
        return PartyKey(KIND_OF[self.kind], tenant, self.id)


@router.get("")
def entries(
    visit: Visiting, kind: Kinds = "users", tenant: Tenant = "", find: Find = "", after: After = ""
) -> Response:
    """Who there is now, of one kind."""
    where = tenant or _usual(visit)
    found = directory.list_parties(visit.work, kind, where, after, sections.PAGE, find)
    may_change = allowed(check_tenant, visit.caller, where if kind != "tenants" else tenant)
    return page(
        visit, "settings/directory.html", found=found, kind=kind, kinds=HEADINGS, tenant=where, find=find, after=after,
        news=NEW, may_change=may_change, own=_own(visit),
    )  # fmt: skip


@router.get("/new")
def new_entry(visit: Visiting, kind: Kinds = "users", tenant: Tenant = "") -> Response:
    """Where a user, group, role or tenant is made."""
    visit.work.require("directory")
    return _new(visit, kind, tenant or home(visit.caller))


@router.post("")
def make_entry(visit: Visiting) -> Response:
    """Make somebody who is not there."""
    form = visit.form
    kind = build(Entry, {"kind": form.one("kind"), "id": "-"}).kind
    try:
        entry = build(Entry, filled(kind=kind, id=form.one("id"), tenant=form.one("tenant")))
        belongs = {name: lines(form.one(name)) for name in ("groups", "roles")} if kind == "users" else {}
        given = build(directory.PartyGiven, filled(name=form.one("name"), **belongs))
        # That nobody is there yet is what the form was made of.
        directory.put_party(visit.work, Response(), kind, entry.id, given, entry.tenant or None, etag("none"))
    except Mismatch:
        there = BadInput(_("There is one of this ID already."), place="id", remedy=_("Change that one instead."))
        return _new(visit, kind, form.one("tenant"), there)
    except REFUSED as wrong:
        return _new(visit, kind, form.one("tenant"), wrong)
    return visit.go(_address(entry), visit.gettext("It is in the directory now."))


@router.get("/entry")
def one_entry(visit: Visiting, entry: Annotated[Entry, Query()]) -> Response:
    """Who somebody is and was, and to what they belong."""
    return _entry(visit, entry)


@router.post("/entry")
def change_entry(visit: Visiting) -> Response:
    """Give another name."""
    entry = _meant(visit)
    try:
        given = build(directory.PartyGiven, {"name": visit.form.one("name")})
        version = visit.form.one("version")
        directory.put_party(visit.work, Response(), entry.kind, entry.id, given, entry.tenant or None, version)
    except REFUSED as wrong:
        return _entry(visit, entry, wrong)
    return visit.go(_address(entry), visit.gettext("Saved. Events keep the name of their time."))


@router.post("/entry/end")
def end_entry(visit: Visiting) -> Response:
    """End somebody now, with their memberships."""
    entry = _meant(visit)
    try:
        directory.delete_party(visit.work, entry.kind, entry.id, entry.tenant or None, visit.form.one("version"))
    except REFUSED as wrong:
        return _entry(visit, entry, wrong, sent=False)
    said = visit.gettext("Ended in the directory. Events keep what they say.")
    return visit.go(url(PATH, kind=entry.kind, tenant=entry.tenant), said)


@router.post("/memberships")
def add_membership(visit: Visiting) -> Response:
    """Let a user belong to a group or role."""
    entry, form = _meant(visit), visit.form
    try:
        given = filled(
            user=entry.id, tenant=entry.tenant, group_tenant=form.one("group_tenant"),
            valid_from=moment_of(visit, form.one("valid_from"), "valid_from"),
            valid_to=moment_of(visit, form.one("valid_to"), "valid_to"),
        )  # fmt: skip
        given["role" if form.one("belongs_to") == "role" else "group"] = form.one("member_of")
        directory.add_membership(visit.work, build(directory.MembershipGiven, given))
    except REFUSED as wrong:
        return _entry(visit, entry, wrong)
    return visit.go(_address(entry), visit.gettext("Saved."))


@router.post("/memberships/end")
def end_membership(visit: Visiting) -> Response:
    """End a user's membership now."""
    entry, form = _meant(visit), visit.form
    party = {form.one("belongs_to"): form.one("member_of")}
    try:
        directory.end_membership(
            visit.work, entry.id, entry.tenant or None, party.get("group"), party.get("role"),
            form.one("group_tenant") or None,
        )  # fmt: skip
    except REFUSED as wrong:
        return _entry(visit, entry, wrong, sent=False)
    return visit.go(_address(entry), visit.gettext("The membership has ended."))


def _meant(visit: Visit) -> Entry:
    """Whom a form is about."""
    form = visit.form
    return build(Entry, filled(kind=form.one("kind"), tenant=form.one("tenant"), id=form.one("id")))


def _address(entry: Entry) -> str:
    return url(f"{PATH}/entry", **entry.model_dump())


def _own(visit: Visit) -> str:
    """The tenant that the visitor manages; empty: several."""
    return getattr(visit.caller.seat.scope, "tenant", "")


def _usual(visit: Visit) -> str:
    """Whose entries are shown first: those of one's own tenant or, for who sees all, of the first that has any."""
    own = home(visit.caller)
    if _own(visit):
        return own
    tenants = {one.tenant for one in visit.service.directory().profiles}
    return own if own in tenants else min(tenants, default=own)


def _new(visit: Visit, kind: Kinds, tenant: str, wrong: TrailbookError | None = None) -> Response:
    empty = blank("id", "name", "groups", "roles", tenant=tenant)
    fields = Fields(empty, visit.form if wrong else None, wrong, {"access": "id" if kind == "tenants" else "tenant"})
    return page(
        visit, "settings/directory_new.html", wrong=wrong, kind=kind, heading=NEW[kind], fields=fields,
        own=_own(visit), tenant=tenant,
    )  # fmt: skip


def _entry(visit: Visit, entry: Entry, wrong: TrailbookError | None = None, *, sent: bool = True) -> Response:
    def read(work: Any, id: str, response: Response) -> directory.Party:
        return directory.get_party(work, response, entry.kind, id, entry.tenant or None)

    found, version = version_of(read, visit, entry.id)
    work, party = visit.work, entry.party(visit)
    looking, known = viewer(work.caller, work.now, "directory"), work.service.directory()
    members = [(one, known.name_at(one, work.now) or "") for one in visible_members(known, looking, party, work.now)]
    fields = Fields(
        blank(*_MEMBER_FIELDS, name=found.name, belongs_to="group"),
        visit.form if wrong and sent else None,
        wrong,
        _PLACES,
    )
    return page(
        visit, "settings/directory_entry.html", wrong=wrong, entry=entry, found=found, version=version, fields=fields,
        history=visible_history(known, looking, party, work.now),
        members=members[: sections.PAGE],
        more=max(0, len(members) - sections.PAGE),
        may_change=allowed(check_tenant, visit.caller, party.tenant),
        single=SINGLE[entry.kind],
        kinds=HEADINGS,
        events=url_of_party(*party) if "view" in visit.caller.seat.rights else "",
        home=party.tenant,
        now=work.now,
        of={"kind": entry.kind, "tenant": entry.tenant, "id": entry.id},
    )  # fmt: skip
