"""How much of the events of a file a map finds: what a table in the documentation is made from."""

from __future__ import annotations

from msgspec import Struct

from ..errors import BadEvent
from .mapping import Mapping
from .read import records
from .source import opened


class Coverage(Struct, frozen=True):
    """Of how many events (and records refused), how many have an initiator, a target, an IP, an outcome, changes."""

    events: int
    refused: int
    initiator: int
    target: int
    ip: int
    outcome: int
    changes: int

    def share(self, field: str) -> float:
        """The share of events, from 0 to 1, that have `field`."""
        count: int = getattr(self, field)
        return count / self.events if self.events else 0.0


def coverage(path: str, mapping: Mapping) -> Coverage:
    """What the events of a file have when taken through a map. Raises BadFile."""
    events = refused = initiator = target = ip = outcome = changes = 0
    with opened(path) as source:
        for record in records(source, mapping.csv):
            try:
                if record.error is not None:
                    raise record.error
                made = mapping.events(record.value)
            except BadEvent:
                refused += 1
                continue
            for event in made:
                events += 1
                initiator += event.initiator is not None
                target += bool(event.targets)
                ip += event.initiator is not None and event.initiator.ip != ""
                outcome += event.outcome != "unknown"
                changes += bool(event.changes)
    return Coverage(events, refused, initiator, target, ip, outcome, changes)
