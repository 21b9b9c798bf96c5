"""Signing in and out: with a password and a second factor, or with a one-time link; and who one is meanwhile."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from msgspec.structs import replace
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from ..access import accounts
from ..access.decide import check_seat
from ..access.kept import ACCOUNTS, Found
from ..access.links import FIRST_LASTS, LASTS, find_link, make_link
from ..access.model import Account, Origin
from ..access.otp import SETUPS, address, set_up, step_of
from ..access.own import Decided, Doing
from ..access.passwords import LONGEST, SHORTEST, check_choice, hash_password, is_outdated, verify
from ..access.roles import find_role
from ..access.sessions import may_sign_in
from ..access.signing import session_event
from ..access.throttle import Guessed, attempt, by_address, by_code, by_name, not_tried, succeeded
from ..errors import BadInput, DiskFull, NotThere, StoreError, TooMuch
from .callers import Asking
from .changed import Given
from .entering import (
    Entering,
    WhoIs,
    account_of,
    apart,
    enter,
    entering,
    fail,
    keep_ending,
    previous,
    take_cookie,
    who_is,
)
from .openapi import ANYBODY
from .problems import answers
from .service import Service, service_of
from .strict import Strict

router = APIRouter(prefix="/api/v1/session", tags=["session"], route_class=Strict)

Name = Annotated[
    str,
    Field(max_length=accounts.LONGEST_NAME, pattern=r"^[^\x00-\x1f\x7f]*$", description="The name to sign in with."),
]
Password = Annotated[str, Field(max_length=LONGEST)]
NewPassword = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
Code = Annotated[str, Field(max_length=16, description="Six digits from the app; they change every 30 seconds.")]
Token = Annotated[str, Field(max_length=64)]


class SignIn(Given):
    """A name, its password and, if one is set up, a one-time password (which can be given later as well)."""

    name: Name
    password: Password
    otp: Code = ""


class GivenCode(Given):
    """A one-time password; without one, a second factor is set up."""

    code: Code = ""


class Secret(BaseModel):
    """What an app makes one-time passwords from: shown this once, and to be confirmed with a code within 15 minutes."""

    secret: str
    address: str


class ChangePassword(Given):
    """The password that holds now, and the one that shall."""

    old: Password
    new: NewPassword


class UseLink(Given):
    """The token of a one-time link, and the password that shall hold (none: the link vouches for who uses it)."""

    token: Token
    password: NewPassword | None = None


@router.post("", responses=answers(401, 409, 429, 507), openapi_extra=ANYBODY)
@apart
def sign_in(given: SignIn, request: Request, response: Response) -> WhoIs:
    """Sign in with a password: sets the cookie. The same answer for an unknown name and a wrong password."""
    at = entering(request)
    store, now = at.service.store, at.doing.at
    guessed = [by_name(given.name), by_address(at.doing.origin.ip)]
    attempt(store, guessed, now)
    found = accounts.by_name(store, given.name, now)
    right = _verified(at, guessed, found.value.password if found else "", given.password)
    if found is None:
        raise fail(at, None, given.name, "")
    if reason := _refusal(at, found.value, right):
        raise fail(at, found.value, given.name, reason)
    account = found.value
    if is_outdated(account.password):
        with suppress(TooMuch):
            account = replace(account, password=hash_password(given.password, at.service.randomness))
    proven = bool(account.otp and given.otp)
    if proven:
        account = _used(at, account, given.otp)
    succeeded(store, guessed, now)
    decided = Decided((ACCOUNTS.record(account, found),) if account != found.value else ())
    return enter(at, response, account, proven=proven, how="password", decide=lambda doing: decided)


@router.get("", responses=answers(401))
@apart
def who_am_i(asking: Asking, request: Request) -> WhoIs:
    """Who is asking, what they may do, and what to send back with changes."""
    if asking.session is None:
        return who_is(asking, None)
    return who_is(asking, account_of(service_of(request), asking)[0].value)


@router.delete("", status_code=204, responses=answers(401, 403, 409, 507))
@apart
def sign_out(asking: Asking, request: Request) -> Response:
    """Sign out. It works even when there is no room left to tell of it."""
    at = entering(request, asking)
    account_of(at.service, asking)
    told = Decided(events=(session_event(at.doing, asking, "sign_out"),))
    try:
        keep_ending(at.service, told, lambda: previous(at))
    except DiskFull:
        with suppress(StoreError):
            keep_ending(at.service, Decided(), lambda: previous(at))
    response = Response(status_code=204)
    take_cookie(response)
    return response


@router.post("/otp", responses=answers(401, 403, 409, 429, 507))
@apart
def second_factor(given: GivenCode, asking: Asking, request: Request, response: Response) -> Secret | WhoIs:
    """Give a one-time password, or set up the second factor: without a code, a secret is shown; a code made from it
    confirms it. The session gets a new cookie and token when it is proven.
    """
    at = entering(request, asking)
    was, session = account_of(at.service, asking)
    store, now = at.service.store, at.doing.at
    if was.value.otp:
        if not given.code:
            raise BadInput(
                "A second factor is set up already.",
                place="code",
                remedy="Give a code of it, or ask who manages access to take it away.",
            )
        account = _used(at, was.value, given.code)
        used = Decided((ACCOUNTS.record(account, was),))
        return enter(at, response, account, proven=True, how="second factor", decide=lambda doing: used)
    pending = SETUPS.find(store, session.id, now)
    if not given.code:
        setup = set_up(session, now, at.service.randomness)
        at.service.keep([SETUPS.record(setup, pending)])
        return Secret(secret=setup.secret, address=address(setup.secret, was.value.name))
    step = step_of(pending.value.secret, given.code, 0, now) if pending else None
    if pending is None or step is None:
        raise BadInput("This code is not made from the secret.", place="code", remedy="Check the clock of the device.")
    account = replace(was.value, otp=pending.value.secret, otp_used=step)
    confirmed = Decided(removed=(pending.record,))
    return enter(
        at,
        response,
        account,
        proven=True,
        how="second factor",
        decide=lambda doing: accounts.change(store, was, account, doing).also(confirmed),
    )


@router.post("/password", responses=answers(401, 403, 409, 429, 507))
@apart
def change_password(given: ChangePassword, asking: Asking, request: Request, response: Response) -> WhoIs:
    """Change one's own password. All other sessions of the account end, and this one gets a new cookie and token."""
    at = entering(request, asking)
    store, now = at.service.store, at.doing.at
    check_seat(asking, now)
    was, session = account_of(at.service, asking)
    guessed = [by_name(was.value.name), by_address(at.doing.origin.ip)]
    attempt(store, guessed, now)
    if not _verified(at, guessed, was.value.password, given.old):
        raise fail(at, was.value, "", "wrong password at its change")
    succeeded(store, guessed, now)
    account = _with_password(at.service, was.value, given.new)
    return enter(
        at,
        response,
        account,
        proven=session.proven,
        how="new password",
        decide=lambda doing: accounts.change(store, was, account, doing),
        ends=lambda: accounts.sessions_of(store, account.id, now),
    )


@router.post("/link", responses=answers(401, 409, 429, 507), openapi_extra=ANYBODY)
@apart
def use_link(given: UseLink, request: Request, response: Response) -> WhoIs:
    """Sign in with a one-time link and set a password. All other sessions of the account end, if one is set."""
    at = entering(request)
    store, now = at.service.store, at.doing.at
    link, was = find_link(store, given.token, now)
    if given.password is None and not link.value.vouched:
        raise BadInput("This link asks for a password.", place="password", remedy="Choose the one that shall hold.")
    account = was.value if given.password is None else _with_password(at.service, was.value, given.password)
    used_up = Decided(removed=(link.record,))
    return enter(
        at,
        response,
        account,
        proven=link.value.vouched,
        how="one-time link",
        decide=lambda doing: accounts.change(store, was, account, doing).also(used_up),
        ends=lambda: accounts.sessions_of(store, account.id, now) if given.password else [],
    )


def first_link(service: Service) -> str | None:
    """The token of a link to the first account, which is made if there is none; None if somebody can sign in already.

    A start that nobody followed up with a sign-in gives another link at the next one.
    """
    known = _known(service)
    if len(known) > 1 or known[0].value.password or known[0].value.subject:
        return None
    return _linked(service, known[0], FIRST_LASTS, vouched=False)


def vouched_link(service: Service) -> str:
    """The token of a link that signs in the first account at once. Raises NotThere if it has another name by now.

    It is for whoever starts the service on a machine, who may do whatever they like with its store.
    """
    _known(service)
    found = accounts.by_name(service.store, accounts.FIRST_ACCOUNT, service.clock())
    if found is None:
        raise NotThere("There is no account `root`.", place="--sign-in", remedy="See `trailbook account link --help`.")
    return _linked(service, found, LASTS, vouched=True)


def _known(service: Service) -> list[Found[Account]]:
    """The accounts that there are, two of them if there are more; the first is made if there is none."""
    now = service.clock()
    if not (known := ACCOUNTS.all(service.store, now, limit=2)):
        first = accounts.first_account(service.new_id())
        decided = accounts.create(service.store, first, Doing(None, Origin(), now, service.new_id))
        service.keep(decided.changed, events=decided.events)
        known = ACCOUNTS.all(service.store, now, limit=2)
    return known


def _linked(service: Service, found: Found[Account], lasts: timedelta, *, vouched: bool) -> str:
    doing = Doing(None, Origin(), service.clock(), service.new_id)
    token, decided = make_link(found, doing, service.randomness, lasts, vouched=vouched)
    service.keep(decided.changed, events=decided.events)
    return token


def _refusal(at: Entering, account: Account, right: bool) -> str:
    """Why the account cannot sign in, for the event alone; empty if it can."""
    if not right:
        return "wrong password"
    if account.disabled:
        return "account disabled"
    if not may_sign_in(account, at.doing.at):
        return "account expired"
    if find_role(at.service.store, account.role, at.doing.at) is None:
        return "no access role"
    return ""


def _verified(at: Entering, guessed: list[Guessed], kept: str, password: str) -> bool:
    """Whether the password is right. Raises TooMuch if too many are looked at; that try is not counted as failed."""
    try:
        return verify(kept, password)
    except TooMuch:
        not_tried(at.service.store, guessed, at.doing.at)
        raise


def _used(at: Entering, account: Account, code: str) -> Account:
    """The account with the code's step used. Raises NotSignedIn for a wrong code, TooMuch after too many."""
    guessed = [by_code(account.id)]
    attempt(at.service.store, guessed, at.doing.at)
    step = step_of(account.otp, code, account.otp_used, at.doing.at)
    if step is None:
        raise fail(at, account, account.name, "wrong one-time password")
    succeeded(at.service.store, guessed, at.doing.at)
    return replace(account, otp_used=step)


def _with_password(service: Service, account: Account, password: str) -> Account:
    check_choice(password, account.name)
    return replace(account, password=hash_password(password, service.randomness))
