"""Alerts: those that one may see, each with when it occurred; making, trying and changing them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from ...access.kept import Found
from ...access.own import home
from ...deliver.alerts import ALERTS, Alert
from ...deliver.deliveries import DELIVERIES
from ...deliver.sending import WAYS
from ...deliver.ways import open_ways
from ...directory.viewer import Root
from ...errors import TrailbookError
from .. import alerts
from ..changed import After, Given, etag
from ..granting import cut
from ..scheduling import Planner, planner_of
from ..strict import Strict
from . import addressing, alert_form
from .alert_form import Told
from .forms import build
from .schedules import STATES
from .screens import Visit, Visiting
from .settings.fields import REFUSED
from .showing import segment, url

PATH = "/alerts"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)

_LISTED = 100
_LAST = 20


class Listed(NamedTuple):
    """An alert in a list, and whose it is (empty: one's own)."""

    alert: Alert
    owner: str


class Sent(NamedTuple):
    """What became of the telling of an occurrence to one recipient."""

    id: str
    to: str
    state: str
    error: str


class Tried(NamedTuple):
    """What would have been told: how often in all, and the first of these."""

    times: int
    first: list[Told]


def path_of(id: str) -> str:
    """Where an alert is."""
    return f"{PATH}/{segment(id)}"


@router.get("")
def list_page(visit: Visiting, after: After = "") -> Response:
    """The alerts that one may see."""
    planner = planner_of(visit.work)
    found, following = cut(planner.visible(ALERTS, after), _LISTED)
    return visit.page(
        "alerts.html",
        listed=[Listed(one.value, _owner(visit, planner, one.value)) for one in found],
        by=alert_form.BY,
        next=url(PATH, after=following) if following else "",
        first=PATH if after else "",
    )


@router.get("/new")
def new_page(visit: Visiting) -> Response:
    """Where an alert is made."""
    visit.work.require("schedule")
    return _form(visit)


@router.post("")
def make(visit: Visiting) -> Response:
    """Make an alert, or only try what it would have told."""
    form = visit.form
    try:
        if form.one("do") == "try":
            return _form(visit, tried=_tried(visit, form.one("tenant")))
        values = {**alert_form.given(form), "tenant": form.one("tenant") or None}
        answer = alerts.create_alert(visit.work, build(alerts.NewAlert, values))
    except REFUSED as wrong:
        return _form(visit, wrong=wrong)
    return visit.go(path_of(msgspec.json.decode(answer.body)["id"]), visit.gettext("The alert is kept."))


@router.get("/{id}")
def alert_page(visit: Visiting, id: str) -> Response:
    """An alert, and when it occurred."""
    return _page(visit, id)


@router.get("/{id}/change")
def change_page(visit: Visiting, id: str) -> Response:
    """Where an alert is changed."""
    return _form(visit, planner_of(visit.work).find(ALERTS, id))


@router.post("/{id}/change")
def change(visit: Visiting, id: str) -> Response:
    """Change all of an alert, or only try what it would have told. One that had stopped looks again."""
    found = planner_of(visit.work).find(ALERTS, id)
    alert, form = found.value, visit.form
    try:
        if form.one("do") == "try":
            return _form(visit, found, tried=_tried(visit, alert.tenant))
        values = alert_form.given(form, active=alert.active or bool(alert.stopped))
        alerts.change_alert(visit.work, id, build(alerts.AlertGiven, values), etag(form.one("version")))
    except REFUSED as wrong:
        return _form(visit, found, wrong)
    return visit.go(path_of(id), visit.gettext("The alert is changed."))


@router.post("/{id}/pause")
def pause(visit: Visiting, id: str) -> Response:
    """Let an alert look no more for now."""
    return _switch(visit, id, active=False, said=visit.gettext("The alert is paused."))


@router.post("/{id}/resume")
def resume(visit: Visiting, id: str) -> Response:
    """Let an alert look again that was paused, or had stopped."""
    return _switch(visit, id, active=True, said=visit.gettext("The alert looks again."))


@router.post("/{id}/delete")
def delete(visit: Visiting, id: str) -> Response:
    """Delete an alert."""
    visit.form.read(Given)
    alerts.delete_alert(visit.work, id)
    return visit.go(PATH, visit.gettext("The alert is deleted."))


def _switch(visit: Visit, id: str, *, active: bool, said: str) -> Response:
    found = planner_of(visit.work).find(ALERTS, id)
    try:
        given = alert_form.again(found.value, active=active)
        alerts.change_alert(visit.work, id, given, etag(visit.form.one("version")))
    except REFUSED as wrong:
        return _page(visit, id, wrong)
    return visit.go(path_of(id), said)


def _page(visit: Visit, id: str, wrong: TrailbookError | None = None) -> Response:
    planner = planner_of(visit.work)
    found = planner.find(ALERTS, id)
    alert = found.value
    own = planner.is_own(alert)
    ways = open_ways(visit.service.settings)
    return visit.page(
        "alert.html",
        wrong=wrong,
        alert=alert,
        version=found.record.version,
        own=own,
        owner=_owner(visit, planner, alert),
        by=alert_form.BY[alert.by],
        recipients=addressing.addressees(visit, alert.recipients, alert.tenant),
        closed={WAYS[one.kind] for one in alert.recipients} - ways,
        here=path_of(id),
        occurred=_occurred(visit, alert) if own else None,
        states=STATES,
        all_address=url("/reports/new", query=f"app:trailbook resource:alerts related:alert/{alert.id}"),
    )


def _occurred(visit: Visit, alert: Alert) -> list[tuple[Told, list[Sent]]]:
    """The last occurrences, newest first, and what became of telling them."""
    return [
        (
            alert_form.told(alert.query, alert.by, one.group, one.name, one.since, one.until, len(one.positions)),
            [
                Sent(sent.id, addressing.text_of(visit, sent.recipient, alert.tenant), sent.state, sent.error)
                for sent in (found.value for found in DELIVERIES.all(visit.service.store, visit.work.now, owner=one.id))
            ],
        )
        for one in alerts.last_occurrences(visit.work, alert.id, _LAST)
    ]


def _form(
    visit: Visit, found: Found[Alert] | None = None, wrong: TrailbookError | None = None, tried: Tried | None = None
) -> Response:
    """The form, as the alert is or as it was sent; with what it would have told, if that was asked."""
    alert = found.value if found else None
    tenant = alert.tenant if alert else visit.form.one("tenant") or home(visit.caller)
    return visit.page(
        "alert_form.html",
        wrong=wrong,
        about=addressing.meant(visit, wrong.place, tenant) if wrong else "",
        alert=alert,
        version=found.record.version if found else 0,
        fields=alert_form.fields(visit, alert, wrong, tenant),
        by=[(value, visit.gettext(label)) for value, label in alert_form.BY.items()],
        to=addressing.offer(visit, alert.recipients if alert else (), tenant),
        all_tenants=isinstance(visit.caller.seat.scope, Root) and alert is None,
        here=f"{path_of(alert.id)}/change" if alert else PATH,
        back=path_of(alert.id) if alert else PATH,
        tried=tried,
    )


def _tried(visit: Visit, tenant: str) -> Tried:
    """What an alert as it was sent would have told. Raises as `try_alert`."""
    looked = alert_form.looked(visit.form)
    answer = alerts.try_alert(visit.work, build(alerts.Tried, {**looked, "tenant": tenant or None}))
    found = alerts.TriedShown.model_validate_json(bytes(answer.body))
    query, by = looked["query"], looked["by"]
    return Tried(
        found.times,
        [alert_form.told(query, by, one.group, one.name, one.since, one.until, one.events) for one in found.items],
    )


def _owner(visit: Visit, planner: Planner, alert: Alert) -> str:
    """Whose an alert is; empty: the visitor's own."""
    return "" if planner.is_own(alert) else addressing.name_of(visit, alert.owner, alert.tenant)
