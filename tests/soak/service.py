"""What the soak tests of the service share: a server as a process of its own, and clients that send to it."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace
from soak.programs import command, trailbook

from trailbook.demo.trail import demo_events
from trailbook.event.canonical import encode
from trailbook.event.model import Event

EVENTS = "/api/v1/events"
_ID = re.compile(rb'"id":"[^"]*",')
HUNG = 60.0
"""Seconds after which somebody has waited in vain."""


class Answer(NamedTuple):
    """What a request was answered with."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """One connection of somebody with a key; it is opened when it is needed. Not shared between threads."""

    def __init__(self, port: int, key: str = "", timeout: float = HUNG) -> None:
        self._port, self._timeout = port, timeout
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """The answer. Raises OSError and HTTPException if the connection breaks; the next request opens another."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        given = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            self._connection.request(method, path, body, {"Content-Type": "application/json", **given})
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.read(), answer.headers)
        except BaseException:
            self.close()
            raise

    def get(self, path: str) -> Answer:
        """See `ask`."""
        return self.ask("GET", path)

    def send(self, events: bytes, **headers: str) -> Answer:
        """Send events."""
        return self.ask("POST", EVENTS, events, **headers)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Server:
    """`trailbook serve` on a store, at a port that it keeps, started and killed as often as one likes."""

    def __init__(self, folder: Path, store: str | Path | None = None, **settings: object) -> None:
        self.folder, self.store = folder, store or folder / "trail.db"
        self.port = free_port()
        lines = (f"{name} = {json.dumps(value)}\n" for name, value in {"log_level": "error", **settings}.items())
        (folder / "trailbook.toml").write_text("".join(lines), "utf-8")
        self._process: subprocess.Popen[str] | None = None

    def key(self, tenant: str, *uses: str) -> str:
        """A key of the tenant, made with the command line."""
        named = [word for use in uses or ("ingest",) for word in ("--use", use)]
        made = command("--store", self.store, "key", "create", "--tenant", tenant, *named)
        assert made.code == 0, made
        return made.out.strip()

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process that runs."""
        assert self._process is not None
        return self._process

    def start(self) -> float:
        """Start it; how long it took until it was ready, in seconds."""
        began = time.monotonic()
        with (self.folder / "log").open("a") as log:
            self._process = trailbook("--store", self.store, "serve", "--port", self.port, cwd=self.folder, stderr=log)
        while not is_ready(self.port):
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() - began < HUNG
            time.sleep(0.02)
        return time.monotonic() - began

    def end(self) -> None:
        """Ask it to end, which it does well."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=HUNG)
        assert self.process.returncode == 0, (self.folder / "log").read_text()
        assert "Traceback" not in (self.folder / "log").read_text()

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()
        assert self.process.returncode == -signal.SIGKILL

    def peak(self) -> int:
        """Bytes of memory that it had at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])


@contextmanager
def serving(folder: Path, store: str | Path | None = None, **settings: object) -> Iterator[Server]:
    """A server that runs, killed at the end if it has not ended by then; without a store, on a file in its folder."""
    server = Server(folder, store, **settings)
    server.start()
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()


def is_ready(port: int) -> bool:
    """Whether the service there calls itself ready."""
    try:
        return Client(port, timeout=5).get("/readyz").status == 200
    except (OSError, http.client.HTTPException):
        return False


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Events:
    """Demo events for the book of whoever sends them, each with a marker of its own as details. For all threads."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self._events = demo_events(count, seed, datetime(2026, 1, 1, tzinfo=UTC))
        self._lock = threading.Lock()
        self._number = 0

    def take(self, count: int) -> list[Event]:
        """The next ones, fewer at the end."""
        with self._lock:
            taken = []
            for event in self._events:
                taken.append(replace(event, tenant="", details=f"m{self._number}"))
                self._number += 1
                if len(taken) == count:
                    break
            return taken


def body(items: Iterable[bytes]) -> bytes:
    """A JSON array of them."""
    return b"[" + b",".join(items) + b"]"


def anonymous(events: Iterable[Event]) -> list[bytes]:
    """The events as JSON without their ids, so that the service gives them some."""
    return [_ID.sub(b"", encode(event), count=1) for event in events]


class Crowd:
    """Threads; what goes wrong in one of them is told at the end."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._wrong: list[BaseException] = []
        self.over = threading.Event()
        """Set when they shall come to an end."""

    def start(self, does: Any, *arguments: Any) -> None:
        """One more, that does this."""

        def run() -> None:
            try:
                does(*arguments)
            except BaseException as error:
                self._wrong.append(error)
                self.over.set()

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._wrong:
            raise self._wrong[0]

    def end(self) -> None:
        """Wait until each has come to its end. Raises what went wrong."""
        for thread in self._threads:
            thread.join()
        self.check()
