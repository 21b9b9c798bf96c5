"""Sending events over HTTP, beside the same bodies sent to an endpoint that parses them and throws them away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from trailbook.demo.trail import demo_events
from trailbook.event.canonical import encode

from ..measure import Figure, tell
from .servers import Request, Server, Spent, fire, key_for, thrown, trailbook

BATCHES = (1, 100, 1_000)
CONNECTIONS = (1, 16)
EVENTS = {1: 3_000, 100: 20_000, 1_000: 40_000}
"""How many events are sent in batches of each size, at a scale of 1."""
AIMS = {(100, 1): 12_000, (100, 16): 12_000, (1, 16): 1_500}
"""Events per CPU second of the server, by batch and connections."""
PATH = "/api/v1/events"
TENANT = "acme"


def figures(scale: float) -> Iterator[Figure]:
    """The lines of the table: for each size of a batch and number of connections."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trail.db"
        headers = key_for(path, TENANT)
        with trailbook(path) as ours, thrown() as plain:
            warm = bodies(list(islice(lines(2_000), 2_000)), 100)
            send(ours, headers, warm, 2)
            send(plain, headers, warm, 2)
            for batch in BATCHES:
                for connections in CONNECTIONS:
                    count = max(connections, int(EVENTS[batch] * scale) // batch) * batch
                    tell(f"{count:,} events in batches of {batch:,} at {connections} connections")
                    sent = bodies(list(lines(count, seed=batch + connections)), batch)
                    yield from compared(
                        send(ours, headers, sent, connections), send(plain, headers, sent, connections),
                        batch, connections,
                    )  # fmt: skip


def compared(ours: Spent, plain: Spent, batch: int, connections: int) -> Iterator[Figure]:
    """The lines of the table for one batch size and number of connections."""
    what = f"send by {batch:,} at {connections}"
    yield Figure(what, "events/CPU s", rate(ours, batch), rate(plain, batch), AIMS.get((batch, connections)), more=True)
    yield Figure(f"{what}: p50", "ms", ours.p50, plain.p50)
    yield Figure(f"{what}: p99", "ms", ours.p99, plain.p99)


def rate(spent: Spent, batch: int) -> float:
    """Events per CPU second of the server."""
    return batch * 1000 / spent.cpu


def lines(count: int, seed: int = 1) -> Iterator[bytes]:
    """Events of the demo as JSON, for the book of whoever sends them."""
    for event in demo_events(count, seed, datetime(2026, 1, 1, tzinfo=UTC)):
        yield encode(replace(event, tenant=""))


def bodies(items: list[bytes], batch: int) -> list[bytes]:
    """JSON arrays of `batch` events each."""
    return [b"[" + b",".join(items[start : start + batch]) + b"]" for start in range(0, len(items), batch)]


def send(server: Server, headers: dict[str, str], sent: list[bytes], connections: int) -> Spent:
    """Post all bodies; all of their events must be taken."""
    return fire(server, headers, [Request("POST", PATH, b'"rejected":0', body) for body in sent], connections)
