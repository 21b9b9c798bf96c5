"""Sessions: where one is signed in oneself, or where an account is that one manages; ending them."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from ....access.kept import ACCOUNTS
from ... import sessions
from ...changed import After, Given
from ...granting import find
from ...strict import Strict
from ..screens import Visit, Visiting
from ..showing import segment, url
from . import sections
from .sections import page

PATH = "/settings/sessions"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)


class OfAccount(Given):
    """An account by its id; none: one's own."""

    account: str = Field("", max_length=64)


class OneSession(OfAccount):
    """A session by its id."""

    id: str = Field(min_length=1, max_length=64)


@router.get("")
def own_sessions(visit: Visiting, after: After = "") -> Response:
    """Where one is signed in."""
    found = sessions.list_sessions(visit.work, None, after, sections.PAGE)
    return page(visit, "settings/sessions.html", found=found, after=after)


@router.post("/end")
def end_session(visit: Visiting) -> Response:
    """End one session."""
    form = visit.form.read(OneSession)
    sessions.end_session(visit.work, form.id)
    return _back(visit, form.account, visit.gettext("The session has ended."))


@router.post("/end-all")
def end_sessions(visit: Visiting) -> Response:
    """End all sessions of an account, or all of one's own but this one."""
    account = visit.form.read(OfAccount).account
    sessions.end_sessions(visit.work, account or None)
    return _back(visit, account, visit.gettext("The sessions have ended."))


def _back(visit: Visit, account: str, said: str) -> Response:
    if not account:
        return visit.go(PATH, said)
    return visit.go(url(f"/settings/accounts/{segment(find(visit.work, ACCOUNTS, account).value.id)}"), said)
