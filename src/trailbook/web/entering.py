"""What every way of signing in ends with: a new session and its cookie, or a failure that is told the same way."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
from anyio.to_thread import run_sync
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from ..access.kept import ACCOUNTS, SESSIONS, Found
from ..access.model import Account, Caller, Session
from ..access.own import Decided, Doing
from ..access.roles import find_role
from ..access.sessions import LONGEST_TOKEN, caller_of_session, make_session, session_ended, token_id
from ..access.signing import failed_event, failed_unknown_event, session_event
from ..access.throttle import unknown_name
from ..errors import NotAllowed, NotSignedIn, Outdated, StoreError
from ..store.ports import Record
from .callers import COOKIE
from .changed import until_kept
from .service import Service, origin_of, service_of

T = TypeVar("T")

LONGEST_PATH = 4_000
"""Characters of a path to go to after signing in."""


class Person(BaseModel):
    """Who is asking: an account in a session, or a key."""

    kind: Literal["account", "key"]
    id: str
    name: str
    tenant: str
    user: str


class Place(BaseModel):
    """What they may see and do."""

    scope: dict[str, Any]
    rights: list[str]
    hidden: list[str]
    applications: list[str]
    since: datetime | None
    until: datetime | None
    expires_at: datetime | None


class WhoIs(BaseModel):
    """Who is asking and what they may do; `second_factor` is what is still asked of them.

    `csrf` goes into the header X-CSRF-Token of every request that changes something; it is empty for a key.
    """

    account: Person
    seat: Place
    second_factor: Literal["none", "give", "set_up"]
    csrf: str
    expires_at: datetime | None


class Entering(NamedTuple):
    """A request to sign in: the service, the request, and who does it (nobody known yet)."""

    service: Service
    request: Request
    doing: Doing


def apart(endpoint: Callable[..., T]) -> Callable[..., Coroutine[Any, Any, T]]:
    """The endpoint, which takes its `request`, in the threads for signing in and out."""

    @wraps(endpoint)
    async def run(**given: Any) -> T:
        return await run_sync(partial(endpoint, **given), limiter=service_of(given["request"]).entering)

    return run


def entering(request: Request, caller: Caller | None = None) -> Entering:
    """What a request does, at the moment that it is now."""
    service = service_of(request)
    return Entering(service, request, Doing(caller, origin_of(request), service.clock(), service.new_id))


def enter(
    at: Entering,
    response: Response,
    account: Account,
    *,
    proven: bool,
    how: str,
    decide: Callable[[Doing], Decided] = lambda doing: Decided(),
    ends: Callable[[], list[Record]] = list,
) -> WhoIs:
    """Begin a session of the account and give its cookie to the response; the session that was there before ends.

    Kept with it is what `decide` makes of who it is now known to be; what `ends` gives is taken away.
    Raises NotSignedIn if the account may not sign in, Outdated, StoreError.
    """
    service, doing = at.service, at.doing
    lasts = timedelta(hours=service.settings.session_hours)
    token, session = make_session(account, doing.origin, doing.at, service.randomness, lasts=lasts, proven=proven)
    caller = caller_of_session(session, account, find_role(service.store, account.role, doing.at), doing.at)
    signed_in = Decided((SESSIONS.record(session),), (), (session_event(doing, caller, "sign_in", data={"how": how}),))
    decided = decide(doing._replace(caller=caller)).also(signed_in)
    keep_ending(service, decided, lambda: [*previous(at), *ends()])
    give_cookie(response, token, lasts)
    return who_is(caller, account)


def keep_ending(service: Service, decided: Decided, ends: Callable[[], list[Record]]) -> None:
    """Keep what was decided and take away the records that `ends` gives, read anew if somebody changes them meanwhile.

    Requests that are under way keep noting when a session was last seen; that must not keep it alive.
    """

    def attempt() -> None:
        removed = {(one.kind, one.id): one for one in (*decided.removed, *ends())}
        service.keep(decided.changed, removed=list(removed.values()), events=decided.events)

    until_kept(attempt)


def previous(at: Entering) -> list[Record]:
    """The session that the request's cookie is of."""
    cookie = at.request.cookies.get(COOKIE, "")
    if not 0 < len(cookie) <= LONGEST_TOKEN:
        return []
    found = SESSIONS.find(at.service.store, token_id(cookie), at.doing.at)
    return [found.record] if found else []


def fail(at: Entering, account: Account | None, tried: str, reason: str) -> NotSignedIn:
    """Tell of a failed sign-in; gives the one answer, which does not say whether there is such an account.

    That it cannot be told (no room, say) does not make another answer of it.
    """

    def attempt() -> None:
        if account is not None:
            at.service.keep([], events=[failed_event(at.doing, account, reason)])
        else:
            record, untold = unknown_name(at.service.store, at.doing.at)
            told = [] if untold is None else [failed_unknown_event(at.doing, tried, untold)]
            at.service.keep([record], events=told)

    with suppress(Outdated, StoreError):
        until_kept(attempt)
    return NotSignedIn(
        "The name, the password or the one-time password is wrong.", place="session", remedy="Check them and try again."
    )


def account_of(service: Service, caller: Caller) -> tuple[Found[Account], Session]:
    """The account and the session of somebody signed in. Raises NotAllowed for a key, NotSignedIn if it is gone."""
    if caller.session is None:
        raise NotAllowed("A key is not signed in.", place="session", remedy="Sign in with an account to do this.")
    found = ACCOUNTS.find(service.store, caller.id, service.clock())
    if found is None:
        raise session_ended()
    return found, caller.session


def who_is(caller: Caller, account: Account | None) -> WhoIs:
    """What is answered about a caller; `account` is theirs."""
    seat, session = caller.seat, caller.session
    asked: Literal["give", "set_up"] = "give" if account is not None and account.otp else "set_up"
    return WhoIs(
        account=Person(
            kind=caller.kind, id=caller.id, name=caller.name, tenant=caller.user.tenant, user=caller.user.id
        ),
        seat=Place(
            scope=msgspec.to_builtins(seat.scope),
            rights=sorted(seat.rights),
            hidden=sorted(seat.hidden),
            applications=list(seat.applications),
            since=seat.since,
            until=seat.until,
            expires_at=seat.expires_at,
        ),
        second_factor="none" if caller.proven else asked,
        csrf=session.csrf if session else "",
        expires_at=session.expires_at if session else seat.expires_at,
    )


def give_cookie(response: Response, token: str, lasts: timedelta, name: str = COOKIE) -> None:
    """A cookie that only this host gets, over TLS, that no script reads and no other site's form sends."""
    seconds = int(lasts.total_seconds())
    response.set_cookie(name, token, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def local(path: str) -> str:
    """The path if it leads to a page of ours, else the start page: nobody is sent off to another site."""
    plain = path.isascii() and path.isprintable() and len(path) <= LONGEST_PATH and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def take_cookie(response: Response, name: str = COOKIE) -> None:
    """Have the browser forget the cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
