"""Auditors' seats: who reads, for a while and within bounds; making one, and ending it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ....errors import TrailbookError
from ... import accounts, seats
from ...changed import After
from ...strict import Strict
from ..forms import build
from ..screens import Visit, Visiting
from . import sections, words
from .accounts import link_page
from .fields import REFUSED, Fields, blank, filled, moment_of
from .sections import Tenant, page, tenant_of

PATH = "/settings/seats"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)


@router.get("")
def all_seats(visit: Visiting, tenant: Tenant = "", after: After = "") -> Response:
    """The seats, ended ones included."""
    return _list(visit, tenant, after)


@router.get("/new")
def new_seat(visit: Visiting) -> Response:
    """Where a seat is made."""
    return _new(visit)


@router.post("")
def make_seat(visit: Visiting) -> Response:
    """Make a seat, and show its one-time link this once."""
    form = visit.form
    try:
        moments = {name: moment_of(visit, form.one(name), name) for name in ("since", "until", "expires_at")}
        given = filled(**{name: form.one(name) for name in ("name", "label", "tenant")}, **moments)
        given |= {"hidden": form.all("hidden"), "export": form.one("export") == "on"}
        made = seats.create_seat(visit.work, build(seats.SeatGiven, given), Response())
    except REFUSED as wrong:
        return _new(visit, wrong)
    return link_page(visit, made.name, made.link, PATH, new=True)


@router.post("/{id}/end")
def end_seat(visit: Visiting, id: accounts.AccountId) -> Response:
    """End a seat at once."""
    try:
        seats.end_seat(visit.work, id)
    except REFUSED as wrong:
        return _list(visit, "", "", wrong)
    return visit.go(PATH, visit.gettext("The seat has ended, with its sessions and links."))


@router.post("/{id}/link")
def make_link(visit: Visiting, id: accounts.AccountId) -> Response:
    """Make a one-time link for who sits there, and show it this once."""
    try:
        name = seats.get_seat(visit.work, id).name
        link = accounts.make_account_link(visit.work, id)
    except REFUSED as wrong:
        return _list(visit, "", "", wrong)
    return link_page(visit, name, link, PATH)


def _list(visit: Visit, tenant: str, after: str, wrong: TrailbookError | None = None) -> Response:
    found = seats.list_seats(visit.work, tenant or None, after, sections.PAGE)
    now = visit.work.now
    over = {one.id for one in found.items if one.disabled or (one.expires_at is not None and one.expires_at <= now)}
    return page(
        visit, "settings/seats.html", wrong=wrong, found=found, over=over, own=tenant_of(visit), tenant=tenant,
        after=after, labels=words.labels,
    )  # fmt: skip


def _new(visit: Visit, wrong: TrailbookError | None = None) -> Response:
    own = tenant_of(visit)
    empty = blank("name", "label", "hidden", "since", "until", "expires_at", tenant=own, export=("on",))
    fields = Fields(empty, visit.form if wrong else None, wrong, {"rights": "export", "access": "tenant"})
    return page(visit, "settings/seat_new.html", wrong=wrong, own=own, fields=fields, columns=words.columns())
