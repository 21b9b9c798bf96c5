"""What deliveries come of: the run of a schedule, or the occurrence of an alert; each says what is sent to whom."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from ..access.model import Caller
from ..directory.viewer import Viewer
from ..event.model import Event, Outcome
from . import alerting, alerts, owners
from .alerts import ALERTS, OCCURRENCES, Alert, Occurrence, alert_event
from .base import Base
from .channel import Message
from .deliveries import Delivery, FileSent
from .message import message_of, sheets_of
from .owners import reached
from .runs import RUNS, Run, run_event
from .schedules import SCHEDULES, Schedule
from .tasks import Claim


class Parcel(Struct, frozen=True):
    """What is sent at one try: the message, as whom it was read, and what is noted of its files."""

    message: Message
    viewer: str
    files: tuple[FileSent, ...] = ()


class Sender(Protocol):
    """Whose something is that is sent, as of now: who that is, and as whom they read."""

    @property
    def caller(self) -> Caller:
        """Who that is."""

    @property
    def viewer(self) -> Viewer:
        """As whom they read."""


class Source(Protocol):
    """What a delivery came of."""

    @property
    def wanted(self) -> bool:
        """Whether the recipient is still one."""

    def owner(self, base: Base) -> Sender:
        """Whose it is, as of now. Raises NotSignedIn or NotAllowed if they may not send it any longer."""

    def parcel(self, base: Base, held: Claim, owner: Sender) -> Parcel | None:
        """What is sent, of what may be seen now; None if that is nothing. Raises NotAllowed, BadInput, Refused."""

    def event(
        self, base: Base, caller: Caller | None, action: str, outcome: Outcome, reason: str, **data: Any
    ) -> Event:
        """The event of what became of it."""


class _OfSchedule:
    """A delivery of the run of a schedule."""

    def __init__(self, delivery: Delivery, run: Run, schedule: Schedule) -> None:
        self._delivery, self._run, self._schedule = delivery, run, schedule
        self.wanted = run.test or delivery.recipient in schedule.recipients

    def owner(self, base: Base) -> Sender:
        """See `Source.owner`."""
        return owners.owner_of(base, self._schedule, base.clock())

    def parcel(self, base: Base, held: Claim, owner: Sender) -> Parcel | None:
        """See `Source.parcel`."""
        schedule, run, now = self._schedule, self._run, base.clock()
        there = reached(base, schedule.tenant, owner.caller, owner.viewer, self._delivery.recipient, now)
        sheets = sheets_of(base, held, run, there.viewer, schedule.formats)
        if schedule.skip_empty and not run.test and not sheets.report.header.rows:
            return None
        message = message_of(base, schedule, run, self._delivery, there.to, sheets)
        return Parcel(message, there.viewer.name, sheets.sent)

    def event(
        self, base: Base, caller: Caller | None, action: str, outcome: Outcome, reason: str, **data: Any
    ) -> Event:
        """See `Source.event`."""
        return run_event(base, caller, self._schedule, action, outcome, reason, **data)


class _OfAlert:
    """A delivery of the occurrence of an alert."""

    def __init__(self, delivery: Delivery, occurrence: Occurrence, alert: Alert) -> None:
        self._delivery, self._occurrence, self._alert = delivery, occurrence, alert
        self.wanted = delivery.recipient in alert.recipients

    def owner(self, base: Base) -> Sender:
        """See `Source.owner`."""
        return alerts.owner_of(base, self._alert, base.clock())

    def parcel(self, base: Base, held: Claim, owner: Sender) -> Parcel | None:
        """See `Source.parcel`."""
        alert, now = self._alert, base.clock()
        there = reached(base, alert.tenant, owner.caller, owner.viewer, self._delivery.recipient, now)
        occurrence = alerting.as_seen(base, alert, self._occurrence, there.viewer)
        if occurrence is None:
            return None
        events = alerting.events_of(base, alert, occurrence, there.viewer, now)
        message = alerting.message_of(base, alert, occurrence, self._delivery.id, there.to, events)
        return Parcel(message, there.viewer.name)

    def event(
        self, base: Base, caller: Caller | None, action: str, outcome: Outcome, reason: str, **data: Any
    ) -> Event:
        """See `Source.event`."""
        return alert_event(base, caller, self._alert, action, outcome, reason, **data)


def source_of(base: Base, delivery: Delivery) -> Source | None:
    """What a delivery came of, None if that is gone."""
    now = base.clock()
    if delivery.of == "alert":
        occurrence = OCCURRENCES.find(base.store, delivery.occasion, now)
        alert = ALERTS.find(base.store, delivery.source, now)
        return _OfAlert(delivery, occurrence.value, alert.value) if occurrence and alert else None
    run = RUNS.find(base.store, delivery.occasion, now)
    schedule = SCHEDULES.find(base.store, delivery.source, now)
    return _OfSchedule(delivery, run.value, schedule.value) if run and schedule else None
