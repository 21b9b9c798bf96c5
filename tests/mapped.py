"""How the tests of shipped maps see what a map makes of a record."""

from datetime import datetime
from typing import Any

import msgspec

from trailbook.event.model import Event
from trailbook.ingest.mapping import load_map

NO_ID = "00000000-0000-0000-0000-000000000000"


def mapped(name: str, record: dict[str, Any], split: str = "") -> Event:
    """The one event of a record, without its id and data, which must be the record as it came.

    Where a record may hold several events, in the list `split`, the data has the one element in the list's place.
    """
    (event,) = load_map(name).events(record)
    assert event.data == (record | {split: record[split][0]} if split else record)
    return msgspec.structs.replace(event, id=NO_ID, data=None)


def event(at: str, resource: str, action: str, **rest: Any) -> Event:
    """An expected event, to be compared with what `mapped` gives."""
    return Event(id=NO_ID, occurred_at=datetime.fromisoformat(at), resource=resource, action=action, **rest)
