"""The event and the values it is made of: frozen, and checked once, when they are decoded from outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

DEFAULT_TENANT = "default"
OWN_APPLICATION = "trailbook"

Kind = Literal["user", "group", "role", "tenant"]
KINDS: tuple[Kind, ...] = ("user", "group", "role", "tenant")
Outcome = Literal["success", "failure", "denied", "unknown"]
InitiatorType = Literal["user", "service", "system"]

LONGEST_KEY = 1024
Key = Annotated[str, Meta(max_length=LONGEST_KEY)]
Name = Annotated[str, Meta(max_length=1024)]
Id = Annotated[str, Meta(min_length=1, max_length=1024)]
Text = Annotated[str, Meta(max_length=65_536)]
Instant = Annotated[datetime, Meta(tz=True)]
EventId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]


class PartyKey(NamedTuple):
    """Who a party is: its kind, its tenant and its id; never its name."""

    kind: Kind
    tenant: str
    id: str


class _Value(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What all values of the model share: immutable, small on the wire, no unknown field; never part of a cycle."""


class Belonging(_Value, frozen=True):
    """A group or role that a user belonged to when the event occurred; an empty tenant means the user's own."""

    id: Id
    name: Name = ""
    tenant: Key = ""


MOST_BELONGINGS = 1000
Belongings = Annotated[tuple[Belonging, ...], Meta(max_length=MOST_BELONGINGS)]


class Target(_Value, frozen=True, cache_hash=True):
    """Whom or what it was done to; `kind` is `user`, `group`, `role`, `tenant` or the producer's own word.

    `groups` and `roles` are those of a target user at the time; None means that they are not known.
    """

    kind: Id
    id: Id
    name: Name = ""
    tenant: Key = ""
    groups: Belongings | None = None
    roles: Belongings | None = None

    def party(self) -> PartyKey | None:
        """The party that this target is, or None if it is something else."""
        return PartyKey(self.kind, self.tenant, self.id) if self.kind in KINDS else None


class Reference(_Value, frozen=True):
    """Anything else that the event refers to: a kind, an id, maybe a name."""

    kind: Id
    id: Id
    name: Name = ""


class Initiator(_Value, frozen=True, cache_hash=True):
    """Who did it. `verified=False`: the identity was claimed and not proven. `acts_as`: the user impersonated.

    `groups` and `roles` are those at the time of the event; None means that they are not known.
    """

    id: Id
    name: Name = ""
    tenant: Key = ""
    type: InitiatorType = "user"
    verified: bool = True
    ip: Key = ""
    user_agent: Text = ""
    groups: Belongings | None = None
    roles: Belongings | None = None
    acts_as: Target | None = None

    def party(self) -> PartyKey:
        """The user that the initiator is."""
        return PartyKey("user", self.tenant, self.id)


class Change(_Value, frozen=True):
    """One field's value before and after; a side left out was absent (`null` in JSON)."""

    old: Any = None
    new: Any = None


class Event(_Value, frozen=True):
    """One thing that happened. The last four fields are the server's; a producer may not send them.

    `id` is a UUID in lower case; `occurred_at` and `recorded_at` are UTC with microseconds. `tenant` names the
    book. `filled` and `masked` list the fields (as paths) that came from the directory, or whose secrets were masked,
    here or by the recorder.
    """

    id: EventId
    occurred_at: Instant
    resource: Key
    action: Id
    tenant: Key = ""
    application: Key = ""
    initiator: Initiator | None = None
    outcome: Outcome = "unknown"
    reason: Text = ""
    details: Text = ""
    targets: Annotated[tuple[Target, ...], Meta(max_length=1000)] = ()
    related: Annotated[tuple[Reference, ...], Meta(max_length=1000)] = ()
    request_id: Key = ""
    trace_id: Key = ""
    changes: Annotated[dict[Key, Change], Meta(max_length=1000)] = {}
    data: Any = None
    recorded_at: Instant | None = None
    derived: tuple[Target, ...] = ()
    filled: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()

    def affected(self) -> tuple[Target, ...]:
        """Everything it was done to: the targets as sent, those derived at ingest, and the user impersonated."""
        targets = self.targets + self.derived
        if self.initiator is not None and self.initiator.acts_as is not None:
            return (*targets, self.initiator.acts_as)
        return targets

    def detail_text(self) -> str:
        """What took place, in words: as sent, else `Action {action} on resource {resource}`."""
        return self.details or default_details(self.action, self.resource)


def default_details(action: str, resource: str) -> str:
    """What took place, in words, where the producer gave none."""
    return f"Action {action} on resource {resource}"


SERVER_FIELDS = ("recorded_at", "derived", "filled", "masked")


def utc(moment: datetime) -> datetime:
    """The same moment in UTC."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
