"""How much of the events of a file a map finds: what a table in the documentation is made from."""

from __future__ import annotations

from collections import Counter, defaultdict

from msgspec import Struct

from ..errors import BadEvent
from ..event.model import Event
from .mapping import Mapping
from .read import records
from .source import opened

FIELDS = ("initiator", "target", "ip", "outcome", "changes")


class Coverage(Struct, frozen=True):
    """Of how many events (and records refused), how many have an initiator, a target, an IP, an outcome, changes."""

    events: int = 0
    refused: int = 0
    initiator: int = 0
    target: int = 0
    ip: int = 0
    outcome: int = 0
    changes: int = 0

    def share(self, field: str) -> float:
        """The share of events, from 0 to 1, that have one of `FIELDS`."""
        count: int = getattr(self, field)
        return count / self.events if self.events else 0.0


def coverage(path: str, mapping: Mapping) -> dict[str, Coverage]:
    """What the events of a file have when taken through a map, by the name of the map.

    A map of envelopes gives one for each map that it chose, and one named "" for what it has no map for. Raises
    BadFile.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with opened(path) as source:
        for record in records(source, mapping.csv):
            count = counts[mapping.chosen(record.value)]
            try:
                if record.error is not None:
                    raise record.error
                for event in mapping.events(record.value):
                    count.update(("events", *_found(event)))
            except BadEvent:
                count["refused"] += 1
    return {name: Coverage(**count) for name, count in sorted(counts.items())}


def _found(event: Event) -> list[str]:
    initiator = event.initiator
    has = {
        "initiator": initiator is not None,
        "target": event.targets,
        "ip": initiator is not None and initiator.ip,
        "outcome": event.outcome != "unknown",
        "changes": event.changes,
    }
    return [field for field in FIELDS if has[field]]
