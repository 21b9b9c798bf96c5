"""What a page is drawn on: the request, the language, and, once somebody is signed in, who they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import quote, unquote

from anyio.to_thread import run_sync
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ...access.decide import check_seat
from ...access.model import Caller
from ...access.sessions import form_token
from ...errors import NotSignedIn, TrailbookError
from ..callers import COOKIE, caller_by_session
from ..changed import Work
from ..problems import of_error
from ..service import Service, service_of
from . import language, navigation
from .forms import Form, checked, form_of, form_with_files
from .rendering import html, render
from .showing import Showing, url

SAID_COOKIE = "trailbook-said"
"""Holds what the next page says first: that something has been done."""
_LONGEST_SAID = 300
_SAID_SECONDS = 60


class Elsewhere(Exception):
    """The browser is sent to another page of ours instead."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Screen:
    """A request for a page, in the reader's language. `caller` is who is signed in, if anybody."""

    def __init__(self, request: Request, caller: Caller | None = None, form: Form | None = None) -> None:
        self.request = request
        self.service: Service = service_of(request)
        self.caller = caller
        self.form = form or Form({})
        self.language = language.chosen(request)
        self._translations = language.translations(self.language)
        self.gettext = self._translations.gettext
        self.ngettext = self._translations.ngettext

    @cached_property
    def showing(self) -> Showing:
        """How values look, in the zone of the settings."""
        return self.showing_in(self.service.settings.zone)

    def showing_in(self, zone: str) -> Showing:
        """How values look in another zone. Raises BadDefinition if there is none of this name."""
        return Showing(zone, self.locale)

    @property
    def locale(self) -> str:
        """The locale of dates and numbers."""
        return language.locale_of(self.language, self.service.settings)

    @property
    def address(self) -> str:
        """The path and the parameters that were asked for, as the browser wrote them."""
        asked: str = self.request.scope["raw_path"].decode("latin-1")
        return f"{asked}?{self.request.url.query}" if self.request.url.query else asked

    def page(
        self,
        template: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        wrong: TrailbookError | None = None,
        **values: Any,
    ) -> Response:
        """The answer that a template makes of these values and of what every page knows (see `layout.html`).

        `wrong`: what is wrong with the form that was sent, which this page shows once more; it decides the status.
        """
        if wrong is not None:
            problem = of_error(wrong)
            status, headers = problem.status_code, own_headers(problem)
        said = self.request.cookies.get(SAID_COOKIE, "")
        text = render(self.language, template, {**self._common(said), "wrong": wrong, **values})
        response = html(self.request, text, status, headers)
        if said:
            response.delete_cookie(SAID_COOKIE, path="/", httponly=True, samesite="lax")
        return response

    def go(self, path: str, said: str = "") -> Response:
        """Send the browser to another page of ours, which says this first."""
        response = RedirectResponse(path, 303)
        if said:
            text = quote(said[:_LONGEST_SAID])
            response.set_cookie(SAID_COOKIE, text, max_age=_SAID_SECONDS, path="/", httponly=True, samesite="lax")
        return response

    def _common(self, said: str) -> dict[str, Any]:
        caller = self.caller
        session = caller.session if caller else None
        return {
            "screen": self,
            "caller": caller,
            "rights": caller.seat.rights if caller else frozenset(),
            "navigation": navigation.shown_to(caller, self.request.url.path),
            "csrf": form_token(session, self.service.randomness) if session else "",
            "said": unquote(said)[:_LONGEST_SAID],
            "language": self.language,
            "show": self.showing,
        }


class Visit(Screen):
    """A request for a page by somebody who is signed in, with the form that they sent, if they did."""

    caller: Caller

    @cached_property
    def work(self) -> Work:
        """The same as the endpoints of the API take it."""
        return Work(self.service, self.caller, self.request, self.service.clock())


async def screen_of(request: Request) -> Screen:
    """For pages that anybody may see. Raises as `form_of` does."""
    return Screen(request, form=await form_of(request) if request.method == "POST" else None)


async def entered(request: Request) -> Visit:
    """Who is signed in, a second factor still missing or not. Raises Elsewhere to where one signs in.

    A form has to come from a page of the session: raises NotAllowed.
    """
    return await _entered(request, form_of)


async def _entered(request: Request, reading: Callable[[Request], Awaitable[Form]]) -> Visit:
    service = service_of(request)
    cookie = request.cookies.get(COOKIE, "")
    back = Screen(request).address if request.method == "GET" else ""
    try:
        caller = await run_sync(caller_by_session, service, cookie, limiter=service.receiving)
    except NotSignedIn:
        raise Elsewhere(url("/sign-in", next=back if back != "/" else "")) from None
    request.state.caller = caller
    assert caller.session is not None
    form = await reading(request) if request.method == "POST" else None
    return Visit(request, caller, checked(form, caller.session) if form else None)


async def visit_of(request: Request) -> Visit:
    """Who is signed in, and has given the second factor that their rights ask for. Raises Elsewhere, NotAllowed."""
    return _proven(await _entered(request, form_of))


async def upload_of(request: Request) -> Visit:
    """The same, with a form that may bring files."""
    return _proven(await _entered(request, form_with_files))


def _proven(visit: Visit) -> Visit:
    if not visit.caller.proven:
        looking = visit.request.method == "GET"
        raise Elsewhere(url("/second-factor", next=visit.address if looking else ""))
    check_seat(visit.caller, visit.work.now)
    return visit


def own_headers(answer: Response) -> dict[str, str]:
    """The headers of an answer but those that are about its body."""
    return {name: value for name, value in answer.headers.items() if not name.startswith("content-")}


Anybody = Annotated[Screen, Depends(screen_of)]
"""The parameter of a page that needs nobody signed in."""
Entered = Annotated[Visit, Depends(entered)]
"""The parameter of a page for who is signed in, even if their second factor is still missing."""
Visiting = Annotated[Visit, Depends(visit_of)]
"""The parameter of all other pages."""
Uploading = Annotated[Visit, Depends(upload_of)]
"""The parameter of a page to which files are sent."""
