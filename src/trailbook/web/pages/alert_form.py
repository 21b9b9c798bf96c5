"""The form of an alert: its fields as they are kept, what was sent as the API takes it, and what it would have told."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ...deliver.alerting import query_of, who_of
from ...deliver.alerts import Alert
from ...deliver.occurring import By
from ...errors import BadQuery, TrailbookError
from .. import alerts
from . import addressing
from .forms import Form, build
from .language import marked as _
from .screens import Visit
from .settings.fields import Fields, blank, filled
from .showing import url

BY: dict[By, str] = {
    "": _("all together"),
    "initiator": _("of one user who did it"),
    "target": _("of one user to whom it was done"),
    "user": _("of one user, either way"),
    "ip": _("of one address"),
}
"""What events are counted by."""
_PLACES = {"path": "above_path", "number": "above_number", "above": "above_path"}


class Told(NamedTuple):
    """An occurrence, or what would have been one: of whom, from when on, of how many events, and where those are."""

    who: str
    since: datetime
    events: int
    address: str


def fields(visit: Visit, alert: Alert | None, wrong: TrailbookError | None, tenant: str) -> Fields:
    """The fields of an alert, or of a new one; of what was sent, if a form was."""
    sent = visit.form if visit.form.one("do") else None
    places = _PLACES | addressing.places(visit.form)
    if isinstance(wrong, BadQuery):
        # It says where in the query.
        places[wrong.place] = "query"
    return Fields(_kept(alert) if alert else _new(visit, tenant), sent, wrong, places)


def looked(form: Form) -> dict[str, Any]:
    """What shall be looked for, as it was sent."""
    above = filled(path=form.one("above_path"), number=form.one("above_number"))
    return {
        "query": form.one("query"),
        "by": form.one("by"),
        **filled(threshold=form.one("threshold"), minutes=form.one("minutes"), above=above or None),
    }


def given(form: Form, *, active: bool = True) -> dict[str, Any]:
    """What was sent, as the API takes it."""
    return {
        **looked(form),
        "title": form.one("title"),
        "recipients": [one for _field, one in addressing.sent(form)],
        "text": form.one("text").replace("\r\n", "\n"),
        "active": active,
    }


def again(alert: Alert, *, active: bool) -> alerts.AlertGiven:
    """All of an alert as it is, as the API takes it, but whether it is looked for."""
    own = {name: getattr(alert, name) for name in ("title", "query", "threshold", "minutes", "by", "text")}
    above = alert.above and {"path": alert.above.path, "number": alert.above.number}
    recipients = [{"kind": one.kind, "to": one.to} for one in alert.recipients]
    return build(alerts.AlertGiven, {**own, "above": above, "recipients": recipients, "active": active})


def told(query: str, by: str, group: str, name: str, since: datetime, until: datetime, events: int) -> Told:
    """An occurrence as it is shown: its events are what is looked for, of its group, in its window."""
    address = url("/reports/new", query=query_of(query, by, group), since=since.isoformat(), until=until.isoformat())
    return Told(who_of(by, group, name), since, events, address)


def _kept(alert: Alert) -> dict[str, Any]:
    own = {name: getattr(alert, name) for name in ("title", "query", "threshold", "minutes", "by", "text", "tenant")}
    above = alert.above
    return {
        **own, **addressing.fields_of(alert.recipients),
        "above_path": above.path if above else "",
        "above_number": f"{above.number}".removesuffix(".0") if above else "",
    }  # fmt: skip


def _new(visit: Visit, tenant: str) -> dict[str, Any]:
    return blank(
        "title", "query", "text", "by", "above_path", "above_number", "more_accounts", "mails", "folders", "webhooks",
        threshold=5, minutes=10, accounts=[visit.caller.id], tenant=tenant,
    )  # fmt: skip
