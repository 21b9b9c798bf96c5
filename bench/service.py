"""Sending events over HTTP to a real server on this machine: `python -m bench.service [--scale N]`."""

from __future__ import annotations

import argparse
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from msgspec.structs import replace

from trailbook.access.kept import KEYS
from trailbook.access.keys import make_key
from trailbook.demo.trail import demo_events
from trailbook.event.canonical import encode
from trailbook.wiring import open_store

from .measure import Figure, table, tell

BATCHES = (1, 100, 1_000)
CONNECTIONS = (1, 16)
EVENTS = {1: 3_000, 100: 20_000, 1_000: 40_000}
"""How many events are sent in batches of each size, at a scale of 1."""
AIMS = {(100, 1): 12_000, (100, 16): 12_000, (1, 16): 1_500}
"""Events per CPU second of the server, by batch and connections."""
PATH = "/api/v1/events"
TENANT = "acme"
_START_SECONDS = 30.0


class Server(NamedTuple):
    """A server that runs: its process and port, and the headers that it wants."""

    process: subprocess.Popen[bytes]
    port: int
    headers: dict[str, str]

    def cpu(self) -> float:
        """The CPU seconds, user and system, that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Sent(NamedTuple):
    """What sending came to: events per CPU second of the server, and how long a request took, in milliseconds."""

    rate: float
    p50: float
    p99: float


def main() -> None:
    """Send to Trailbook and to the baseline in turn, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.service", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="send so many times the events (%(default)s)")
    given = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, trailbook(Path(folder)) as ours, thrown() as plain:
        warm = bodies(list(islice(lines(2_000), 2_000)), 100)
        for server in (ours, plain):
            send(server, warm, 2)
        for batch in BATCHES:
            for connections in CONNECTIONS:
                count = max(batch * connections, int(EVENTS[batch] * given.scale))
                tell(f"{count:,} events in batches of {batch:,} at {connections} connections")
                sent = bodies(list(lines(count, seed=batch + connections)), batch)
                figures += compared(send(ours, sent, connections), send(plain, sent, connections), batch, connections)
    print(f"CPU time of the server alone, on loopback; Python {platform.python_version()}.\n\n{table(figures)}")


def compared(ours: Sent, plain: Sent, batch: int, connections: int) -> Iterator[Figure]:
    """The lines of the table for one batch size and number of connections."""
    what = f"send by {batch:,} at {connections}"
    yield Figure(what, "events/CPU s", ours.rate, plain.rate, AIMS.get((batch, connections)), more=True)
    yield Figure(f"{what}: p50", "ms", ours.p50, plain.p50)
    yield Figure(f"{what}: p99", "ms", ours.p99, plain.p99)


def lines(count: int, seed: int = 1) -> Iterator[bytes]:
    """Events of the demo as JSON, for the book of whoever sends them."""
    for event in demo_events(count, seed, datetime(2026, 1, 1, tzinfo=UTC)):
        yield encode(replace(event, tenant=""))


def bodies(items: list[bytes], batch: int) -> list[bytes]:
    """JSON arrays of `batch` events each."""
    return [b"[" + b",".join(items[start : start + batch]) + b"]" for start in range(0, len(items), batch)]


def send(server: Server, sent: list[bytes], connections: int) -> Sent:
    """Post all bodies, each connection one after another, and all connections at once."""
    took: list[float] = []
    wrong: list[str] = []

    def post(own: list[bytes]) -> None:
        connection = HTTPConnection("127.0.0.1", server.port)
        for body in own:
            started = time.perf_counter()
            connection.request("POST", PATH, body, server.headers)
            answer = connection.getresponse()
            text = answer.read()
            took.append(time.perf_counter() - started)
            if answer.status != 200 or (b'"rejected":0' not in text and b'"thrown"' not in text):
                wrong.append(text[:300].decode())
        connection.close()

    threads = [Thread(target=post, args=(sent[number::connections],)) for number in range(connections)]
    before = server.cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu = server.cpu() - before
    if wrong:
        raise SystemExit(f"{len(wrong)} requests were not answered as they should be: {wrong[0]}")
    events = sum(body.count(b'"occurred_at"') for body in sent)
    p99 = statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]
    return Sent(events / max(cpu, 0.01), statistics.median(took) * 1000, p99 * 1000)


@contextmanager
def trailbook(folder: Path) -> Iterator[Server]:
    """`trailbook serve` on a new store, and a key to send with."""
    path = str(folder / "trail.db")
    store = open_store(path, create=True)
    now = datetime.now(UTC)
    text, key = make_key(
        os.urandom, name="bench", tenant=TENANT, uses=frozenset(("ingest",)), created_by="bench", created_at=now
    )
    store.keep([KEYS.record(key)], now=now)
    store.close()
    port = free_port()
    command = [str(Path(sys.executable).parent / "trailbook"), "--store", path, "serve", "--port", str(port)]
    with running(command, port) as process:
        yield Server(process, port, {"Authorization": f"Bearer {text}", "Content-Type": "application/json"})


@contextmanager
def thrown() -> Iterator[Server]:
    """The baseline."""
    port = free_port()
    with running([sys.executable, "-m", "bench.thrown", str(port)], port) as process:
        yield Server(process, port, {"Content-Type": "application/json"})


@contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process of its own, once it listens."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _START_SECONDS
        while not listens(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{' '.join(command[:4])} does not start.")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
