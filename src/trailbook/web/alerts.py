"""Alerts: kept, tried, and looked up; each belongs to who made it, and looks at what they may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from msgspec import to_builtins
from msgspec.structs import replace
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from ..access import decide
from ..access.kept import Found
from ..access.own import home
from ..deliver.alerting import as_seen, check_all
from ..deliver.alerts import (
    ALERTS,
    LONGEST_WINDOW,
    MOST_RECIPIENTS,
    MOST_TIMES,
    OCCURRENCES,
    WATCHES,
    Above,
    Alert,
    Occurrence,
    check,
    ids_from,
    seeing,
)
from ..deliver.occurring import By
from ..deliver.recipients import Recipient
from ..deliver.watching import begin_watch, would_fire
from ..errors import NotAllowed
from ..event.model import Event, Reference
from .answers import json
from .changed import PREFIX, After, Given, IfMatch, Limit, Name, Work, Working, check_match, etag, problems
from .granting import cut
from .scheduling import RecipientGiven, planner_of, recipient_of
from .strict import Strict

router = APIRouter(prefix=f"{PREFIX}/alerts", tags=["alerts"], route_class=Strict)

TRIED: Final = timedelta(days=7)
"""How far back it is tried what an alert would have told."""
MOST_TRIED: Final = 100
_LOOKED_BACK = tuple(timedelta(hours=hours) for hours in (1, 24, 200, 2_400))
"""How far back the last occurrences are looked for: no further than needed to find enough of them."""
_TAGGED = {"headers": {"ETag": {"description": "Its version.", "schema": {"type": "string"}}}}

AlertId = Annotated[str, Path(max_length=64)]


class AboveGiven(Given):
    """A number in an event's data, by its keys with dots between them, that has to be more than `number`."""

    path: str = Field(min_length=1, max_length=200)
    number: float = Field(allow_inf_nan=False)


class Looked(Given):
    """What is looked for: so many (`threshold`) events that `query` finds, of one `by`, within so many minutes."""

    query: str = Field("", max_length=16_384)
    threshold: int = Field(1, ge=1, le=MOST_TIMES)
    minutes: int = Field(10, ge=1, le=int(LONGEST_WINDOW.total_seconds()) // 60)
    by: By = ""
    above: AboveGiven | None = None

    def fields(self) -> dict[str, Any]:
        """The same, as fields of an alert."""
        above = None if self.above is None else Above(self.above.path, self.above.number)
        return {**{key: getattr(self, key) for key in ("query", "threshold", "minutes", "by")}, "above": above}


class AlertGiven(Looked):
    """An alert to keep: what is looked for, and who is told."""

    title: Annotated[Name, StringConstraints(max_length=200)]
    recipients: list[RecipientGiven] = Field(min_length=1, max_length=MOST_RECIPIENTS)
    text: str = Field("", max_length=2_000)
    active: bool = True

    def over(self, alert: Alert, work: Work) -> Alert:
        """The alert, with this in it. It begins anew, also after it had stopped."""
        recipients = tuple(recipient_of(one, work) for one in self.recipients)
        own = {"title": self.title, "recipients": recipients, "text": self.text, "active": self.active}
        return replace(alert, **self.fields(), **own, stopped="", updated_at=work.now)


class NewAlert(AlertGiven):
    """An alert to keep; `tenant`: in whose book it looks, by default that of who keeps it."""

    tenant: Name | None = None


class Tried(Looked):
    """What is looked for, to be tried; `tenant` as of an alert."""

    tenant: Name | None = None


class AlertShown(BaseModel):
    """An alert as it is kept; `stopped`: why it has stopped by itself."""

    id: str
    owner: str
    tenant: str
    title: str
    query: str
    threshold: int
    minutes: int
    by: str
    above: AboveGiven | None
    recipients: list[RecipientGiven]
    text: str
    active: bool
    stopped: str
    created_at: datetime | None
    updated_at: datetime | None
    version: int


class AlertsShown(BaseModel):
    """A page, by id; `next` is the `after` of the page that follows, null at the end."""

    items: list[AlertShown]
    next: str | None


class OccurrenceShown(BaseModel):
    """That an alert occurred: of which group, in which window, told when, of how many events (100 at most)."""

    id: str
    group: str
    name: str
    since: datetime
    until: datetime
    at: datetime
    events: int


class OccurrencesShown(BaseModel):
    """A page, by time; `next` is the `after` of the page that follows, null at the end."""

    items: list[OccurrenceShown]
    next: str | None


class WouldFire(BaseModel):
    """What an alert would have told: of which group, from when on, of how many events."""

    group: str
    name: str
    since: datetime
    until: datetime
    events: int


class TriedShown(BaseModel):
    """What would have been told in the last seven days: `times` in all, and the first hundred of these."""

    times: int
    items: list[WouldFire]


@router.get("", responses={**problems(), 200: {"model": AlertsShown}})
def list_alerts(work: Working, after: After = "", limit: Limit = 100) -> Response:
    """Your alerts and, if you manage reports, those of your tenant."""
    found, following = cut(planner_of(work).visible(ALERTS, after), limit)
    return json({"items": [_shown(one) for one in found], "next": following})


@router.post("", status_code=201, responses={**problems(409, 507), 201: {"model": AlertShown, **_TAGGED}})
def create_alert(work: Working, given: NewAlert) -> Response:
    """Keep an alert. It looks at what is recorded from now on, as you may see it at that time."""
    work.require("schedule")
    if work.caller.kind != "account":
        raise NotAllowed("Only an account can have an alert.", place="alerts", remedy="Sign in.")
    bare = Alert(
        work.service.new_id(), work.caller.id, given.tenant or home(work.caller), "", "", (), created_at=work.now
    )
    alert = given.over(bare, work)
    owner = check_all(work.service, alert, work.now)
    watch = begin_watch(work.service, alert, owner, work.now) if alert.active else []
    work.keep([ALERTS.record(alert), *watch], [_told(work, "create", None, alert)])
    return _answer(alert, 1, 201)


@router.post("/try", responses={**problems(), 200: {"model": TriedShown}})
def try_alert(work: Working, given: Tried) -> Response:
    """What an alert would have told in the last seven days, of what you may see."""
    work.require("schedule")
    bare = Alert("", work.caller.id, given.tenant or home(work.caller), "", "", (_NOBODY,))
    alert = replace(bare, **given.fields())
    check(alert)
    owner = seeing(work.service, alert, work.caller, work.now, work.service.reader)
    found = would_fire(alert, owner, work.service.reader, work.now, TRIED)
    items = [
        {
            "group": one.group,
            "name": one.name,
            "since": one.since,
            "until": one.since + alert.rule.window,
            "events": len(one.positions),
        }
        for one in found[:MOST_TRIED]
    ]
    return json({"times": len(found), "items": items})


@router.get("/{id}", responses={**problems(404), 200: {"model": AlertShown, **_TAGGED}})
def one_alert(work: Working, id: AlertId) -> Response:
    """An alert."""
    found = planner_of(work).find(ALERTS, id)
    return _answer(found.value, found.record.version)


@router.put("/{id}", responses={**problems(404, 409, 412, 507), 200: {"model": AlertShown, **_TAGGED}})
def change_alert(work: Working, id: AlertId, given: AlertGiven, if_match: IfMatch = None) -> Response:
    """Change all of an alert of yours. It looks anew from now on."""
    planner = planner_of(work)
    found = planner.find(ALERTS, id)
    was = found.value
    if not planner.is_own(was):
        raise NotAllowed("This alert is somebody else's.", place="alerts", remedy="Make one of your own like it.")
    check_match(if_match, etag(found.record.version))
    alert = replace(given.over(was, work), turn=was.turn + 1)
    owner = check_all(work.service, alert, work.now)
    watch = begin_watch(work.service, alert, owner, work.now) if alert.active else []
    work.keep([ALERTS.record(alert, found), *watch], [_told(work, "update", was, alert)])
    return _answer(alert, found.record.version + 1)


@router.delete("/{id}", status_code=204, responses=problems(404, 409, 412, 507))
def delete_alert(work: Working, id: AlertId, if_match: IfMatch = None) -> Response:
    """Delete an alert. What it has told stays in the events."""
    found = planner_of(work).find(ALERTS, id)
    check_match(if_match, etag(found.record.version))
    watch = WATCHES.find(work.service.store, id, work.now)
    removed = [found.record, *([watch.record] if watch else [])]
    work.keep([], [_told(work, "delete", found.value, None)], removed)
    return Response(status_code=204)


@router.get("/{id}/occurrences", responses={**problems(404), 200: {"model": OccurrencesShown}})
def list_occurrences(work: Working, id: AlertId, after: After = "", limit: Limit = 100) -> Response:
    """When an alert has occurred, for 400 days. Left out is what you no longer see an event of.

    A page may have fewer than there are to come.
    """
    alert = _own(work, id)
    found, following = cut(
        OCCURRENCES.all(work.service.store, work.now, owner=alert.id, after=after, limit=limit + 1), limit
    )
    return json({"items": [_occurred(one) for one in _seen(work, alert, found)], "next": following})


def last_occurrences(work: Work, id: str, limit: int) -> list[Occurrence]:
    """The last times that an alert of the caller's has occurred, newest first, as far as they may see the events now.

    Raises NotThere, NotAllowed.
    """
    alert = _own(work, id)
    found: dict[str, Found[Occurrence]] = {}
    for after in (*(ids_from(alert, work.now - back) for back in _LOOKED_BACK), ""):
        for one in OCCURRENCES.all(work.service.store, work.now, owner=alert.id, after=after):
            found[one.value.id] = one
        if len(found) >= limit:
            break
    last = sorted(found.values(), key=attrgetter("value.since", "value.id"), reverse=True)
    return list(islice(_seen(work, alert, last), limit))


def _seen(work: Work, alert: Alert, found: Iterable[Found[Occurrence]]) -> Iterator[Occurrence]:
    """Of these occurrences of an alert, what the caller may see now; nothing for who may not see whole events."""
    if work.caller.seat.hidden or "view" not in work.caller.seat.rights:
        return
    viewer = decide.viewer(work.caller, work.now)
    for one in found:
        if (seen := as_seen(work.service, alert, one.value, viewer)) is not None:
            yield seen


_NOBODY = Recipient("account", "")


def _own(work: Work, id: str) -> Alert:
    """An alert of the caller's own. Raises NotThere, NotAllowed."""
    planner = planner_of(work)
    alert = planner.find(ALERTS, id).value
    if not planner.is_own(alert):
        raise NotAllowed(
            "Whom an alert is about is for whose it is.", place="alerts", remedy="Make one of your own like it."
        )
    return alert


def _shown(found: Found[Alert]) -> dict[str, Any]:
    alert = found.value
    plain = {name: to_builtins(getattr(alert, name)) for name in AlertShown.model_fields if name != "version"}
    return {**plain, "version": found.record.version}


def _occurred(one: Occurrence) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in OccurrenceShown.model_fields if name != "events"}
    return {**plain, "events": len(one.positions)}


def _answer(alert: Alert, version: int, status: int = 200) -> Response:
    headers = {"ETag": etag(version)}
    if status == 201:
        headers["Location"] = f"{router.prefix}/{alert.id}"
    return json(_shown(Found(alert, replace(ALERTS.record(alert), version=version))), headers, status)


def _told(work: Work, action: str, old: Alert | None, new: Alert | None) -> Event:
    """The event of a change, with what the alert was and what it became."""
    alert = new or old
    assert alert is not None
    return work.event(
        "alerts",
        action,
        tenant=alert.tenant,
        related=(Reference("alert", alert.id, alert.title),),
        old=old.told() if old else None,
        new=new.told() if new else None,
    )
