"""Alerts: what happens how often before somebody is told, whom, and what is kept of it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from ..access import decide
from ..access.kept import Shelf
from ..access.model import Caller
from ..access.present import present
from ..directory.viewer import Viewer, sees_book
from ..errors import BadInput, NotAllowed
from ..event.model import OWN_APPLICATION, Event, Outcome, Reference
from ..query.language import parse
from ..query.tree import Condition, Field, both, has_period
from ..report.definition import Definition
from ..report.hidden import Hidden
from ..store.ports import Heads, Reader
from .base import Base
from .occurring import By, Rule
from .reading import ask_as
from .recipients import Recipient, require_to_send
from .tasks import Task

LOOK = "look_alert"
"""The kind of task that looks whether an alert has occurred."""
EVERY = timedelta(seconds=30)
"""How often it is looked."""
HISTORY = timedelta(days=400)
"""How long occurrences can be looked up, and what comes late is known to have been told."""
LONGEST_WINDOW = timedelta(days=1)
MOST_TIMES = 1_000
MOST_RECIPIENTS = 50
_OWN = ("fire", "deliver")
"""What alerts do by themselves, so that none sets itself or another one off."""


class Above(Struct, frozen=True):
    """A number in an event's `data`, by its keys with dots between them, that has to be more than `number`."""

    path: str
    number: float

    def holds(self, event: Event) -> bool:
        """Whether the event has such a number there."""
        value = event.data
        for key in self.path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return isinstance(value, int | float) and not isinstance(value, bool) and value > self.number


class Alert(Struct, frozen=True, omit_defaults=True):
    """Tells its recipients when so many events (`threshold`) of one group (`by`) occurred within `minutes`.

    Which events: those in the book of `tenant` that `query` finds, of which `above` holds if it is given, as its
    `owner` (the id of an account) may see them. `text`: what is said beside the facts. `active`: whether it is looked
    for; `stopped`: why it has stopped by itself. `turn` grows with each change, so that tasks of before are void.
    """

    id: str
    owner: str
    tenant: str
    title: str
    query: str
    recipients: tuple[Recipient, ...]
    threshold: int = 1
    minutes: int = 10
    by: By = ""
    above: Above | None = None
    text: str = ""
    active: bool = True
    stopped: str = ""
    turn: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def rule(self) -> Rule:
        """How often, within which time, of one what."""
        return Rule(self.threshold, timedelta(minutes=self.minutes), self.by)

    def told(self) -> dict[str, Any]:
        """What a change of it is told by."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        plain["recipients"] = [one.told for one in self.recipients]
        return {key: value for key, value in plain.items() if key not in _UNTOLD}


_UNTOLD = ("id", "owner", "tenant", "turn", "created_at", "updated_at")
ALERTS = Shelf("alert", Alert, owner=attrgetter("tenant"))


class Watch(Struct, frozen=True):
    """How far an alert (of the same id) has looked: all events of the book before `position`, since its `turn`."""

    id: str
    turn: int
    position: int


WATCHES = Shelf("alert_watch", Watch)


class Occurrence(Struct, frozen=True, omit_defaults=True):
    """That an alert occurred: of which group, in which window, told `at`; `positions`: of its events in the book."""

    id: str
    alert: str
    tenant: str
    group: str
    name: str
    since: datetime
    until: datetime
    at: datetime
    positions: tuple[int, ...]
    expires_at: datetime | None = None


OCCURRENCES = Shelf("occurrence", Occurrence, owner=attrgetter("alert"), expires_at=attrgetter("expires_at"))


def occurrence_id(alert: Alert, since: datetime, group: str) -> str:
    """The id of the one occurrence of a group that begins then; those of an alert are in order of time."""
    return f"{ids_from(alert, since)}.{hashlib.sha256(group.encode()).hexdigest()[:16]}"


def ids_from(alert: Alert, since: datetime) -> str:
    """What is before the ids of all occurrences of an alert that begin then or later, and after those of before."""
    return f"{alert.id}.{alert.turn}.{since:%Y%m%dT%H%M%S%f}"


class Seeing(Struct, frozen=True):
    """The owner of an alert as of now: who that is, as whom they read, what they look for, the heads they see."""

    caller: Caller
    viewer: Viewer
    condition: Condition
    heads: Heads

    def looks_for(self, alert: Alert, event: Event) -> bool:
        """What is asked of an event beside the condition; what alerts have told is never looked for."""
        own = event.application == OWN_APPLICATION and event.resource == "alerts" and event.action in _OWN
        return not own and (alert.above is None or alert.above.holds(event))


def owner_of(base: Base, alert: Alert, now: datetime) -> Seeing:
    """The owner, as far as they may have this alert now.

    Raises NotSignedIn or NotAllowed for an account that has ended, lost the right to schedule or, if anything leaves to
    the outside, to export, sees nothing of the book, or from whom columns are hidden; BadQuery.
    """
    caller = present(base.store, "account", alert.owner, now)
    require_to_send(caller, alert.recipients, now)
    return seeing(base, alert, caller, now, base.store)


def seeing(base: Base, alert: Alert, caller: Caller, now: datetime, reader: Reader) -> Seeing:
    """What somebody sees of what an alert looks for. Raises NotSignedIn, NotAllowed, BadQuery."""
    viewer = decide.viewer(caller, now)
    Hidden(viewer).check_events()
    if not sees_book(viewer, alert.tenant):
        raise NotAllowed("You see nothing of this tenant.", place="tenant", remedy="Leave it out.")
    asked = ask_as(base, viewer, Definition(query=alert.query), now=now, reader=reader)
    condition = both(Field("book", (alert.tenant,)), asked.condition)
    return Seeing(caller, viewer, condition, asked.heads)


def check(alert: Alert) -> None:
    """Raises BadInput or BadQuery for an alert that could not be looked for."""
    if has_period(parse(alert.query)):
        raise BadInput(
            "An alert looks at what is recorded, from now on: its query has no period.",
            place="query",
            remedy="Leave since, until and during out.",
        )
    if alert.above is not None and not all(alert.above.path.split(".")):
        raise BadInput("This is no path.", place="above.path", remedy="Write it as rows or report.rows.")
    if not alert.recipients or len(set(alert.recipients)) < len(alert.recipients):
        raise BadInput("It goes to nobody, or twice to somebody.", place="recipients", remedy="Name each once.")


def look_task(alert: Alert, at: datetime) -> Task:
    """The task of looking whether it has occurred."""
    return Task(LOOK, f"{alert.id}/{alert.turn}", at)


def alert_event(
    base: Base,
    caller: Caller | None,
    alert: Alert,
    action: str,
    outcome: Outcome = "success",
    reason: str = "",
    **data: Any,
) -> Event:
    """The event of something that an alert does, in its tenant's book; whom it is about is text in its data."""
    related = (Reference("alert", alert.id, alert.title),)
    return base.event(caller, alert.tenant, "alerts", action, related, outcome, reason, **data)
