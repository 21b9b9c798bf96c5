"""Signing in and out in a browser: with a password, a second factor, a one-time link, or another's word for it."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from ...access.passwords import check_choice
from ...errors import BadInput, NotSignedIn, TooMuch
from .. import signing_in
from ..changed import Given
from ..entering import LONGEST_PATH, account_of, local
from ..strict import Strict
from .forms import build
from .screens import Anybody, Entered, Screen, Visit
from .showing import qr_code

router = APIRouter(include_in_schema=False, route_class=Strict)

_WRONG = (BadInput, NotSignedIn, TooMuch)
"""What is told beside the form that it is about; whatever else goes wrong is a page of its own."""

Next = Annotated[str, Query(max_length=LONGEST_PATH)]


class SignInForm(Given):
    """A name and a password, and where to go then."""

    name: signing_in.Name = ""
    password: signing_in.Password = ""
    next: str = "/"


class OnceForm(Given):
    """A one-time link, all of it or what is behind its #."""

    token: str = Field("", max_length=4_000)


class LinkForm(OnceForm):
    """A one-time link, and the password that shall hold, twice."""

    password: signing_in.Password = ""
    again: signing_in.Password = ""


class FactorForm(Given):
    """A code of the second factor; none: to be shown a new secret."""

    code: signing_in.Code = ""
    next: str = "/"


@router.get("/sign-in")
async def sign_in_page(screen: Anybody, next: Next = "/") -> Response:
    """Where one signs in."""
    return _sign_in(screen, SignInForm(next=local(next)), None)


@router.post("/sign-in")
async def sign_in(screen: Anybody) -> Response:
    """Sign in with a password."""
    form = screen.form.read(SignInForm)
    response = screen.go(local(form.next))
    try:
        given = build(signing_in.SignIn, {"name": form.name, "password": form.password})
        await signing_in.sign_in(given=given, request=screen.request, response=response)
    except _WRONG as wrong:
        return _sign_in(screen, form, wrong)
    return response


@router.get("/sign-in/link")
async def link_page(screen: Anybody) -> Response:
    """Where a one-time link is used; a script takes its token from the address, which no server sees."""
    return screen.page("link.html")


@router.post("/sign-in/link")
async def use_link(screen: Anybody) -> Response:
    """Sign in with a one-time link."""
    response = screen.go("/", screen.gettext("Your password is set. From now on you sign in with it."))
    try:
        form = screen.form.read(LinkForm)
        password = chosen(form.password, form.again)
        given = build(signing_in.UseLink, {"token": _token(form.token), "password": password})
        await signing_in.use_link(given=given, request=screen.request, response=response)
    except _WRONG as wrong:
        return screen.page("link.html", wrong=wrong)
    return response


@router.get("/sign-in/once")
async def once_page(screen: Anybody) -> Response:
    """Where a link is used by whoever runs the machine, who need not prove more."""
    return screen.page("once.html")


@router.post("/sign-in/once")
async def use_once(screen: Anybody) -> Response:
    """Sign in with a link that vouches for who uses it."""
    response = screen.go("/")
    try:
        given = build(signing_in.UseLink, {"token": _token(screen.form.read(OnceForm).token)})
        await signing_in.use_link(given=given, request=screen.request, response=response)
    except _WRONG as wrong:
        return screen.page("once.html", wrong=wrong)
    return response


@router.get("/second-factor")
def factor_page(visit: Entered, next: Next = "/") -> Response:
    """Where the second factor is given, or set up by who has none."""
    has_one = has_factor(visit)
    if has_one and visit.caller.proven:
        return visit.go(local(next))
    return visit.page("second_factor.html", has_one=has_one, secret=None, next=local(next))


@router.post("/second-factor")
async def second_factor(visit: Entered) -> Response:
    """Give a code, or be shown the secret that codes are made from."""
    form = visit.form.read(FactorForm)
    response = visit.go(local(form.next))
    has_one = await run_sync(has_factor, visit, limiter=visit.service.entering)
    try:
        given = build(signing_in.GivenCode, {"code": form.code})
        answer = await signing_in.second_factor(
            given=given, asking=visit.caller, request=visit.request, response=response
        )
    except _WRONG as wrong:
        return visit.page("second_factor.html", wrong=wrong, has_one=has_one, secret=None, next=local(form.next))
    if isinstance(answer, signing_in.Secret):
        code = qr_code(answer.address)
        return visit.page("second_factor.html", has_one=False, secret=answer, code=code, next=local(form.next))
    return response


@router.post("/sign-out")
async def sign_out(visit: Entered) -> Response:
    """End the session."""
    ended = await signing_in.sign_out(asking=visit.caller, request=visit.request)
    response = visit.go("/sign-in", visit.gettext("You are signed out."))
    response.raw_headers += [one for one in ended.raw_headers if one[0] == b"set-cookie"]
    return response


def chosen(password: str, again: str) -> str:
    """A password that was typed twice. Raises BadInput if the two differ, or if it is too short or easily guessed."""
    check_choice(password, "")
    if password != again:
        raise BadInput("The two passwords are not the same.", remedy="Type the new one twice.")
    return password


def _sign_in(screen: Screen, form: SignInForm, wrong: BadInput | NotSignedIn | TooMuch | None) -> Response:
    openid = screen.service.settings.openid_issuer != ""
    return screen.page("sign_in.html", wrong=wrong, name=form.name, next=form.next, openid=openid)


def _token(link: str) -> str:
    return link.rpartition("#")[2].strip()


def has_factor(visit: Visit) -> bool:
    """Whether the account has a second factor."""
    return account_of(visit.service, visit.caller)[0].value.otp != ""
