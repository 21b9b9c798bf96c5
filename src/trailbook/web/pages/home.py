"""The first page: reports to start from, saved ones, what was looked at last, and how to send the first event."""

from __future__ import annotations

import shlex
from contextlib import suppress
from itertools import islice
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from ...access import decide, own
from ...errors import TooSlow
from ...event.model import OWN_APPLICATION
from ...query.tree import Field, Not
from ...report.saved import SavedReport
from ..reports import Desk, desk_of
from ..strict import Strict
from .looked import Look, lately
from .screens import Visit, Visiting
from .starting import STARTS, done_to

router = APIRouter(include_in_schema=False, route_class=Strict)

_READ = 1_000
_SHOWN = 50
_LOOKS = 8
_SECONDS = 1.0


class Saved(NamedTuple):
    """A saved report in a list: the report, and who made it if that was somebody else."""

    report: SavedReport
    owner: str


class Shelves(NamedTuple):
    """Saved reports, those that were changed last first: one's own, and what others share; `more` if not all."""

    own: list[Saved]
    others: list[Saved]
    more: bool


@router.get("/")
def home(visit: Visiting) -> Response:
    """Where everybody begins."""
    rights = visit.caller.seat.rights
    sees = "view" in rights
    return visit.page(
        "home.html",
        starts=STARTS if sees else (),
        shelves=_shelves(desk_of(visit.work)) if sees or "reports" in rights else None,
        looks=_looks(visit) if sees else [],
        first_event=_first_event(visit) if sees and _is_empty(visit) else "",
    )


@router.get("/start/done-to")
def start_done_to(visit: Visiting, user: Annotated[str, Query(max_length=1024)] = "") -> Response:
    """To the report of what was done to a user."""
    return visit.go(done_to(user.strip()))


def _shelves(desk: Desk) -> Shelves:
    read = list(islice(desk.visible(""), _READ + 1))
    read.sort(key=lambda one: str(one.value.updated_at), reverse=True)
    own = [Saved(one.value, "") for one in read if one.value.owner == desk.sharer.id]
    rest = [one.value for one in read if one.value.owner != desk.sharer.id]
    others = [Saved(one, desk.owner_name(one)) for one in rest[:_SHOWN]]
    return Shelves(own[:_SHOWN], others, len(read) > len(own[:_SHOWN]) + len(others))


def _looks(visit: Visit) -> list[Look] | None:
    """What was opened last; None if it could not be read in time."""
    try:
        return lately(visit.work, _LOOKS)
    except TooSlow:
        return None


def _is_empty(visit: Visit) -> bool:
    """Whether there is no event to see but those that Trailbook itself makes."""
    viewer = decide.viewer(visit.caller, visit.work.now)
    with suppress(TooSlow):
        reader = visit.service.store.limited(_SECONDS)
        return not reader.page(viewer, Not(Field("app", (OWN_APPLICATION,))), limit=1).rows
    return False


def _first_event(visit: Visit) -> str:
    """The commands that send a first event to this service, into the book that the caller sees."""
    now = visit.work.now.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    event: dict[str, Any] = {"occurred_at": now, "resource": "users", "action": "login", "initiator": {"id": "u17"}}
    return (
        f"trailbook key create --tenant {shlex.quote(own.home(visit.caller))} --use ingest > key.txt\n"
        f"curl {shlex.quote(visit.service.settings.address + '/api/v1/events')} \\\n"
        '  -H "Authorization: Bearer $(cat key.txt)" \\\n'
        f"  --data {shlex.quote(msgspec.json.encode(event).decode())}"
    )
