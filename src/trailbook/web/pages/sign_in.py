"""Signing in and out, in a browser."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from .. import signing_in
from ..strict import Strict
from .screens import Entered

router = APIRouter(include_in_schema=False, route_class=Strict)


@router.post("/sign-out")
async def sign_out(visit: Entered) -> Response:
    """End the session."""
    ended = await signing_in.sign_out(asking=visit.caller, request=visit.request)
    response = visit.go("/sign-in", visit.gettext("You are signed out."))
    response.raw_headers += [one for one in ended.raw_headers if one[0] == b"set-cookie"]
    return response
