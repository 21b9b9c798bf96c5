"""What somebody may manage, and what each section is for."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ...strict import Strict
from ..screens import Visiting
from .sections import page

router = APIRouter(include_in_schema=False, route_class=Strict)


@router.get("/settings")
def overview(visit: Visiting) -> Response:
    """The sections that are open to who asks."""
    return page(visit, "settings/overview.html")
