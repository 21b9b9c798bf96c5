"""Trailbook's own events: signing in, looking, exporting, changing access (design, decision 12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..directory.viewer import Root
from ..event.model import DEFAULT_TENANT, OWN_APPLICATION, Change, Event, Initiator, Outcome, Reference, Target
from ..store.ports import Record
from .model import Caller, Origin


class Doing(NamedTuple):
    """Who does something (None: nobody known), from where, when; and what gives ids to what comes of it."""

    caller: Caller | None
    origin: Origin
    at: datetime
    new_id: Callable[[], str]


class Decided(NamedTuple):
    """What is to be kept, all of it or nothing: records that changed, records to take away, the events that tell."""

    changed: tuple[Record, ...] = ()
    removed: tuple[Record, ...] = ()
    events: tuple[Event, ...] = ()

    def also(self, other: Decided) -> Decided:
        """Both together."""
        return Decided(self.changed + other.changed, self.removed + other.removed, self.events + other.events)


def home(caller: Caller) -> str:
    """The tenant whose book a caller's looking is kept in: that of what they may see; who sees all books, their own."""
    scope = caller.seat.scope
    return (caller.user.tenant or DEFAULT_TENANT) if isinstance(scope, Root) else scope.tenant


def own_event(
    caller: Caller | None,
    origin: Origin,
    at: datetime,
    *,
    id: str,
    tenant: str,
    resource: str,
    action: str,
    details: str = "",
    outcome: Outcome = "success",
    reason: str = "",
    targets: tuple[Target, ...] = (),
    related: tuple[Reference, ...] = (),
    changes: Mapping[str, Change] | None = None,
    data: Any = None,
) -> Event:
    """An event of the application `trailbook`, in the book of `tenant`, that `caller` (None: nobody known) caused.

    A key is an initiator of type `service`. Users that were looked for belong into `data`, never among the targets.
    """
    initiator = None
    if caller is not None:
        initiator = Initiator(
            caller.user.id,
            caller.name,
            caller.user.tenant,
            type="service" if caller.kind == "key" else "user",
            ip=origin.ip,
            user_agent=origin.user_agent,
        )
    return Event(
        id=id,
        occurred_at=at,
        resource=resource,
        action=action,
        tenant=tenant,
        application=OWN_APPLICATION,
        initiator=initiator,
        outcome=outcome,
        reason=reason,
        details=details,
        targets=targets,
        related=related,
        request_id=origin.request_id,
        changes=dict(changes or {}),
        data=data,
    )
