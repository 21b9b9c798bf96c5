"""Servers that run while they are measured: Trailbook's, the baseline's, and what a client sends to be let in."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from trailbook.access.accounts import first_account
from trailbook.access.kept import ACCOUNTS, KEYS, SESSIONS
from trailbook.access.keys import make_key
from trailbook.access.model import Origin
from trailbook.access.sessions import make_session
from trailbook.web.callers import COOKIE
from trailbook.wiring import open_store

_START_SECONDS = 30.0


class Server(NamedTuple):
    """A server that runs: its process and port."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu(self) -> float:
        """The CPU seconds, user and system, that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Spent(NamedTuple):
    """What requests came to, in milliseconds: CPU of the server for each, and how long it took, as percentiles."""

    cpu: float
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, cpu: float, took: Sequence[float]) -> Spent:
        """Made of the CPU seconds of all, and how many seconds each took."""
        cuts = statistics.quantiles(took, n=100, method="inclusive") if len(took) > 1 else list(took) * 99
        # The system tells CPU times in hundredths of a second.
        return cls(max(cpu, 0.01) / len(took) * 1000, statistics.median(took) * 1000, cuts[94] * 1000, cuts[98] * 1000)


class Request(NamedTuple):
    """One request, and what its answer must contain to be right."""

    method: str
    path: str
    right: bytes
    body: bytes | None = None


def fire(server: Server, headers: dict[str, str], requests: Sequence[Request], connections: int) -> Spent:
    """Make all requests: on each connection one after another, on all of them at once."""
    took: list[float] = []
    wrong: list[str] = []

    def serve(own: Sequence[Request]) -> None:
        with closing(HTTPConnection("127.0.0.1", server.port)) as connection:
            for one in own:
                started = time.perf_counter()
                connection.request(one.method, one.path, one.body, headers)
                answer: HTTPResponse = connection.getresponse()
                text = answer.read()
                took.append(time.perf_counter() - started)
                if answer.status != 200 or one.right not in text:
                    wrong.append(f"{one.method} {one.path}: {text[:300].decode()}")

    threads = [Thread(target=serve, args=(requests[number::connections],)) for number in range(connections)]
    before = server.cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong or len(took) < len(requests):
        raise SystemExit(f"{len(requests) - len(took) + len(wrong)} requests went wrong: {wrong[:1]}")
    return Spent.of(server.cpu() - before, took)


def calls(tasks: Sequence[Callable[[], object]]) -> Spent:
    """The same for calls in this process."""
    took = []
    before = time.process_time()
    for task in tasks:
        started = time.perf_counter()
        task()
        took.append(time.perf_counter() - started)
    return Spent.of(time.process_time() - before, took)


def key_for(path: Path, tenant: str) -> dict[str, str]:
    """The headers of who sends into a tenant's book, with a key made in the store, which may be new."""
    now = datetime.now(UTC)
    text, key = make_key(
        os.urandom, name="bench", tenant=tenant, uses=frozenset(("ingest",)), created_by="bench", created_at=now
    )
    with closing(open_store(str(path), create=True)) as store:
        store.keep([KEYS.record(key)], now=now)
    return {"Authorization": f"Bearer {text}", "Content-Type": "application/json"}


def session_for(path: Path) -> dict[str, str]:
    """The headers of who sees all books, in a session made in the store."""
    now = datetime.now(UTC)
    account = first_account("bench")
    token, session = make_session(account, Origin(), now, os.urandom, lasts=timedelta(hours=12), proven=True)
    with closing(open_store(str(path))) as store:
        store.keep([ACCOUNTS.record(account), SESSIONS.record(session)], now=now)
    return {"Cookie": f"{COOKIE}={token}"}


@contextmanager
def trailbook(path: Path) -> Iterator[Server]:
    """`trailbook serve` on a store."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "trailbook"), "--store", str(path), "serve", "--port", str(port)]
    with _running(command, port) as server:
        yield server


@contextmanager
def thrown() -> Iterator[Server]:
    """The baseline of sending."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.service.thrown", str(port)], port) as server:
        yield server


@contextmanager
def _running(command: list[str], port: int) -> Iterator[Server]:
    """A server in a process of its own, once it listens."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _START_SECONDS
        while not listens(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{' '.join(command[:4])} does not start.")
            time.sleep(0.05)
        yield Server(process, port)
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
