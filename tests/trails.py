"""Small trails, and reports on them, for the tests of report and render."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import stores
from msgspec import structs

from trailbook.directory.viewer import OPERATOR, Viewer
from trailbook.event.canonical import Sealed, encode, submission_digest
from trailbook.event.model import Event, Initiator
from trailbook.report.definition import from_dict
from trailbook.report.result import Report
from trailbook.report.run import run
from trailbook.store.ports import Store

AT = datetime(2021, 11, 17, 14, 7, 31, tzinfo=UTC)
NOW = datetime(2021, 12, 1, 9, tzinfo=UTC)
ANN = Initiator("u1", "Ann", "acme", ip="85.223.209.22")


def event(number: int = 1, at: datetime = AT, **fields: Any) -> Event:
    """An event; `number` makes its id."""
    values = {"tenant": "acme", "application": "web", "resource": "calls", "action": "play", "initiator": ANN, **fields}
    return Event(id=str(UUID(int=number)), occurred_at=at, **values)


def trail(events: Iterable[Event]) -> Store:
    """A store with these events, each recorded a second after it occurred unless it says otherwise."""
    store = stores.new()
    store.append(sealed_trail(events))
    return store


def sealed_trail(events: Iterable[Event]) -> list[Sealed]:
    """The events ready to be appended, recorded as `trail` does."""
    return [_sealed(one) for one in events]


def _sealed(sent: Event) -> Sealed:
    stored = structs.replace(sent, recorded_at=sent.recorded_at or sent.occurred_at + timedelta(seconds=1))
    bare = structs.replace(sent, recorded_at=None, derived=(), filled=(), masked=())
    return Sealed(stored, encode(stored), submission_digest(bare))


def report_on(events: Iterable[Event], viewer: Viewer = OPERATOR, **definition: Any) -> Report:
    """What running this definition over these events gives."""
    return run(trail(events), viewer, from_dict(definition), now=NOW)


def cells(one: Event, *columns: str, **definition: Any) -> tuple[str, ...]:
    """The texts of these columns for one event."""
    (row,) = report_on([one], columns=list(columns), **definition).texts()
    return row
