"""Deliveries: what was sent to whom and what became of it; each with its files; trying again what was given up."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response

from ...deliver.deliveries import Delivery
from ...deliver.runs import RUNS
from ...deliver.schedules import Schedule
from ...errors import BadInput, NotAllowed, NotSignedIn, NotThere, TrailbookError
from .. import delivering
from ..changed import After, Given
from ..delivering import Wanted
from ..scheduling import planner_of
from ..strict import Strict
from . import alerts, schedules
from .addressing import Addressee, addressees
from .language import marked as _
from .screens import Visit, Visiting
from .showing import segment, url

PATH = "/deliveries"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)

STATES: dict[Wanted, str] = {
    "all": _("All"),
    "dead": _("Given up"),
    "waiting": _("Waiting"),
    "sent": _("Sent"),
    "empty": _("Without rows"),
    "void": _("No longer wanted"),
}
"""The states that can be asked for, in words."""
_LISTED = 50


class Sent(NamedTuple):
    """A delivery in a list: of what, where that is, to whom; `own`: its files are for the visitor."""

    delivery: Delivery
    title: str
    path: str
    to: Addressee
    own: bool


def path_of(id: str) -> str:
    """Where a delivery is."""
    return f"{PATH}/{segment(id)}"


@router.get("")
def list_page(visit: Visiting, state: Annotated[Wanted, Query()] = "all", after: After = "") -> Response:
    """The deliveries in a state, the newest first."""
    found, following = delivering.listed(visit.work, state, after, _LISTED)
    return visit.page(
        "deliveries.html",
        listed=[_sent(visit, one) for one in found],
        state=state,
        filters=STATES,
        states=schedules.STATES,
        next=url(PATH, state=state, after=following) if following else "",
        first=url(PATH, state=state) if after else "",
        here=url(PATH, state=state, after=after),
    )


@router.get("/{id}")
def one_page(visit: Visiting, id: delivering.DeliveryId) -> Response:
    """A delivery, for who may see it and for whom it is: mail whose files are too large leads them here."""
    found = delivering.seen(visit.work, id)
    run = RUNS.find(visit.service.store, found.delivery.occasion, visit.work.now)
    zone = found.source.zone if isinstance(found.source, Schedule) else visit.service.settings.zone
    return visit.page(
        "delivery.html",
        one=_sent(visit, found),
        sees=planner_of(visit.work).may_see(found.source),
        run=run.value if run else None,
        clock=visit.showing_in(zone),
        refused=_refused(visit, id),
        states=schedules.STATES,
    )


@router.post("/{id}/retry")
def retry(visit: Visiting, id: delivering.DeliveryId) -> Response:
    """Try a delivery again that was given up."""
    visit.form.read(Given)
    delivering.retry_delivery(visit.work, id)
    return visit.go(path_of(id), visit.gettext("It is tried again."))


def _refused(visit: Visit, id: str) -> TrailbookError | None:
    """Why the files of a delivery cannot be taken by the visitor now; None if they can."""
    try:
        delivering.received(visit.work, id)
    except (BadInput, NotAllowed, NotSignedIn, NotThere) as error:
        return error
    return None


@router.get("/{id}/files/{format}")
def take_file(visit: Visiting, id: delivering.DeliveryId, format: delivering.FormatName) -> Response:
    """A file of a delivery, where mails lead to: who is not signed in yet does that first."""
    return delivering.file_of_delivery(visit.work, id, format)


def _sent(visit: Visit, one: delivering.Listed) -> Sent:
    delivery, recipient = one.delivery, one.delivery.recipient
    scheduled = isinstance(one.source, Schedule)
    path = (schedules if scheduled else alerts).path_of(one.source.id)
    (to,) = addressees(visit, (recipient,), delivery.tenant)
    own = scheduled and (recipient.kind, recipient.to) == (visit.caller.kind, visit.caller.id)
    return Sent(delivery, one.source.title, path, to, own)
