"""Signing in with OpenID Connect: off to the provider, and back from it."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import httpx
from fastapi import APIRouter, Query
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ..access import accounts
from ..access.kept import Found
from ..access.model import Account
from ..access.openid import STARTED, Person, Provider, Started, refused
from ..access.sessions import may_sign_in, token_id
from ..access.throttle import attempt, by_address, succeeded
from ..errors import NotSignedIn, NotThere, Outdated
from ..settings import Settings
from .entering import LONGEST_PATH, Entering, apart, enter, entering, fail, give_cookie, local, take_cookie
from .openapi import ANYBODY
from .problems import answers

router = APIRouter(prefix="/api/v1/session/openid", tags=["session"])

STATE_COOKIE = "__Host-trailbook-openid"
_BACK = "/api/v1/session/openid/callback"
_PATIENCE = 5.0


@contextmanager
def provider_of(settings: Settings) -> Iterator[Provider]:
    """The provider of the settings. Raises NotThere if there is none."""
    if not settings.openid_issuer:
        raise NotThere("There is no single sign-on here.", place="openid", remedy="Sign in with a password.")
    with httpx.Client(timeout=_PATIENCE) as http:
        yield Provider(
            settings.openid_issuer,
            settings.openid_client,
            settings.openid_secret.get_secret_value(),
            settings.address + _BACK,
            http,
        )


@router.get("", status_code=303, response_class=Response, responses=answers(404, 429, 507), openapi_extra=ANYBODY)
@apart
def go(request: Request, next: Annotated[str, Query(max_length=LONGEST_PATH)] = "/") -> Response:
    """Send the browser to the provider; from there it comes back to the path `next`."""
    at = entering(request)
    with provider_of(at.service.settings) as provider:
        attempt(at.service.store, [by_address(at.doing.origin.ip)], at.doing.at)
        url, state, started = provider.start(at.doing.at, at.service.randomness)
    at.service.keep([STARTED.record(replace(started, next=local(next)))])
    response = RedirectResponse(url, 303)
    give_cookie(response, state, timedelta(minutes=10), STATE_COOKIE)
    return response


@router.get(
    "/callback",
    status_code=303,
    response_class=Response,
    responses=answers(401, 404, 409, 507),
    openapi_extra=ANYBODY,
)
@apart
def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=64)] = "",
    code: Annotated[str, Query(max_length=4096)] = "",
    iss: Annotated[str | None, Query(max_length=1024)] = None,
) -> Response:
    """Take what the provider says: sets the cookie of a new session and sends the browser to where it wanted to go."""
    at = entering(request)
    with provider_of(at.service.settings) as provider:
        answer = {"code": code, **({} if iss is None else {"iss": iss})}
        started = _started(at, state)
        person = _person(at, provider, started, answer)
    response = RedirectResponse(started.value.next, 303)
    was = _account(at, person)
    if was is None or not may_sign_in(was.value, at.doing.at):
        fail(at, was.value if was else None, person.email or person.subject, "account disabled or expired")
        raise refused()
    account = replace(was.value, issuer=person.issuer, subject=person.subject)
    enter(
        at,
        response,
        account,
        proven=True,
        how="openid",
        decide=lambda doing: accounts.change(at.service.store, was, account, doing),
    )
    succeeded(at.service.store, [by_address(at.doing.origin.ip)], at.doing.at)
    take_cookie(response, STATE_COOKIE)
    return response


def _started(at: Entering, state: str) -> Found[Started]:
    """The sign-in that this browser is on its way with. Raises NotSignedIn."""
    tied = hmac.compare_digest(at.request.cookies.get(STATE_COOKIE, "").encode(), state.encode())
    started = STARTED.find(at.service.store, token_id(state), at.doing.at) if state and tied else None
    if started is None:
        raise refused()
    return started


def _person(at: Entering, provider: Provider, started: Found[Started], answer: dict[str, str]) -> Person:
    """Whom the provider vouches for, who is asked once. Raises NotSignedIn."""
    try:
        at.service.store.keep([], now=at.doing.at, removed=[started.record])
        return provider.finish(started.value, answer, at.doing.at)
    except (NotSignedIn, Outdated) as error:
        fail(at, None, "", "")
        raise refused() from error


def _account(at: Entering, person: Person) -> Found[Account] | None:
    """The account of a person: their own, or at first the one of their email that nobody has signed in to yet."""
    store, now = at.service.store, at.doing.at
    found = accounts.by_subject(store, person.issuer, person.subject, now)
    if found is None and person.email and (named := accounts.by_name(store, person.email, now)) is not None:
        account = named.value
        # Folding drops accents, which tell two mailboxes apart.
        same = account.name.casefold() == person.email.casefold()
        if same and not account.subject and not account.password and account.issuer in ("", person.issuer):
            found = named
    return found
