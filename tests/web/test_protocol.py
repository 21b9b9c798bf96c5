"""HTTP as it is spoken on a real connection: whoever dawdles, shouts or does not listen is let go of."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import uvicorn
from served import service
from starlette.responses import StreamingResponse

from trailbook.web import protocol, serving
from trailbook.web.app import make_app

Connect = Callable[[], socket.socket]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connects to a server that waits for half a second and takes five connections."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(protocol, "MOST_CONNECTIONS", 5)
    app = make_app(service())

    @app.get("/endless")
    def endless() -> StreamingResponse:
        return StreamingResponse(iter(lambda: b"x" * 65_536, b""))

    listening = serving.listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app, http=protocol.BoundedProtocol, ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    opened: list[socket.socket] = []

    def connected() -> socket.socket:
        made = socket.create_connection(address, timeout=10)
        opened.append(made)
        return made

    address = listening.getsockname()
    yield connected
    for one in opened:
        one.close()
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes, or until it is very much."""
    received = b""
    try:
        while len(received) < 64 << 20 and (piece := connection.recv(65_536)):
            received += piece
    except ConnectionResetError:
        pass
    return received


def test_a_request_is_answered_and_the_connection_kept(connect: Connect) -> None:
    connection = connect()
    for _ in range(2):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b'{"status":"alive"}' in connection.recv(65_536)


def test_who_says_nothing_or_drips_is_let_go_of(connect: Connect) -> None:
    silent, dripping = connect(), connect()
    began = time.monotonic()
    dripping.sendall(b"GET / HTTP/1.1\r\n")
    for _ in range(3):
        time.sleep(0.1)
        dripping.sendall(b"x: y\r\n")
    assert (all_of(silent), all_of(dripping)) == (b"", b"")
    assert time.monotonic() - began < 5


def test_a_body_that_nobody_waited_for_may_not_drip_on(connect: Connect) -> None:
    connection = connect()
    began = time.monotonic()
    connection.sendall(b"POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 404 ")
    with suppress(OSError):
        while time.monotonic() - began < 5:
            connection.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("sent", [b"\x16\x03\x01 hello\r\n\r\n", b"GET / HTTP/1.1\r\nx: " + b"y" * 200_000])
def test_what_is_no_request_is_answered_with_a_problem(connect: Connect, sent: bytes) -> None:
    connection = connect()
    connection.sendall(sent)
    head, _, body = all_of(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["type"] == "urn:trailbook:problem:bad-http"


def test_more_connections_than_may_be_are_closed(connect: Connect) -> None:
    first = [connect() for _ in range(5)]
    time.sleep(0.1)
    assert all_of(connect()) == b""
    first[0].sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    assert first[0].recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_who_does_not_read_is_let_go_of(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
    assert connection.recv(12) == b"HTTP/1.1 200"
    time.sleep(1.5)
    began = time.monotonic()
    assert len(all_of(connection)) < 64 << 20
    assert time.monotonic() - began < 5
