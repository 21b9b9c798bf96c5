"""Choosing the language of the pages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ..entering import local
from ..strict import Strict
from .language import COOKIE, LANGUAGES
from .screens import Anybody

router = APIRouter(include_in_schema=False, route_class=Strict)

_YEAR = 365 * 24 * 3600


@router.post("/language")
async def choose(screen: Anybody) -> Response:
    """Keep the choice in this browser, and go back to where it was made."""
    response = screen.go(local(screen.form.one("next")))
    if (language := screen.form.one("language")) in LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=_YEAR, path="/", httponly=True, samesite="lax")
    return response
