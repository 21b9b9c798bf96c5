"""The first page: saved reports, templates to start from, what was looked at last."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ..strict import Strict
from .screens import Visiting

router = APIRouter(include_in_schema=False, route_class=Strict)


@router.get("/")
def home(visit: Visiting) -> Response:
    """Where everybody begins."""
    return visit.page("home.html")
