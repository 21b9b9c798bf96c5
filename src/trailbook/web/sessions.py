"""Sessions: who is signed in from where, one's own or those of accounts one manages; and ending them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from ..access.accounts import user_target
from ..access.decide import check_seat
from ..access.kept import ACCOUNTS, SESSIONS
from ..access.model import Session
from ..access.own import Decided
from ..access.sessions import holds
from ..event.model import Reference
from ..store.ports import Record
from .changed import PREFIX, After, Limit, Work, Working, nothing, problems
from .entering import keep_ending
from .granting import cut, find
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/sessions", tags=["sessions"], route_class=Strict)

Of = Annotated[str | None, Query(max_length=64, description="An account whose access you manage; yours if left out.")]


class SessionShown(BaseModel):
    """A session; `own`: the one that asks."""

    id: str
    account: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    second_factor: bool
    ip: str
    user_agent: str
    own: bool


class Sessions(BaseModel):
    """A page, by id; `next` is the `after` of the page that follows, if one does."""

    items: list[SessionShown]
    next: str | None = None


@router.get("", responses=problems(404))
def list_sessions(work: Working, account: Of = None, after: After = "", limit: Limit = 100) -> Sessions:
    """Your own sessions, or those of an account whose access you manage."""
    id = _account(work, account)
    found, following = cut(SESSIONS.all(work.service.store, work.now, owner=id, after=after, limit=limit + 1), limit)
    idle = timedelta(minutes=work.service.settings.idle_minutes)
    items = [_shown(work, one.value) for one in found if holds(one.value, work.now, idle)]
    return Sessions(items=items, next=following)


@router.delete("", status_code=204, responses=problems(404, 409))
def end_sessions(work: Working, account: Of = None) -> None:
    """End all sessions of yours but the one that asks, or all of an account whose access you manage."""
    _end(work, _account(work, account), "")


@router.delete("/{id}", status_code=204, responses=problems(404, 409))
def end_session(work: Working, id: Annotated[str, Path(min_length=1, max_length=64)]) -> None:
    """End a session; at its next request, nobody is signed in there."""
    check_seat(work.caller, work.now)
    found = SESSIONS.find(work.service.store, id, work.now)
    # Of a session that is not there, nobody's account is looked up: it answers, and takes as long, as somebody else's.
    _end(work, _account(work, found.value.account if found else ""), id)


def _account(work: Work, id: str | None) -> str:
    """The account whose sessions it is about: the caller's own, or one that they manage. Raises NotThere."""
    check_seat(work.caller, work.now)
    if id is None or (id == work.caller.id and work.caller.kind == "account"):
        return work.caller.id
    if "access" not in work.caller.seat.rights:
        raise nothing()
    return find(work, ACCOUNTS, id).value.id


def _end(work: Work, account: str, id: str) -> None:
    """End one session of the account, or all but the one that asks; an event if there are any."""

    def ending() -> list[Record]:
        found = SESSIONS.all(work.service.store, work.now, owner=account)
        return [one.record for one in found if (one.value.id == id if id else not _is_own(work, one.value))]

    count = len(ending())
    owner = ACCOUNTS.find(work.service.store, account, work.now)
    if count and owner is not None:
        event = work.event(
            "sessions",
            "revoke",
            tenant=owner.value.user.tenant,
            targets=(user_target(owner.value),),
            related=(Reference("account", account, owner.value.name),),
            data={"sessions": count},
        )
        keep_ending(work.service, Decided(events=(event,)), ending)


def _is_own(work: Work, session: Session) -> bool:
    return work.caller.session is not None and work.caller.session.id == session.id


def _shown(work: Work, session: Session) -> SessionShown:
    return SessionShown(
        id=session.id,
        account=session.account,
        created_at=session.created_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        second_factor=session.proven,
        ip=session.ip,
        user_agent=session.user_agent,
        own=_is_own(work, session),
    )
