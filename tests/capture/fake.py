"""A server that answers as it is told to, and sinks that do, for the tests of the recorder."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from trailbook.capture import Away, Recorder, Result

KEY = "tb_test"
Answer = Callable[["Server", list[bytes]], tuple[int, dict[str, str], object]]


def stored(server: Server, lines: list[bytes]) -> tuple[int, dict[str, str], object]:
    """Stores what comes, each id once."""
    results = []
    for line in lines:
        event = json.loads(line)
        with server.lock:
            known = event["id"] in server.ids
            if not known:
                server.ids.add(event["id"])
                server.events.append(event)
        results.append({"status": "duplicate" if known else "stored", "id": event["id"]})
    return 200, {}, {"results": results}


class Server:
    """What was stored, in order; what was asked; and how requests are answered: by `script`, then by `answer`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.events: list[dict[str, Any]] = []
        self.ids: set[str] = set()
        self.requests: list[list[bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.answer: Answer = stored
        self.script: list[Answer] = []
        self.url = ""

    def details(self) -> list[str]:
        """The details of what was stored, in order."""
        return [event["details"] for event in self.events if "details" in event]


def says(status: int, headers: dict[str, str] | None = None, body: object = None) -> Answer:
    """An answer that stores nothing."""
    return lambda server, lines: (status, headers or {}, body or {"detail": "No.", "remedy": "Wait."})


CUT_BEFORE: Answer = lambda server, lines: (0, {}, None)  # noqa: E731


def cut_after(server: Server, lines: list[bytes]) -> tuple[int, dict[str, str], object]:
    """Stores, and cuts the connection instead of answering."""
    stored(server, lines)
    return 0, {}, None


@contextmanager
def serving(port: int = 0) -> Iterator[Server]:
    """A server on loopback."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            lines = body.splitlines()
            server.requests.append(lines)
            server.headers.append(dict(self.headers))
            assert self.path == "/api/v1/events"
            status, headers, answer = (server.script.pop(0) if server.script else server.answer)(server, lines)
            if not status:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                return
            text = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Quiet(("127.0.0.1", port), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        listening.shutdown()


class Memory:
    """A sink in memory: it answers `status` for everything, or is away with `reason`."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.reason = ""
        self.result = Result("stored")
        self.closed = False
        self.tries = 0

    def send(self, lines: Sequence[bytes]) -> Sequence[Result]:
        self.tries += 1
        if self.reason:
            raise Away(self.reason)
        self.lines += lines
        return [self.result for _ in lines]

    def close(self) -> None:
        self.closed = True

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


def recorder(folder: Path, sink: Any, **options: Any) -> Recorder:
    """A recorder of the application `web` whose spool is in `folder`."""
    return Recorder("", "", "web", spool=folder / "spool", sink=sink, **options)


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)
