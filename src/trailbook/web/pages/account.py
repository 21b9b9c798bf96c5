"""One's own account: what it may do, its password, its second factor, where it is signed in."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from ...access.roles import find_role
from ...errors import BadInput, NotSignedIn, TooMuch, TrailbookError
from .. import sessions, signing_in
from ..changed import Given
from ..entering import account_of
from ..strict import Strict
from .forms import build
from .screens import Visit, Visiting
from .settings.words import RIGHTS
from .sign_in import chosen
from .wording import scope_in_words

router = APIRouter(prefix="/account", include_in_schema=False, route_class=Strict)

_PATH = "/account"


class PasswordForm(Given):
    """The password that holds, and the one that shall, twice."""

    old: signing_in.Password = ""
    password: signing_in.Password = ""
    again: signing_in.Password = ""


class SessionForm(Given):
    """A session, by its id."""

    id: str = Field(min_length=1, max_length=64)


@router.get("")
def account(visit: Visiting) -> Response:
    """Who one is here."""
    return _account(visit)


@router.post("/password")
async def change_password(visit: Visiting) -> Response:
    """Change one's own password."""
    response = visit.go(_PATH, visit.gettext("Your password is changed. You are signed out everywhere else."))
    try:
        form = visit.form.read(PasswordForm)
        given = build(signing_in.ChangePassword, {"old": form.old, "new": chosen(form.password, form.again)})
        await signing_in.change_password(given=given, asking=visit.caller, request=visit.request, response=response)
    except (BadInput, NotSignedIn, TooMuch) as wrong:
        return _account(visit, wrong)
    return response


@router.post("/sessions/end")
def end_session(visit: Visiting) -> Response:
    """End one of one's own sessions."""
    sessions.end_session(visit.work, visit.form.read(SessionForm).id)
    return visit.go(_PATH, visit.gettext("The session has ended."))


@router.post("/sessions/end-others")
def end_sessions(visit: Visiting) -> Response:
    """End all of one's own sessions but this one."""
    sessions.end_sessions(visit.work)
    return visit.go(_PATH, visit.gettext("You are signed out everywhere else."))


def _account(visit: Visit, wrong: TrailbookError | None = None) -> Response:
    found = account_of(visit.service, visit.caller)[0].value
    role = find_role(visit.service.store, found.role, visit.work.now)
    seat = visit.caller.seat
    return visit.page(
        "account.html",
        wrong=wrong,
        account=found,
        role=role.name if role else found.role,
        seat=seat,
        scope=scope_in_words(visit, seat.scope),
        allowed=[visit.gettext(label) for right, (label, _) in RIGHTS.items() if right in seat.rights],
        sessions=sorted(sessions.list_sessions(visit.work).items, key=lambda one: (one.own, one.seen_at), reverse=True),
    )
