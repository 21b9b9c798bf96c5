"""Events sealed without the rest of ingest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import structs

from trailbook.event.canonical import Sealed, encode, submission_digest
from trailbook.event.model import Event, Initiator

NOON = datetime(2021, 11, 17, 12, tzinfo=UTC)


def seal(event: Event) -> Sealed:
    """The event as ingest would hand it over: recorded a second after it occurred, unless it says otherwise."""
    submission = structs.replace(event, recorded_at=None, derived=(), filled=(), masked=())
    recorded = event.recorded_at or event.occurred_at + timedelta(seconds=1)
    stored = structs.replace(event, recorded_at=recorded)
    return Sealed(stored, encode(stored), submission_digest(submission))


def simple(number: int, at: datetime = NOON, tenant: str = "acme", user: str = "u1", **fields: object) -> Event:
    """A small event; `number` makes its id."""
    values: dict[str, object] = {
        "resource": "calls",
        "action": "play",
        "application": "web",
        "initiator": Initiator(user, f"Name of {user}", tenant),
    }
    return Event(id=str(UUID(int=number)), occurred_at=at, tenant=tenant, **{**values, **fields})  # type: ignore[arg-type]
