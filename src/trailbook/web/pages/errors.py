"""Problems as pages: the same status and words as the API answers, for whoever reads them in a browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ...access.model import Caller
from ..problems import Problem
from .screens import Elsewhere, Screen, own_headers

Handler = Callable[[Request, Exception], Awaitable[Response]]

_FOR_PROGRAMMERS = "See /api/openapi.json."
"""The remedy that is none for who reads a page."""
_SIGNING_IN_ELSEWHERE = "/api/v1/session/openid"
"""Where a provider sends people back to."""
_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")


def dressed(request: Request, response: Response) -> Response:
    """The answer; a problem as a page, if it is for a page that was asked for."""
    if not isinstance(response, Problem) or not _is_for_people(request):
        return response
    caller: Caller | None = getattr(request.state, "caller", None)
    told = {name: value for name, value in response.details.items() if value != _FOR_PROGRAMMERS}
    return Screen(request, caller).page("problem.html", response.status_code, own_headers(response), problem=told)


def dressing(answer: Handler) -> Handler:
    """What answers an error so that people can read it."""

    async def answer_dressed(request: Request, error: Exception) -> Response:
        return dressed(request, await answer(request, error))

    return answer_dressed


async def send_on(request: Request, error: Exception) -> Response:
    """The answer that sends the browser to another page."""
    assert isinstance(error, Elsewhere)
    return RedirectResponse(error.path, 303)


def _is_for_people(request: Request) -> bool:
    path = request.url.path
    if "text/html" not in request.headers.get("Accept", ""):
        return False
    return path.startswith(_SIGNING_IN_ELSEWHERE) or not path.startswith(_FOR_PROGRAMS)
