"""Finding out who is asking: from the key in the Authorization header, or from the session's cookie."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends
from starlette.requests import Request

from ..access.kept import ACCOUNTS, KEYS, SESSIONS
from ..access.keys import caller_of_key, key_id, used
from ..access.model import Caller
from ..access.roles import find_role
from ..access.sessions import LONGEST_TOKEN, caller_of_session, check_csrf, holds, seen, session_ended, token_id
from ..errors import NotSignedIn, Outdated, StoreError
from ..store.ports import Record
from .service import Service, service_of

COOKIE = "__Host-trailbook"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = {"GET", "HEAD", "OPTIONS"}


async def caller_of(request: Request) -> Caller:
    """Who is asking, noted for the log. Raises NotSignedIn, and NotAllowed for a change without the CSRF token."""
    service = service_of(request)
    find: Find = request.app.state.find_caller
    request.state.caller = caller = await run_sync(find, request, service, limiter=service.receiving)
    return caller


def find_caller(request: Request, service: Service) -> Caller:
    """The caller of a request's key or session. Raises as `caller_of`."""
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return caller_by_key(service, text.strip())
    cookie = request.cookies.get(COOKIE)
    if authorization is not None or not cookie:
        raise NotSignedIn("No key or session was given.", place="Authorization", remedy="Send a key: Bearer tb_...")
    caller = caller_by_session(service, cookie)
    if request.method not in _SAFE and caller.session is not None:
        check_csrf(caller.session, request.headers.get(CSRF_HEADER, ""))
    return caller


def caller_by_key(service: Service, text: str) -> Caller:
    """The caller of a key's text. Raises NotSignedIn."""
    id, now = key_id(text), service.clock()
    found = KEYS.find(service.store, id, now)
    caller = caller_of_key(text, found.value if found else None, now)
    if found is not None and (key := used(found.value, now)) is not None:
        _note(service, KEYS.record(key, found), now)
    return caller


def caller_by_session(service: Service, token: str) -> Caller:
    """The caller of a session's token. Raises NotSignedIn."""
    now = service.clock()
    found = SESSIONS.find(service.store, token_id(token), now) if len(token) <= LONGEST_TOKEN else None
    if found is None or not holds(found.value, now, timedelta(minutes=service.settings.idle_minutes)):
        raise session_ended()
    account = ACCOUNTS.find(service.store, found.value.account, now)
    role = find_role(service.store, account.value.role, now) if account else None
    caller = caller_of_session(found.value, account.value if account else None, role, now)
    if (session := seen(found.value, now)) is not None:
        _note(service, SESSIONS.record(session, found), now)
    return caller


def _note(service: Service, record: Record, now: datetime) -> None:
    """Keep what is only good to know: when it cannot be kept, the request goes on."""
    with suppress(Outdated, StoreError):
        service.store.keep([record], now=now)


Find = Callable[[Request, Service], Caller]
"""Finds out who is asking; raises as `caller_of`."""
Asking = Annotated[Caller, Depends(caller_of)]
"""The parameter of an endpoint that only who is known may call."""
