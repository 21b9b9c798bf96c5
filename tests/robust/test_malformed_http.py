"""What is no HTTP, or breaks its rules, on a real connection: refused as a problem, and the connection is closed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from robust.malformed import Askers, event

from trailbook.web import serving
from trailbook.web.protocol import BoundedProtocol

Sent = tuple[str, bytes, int, str]
EVENTS = b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\n"
GOOD = b"GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Where a server listens that speaks as `trailbook serve` does."""
    listening = serving.listen("127.0.0.1", 0)
    config = uvicorn.Config(
        Askers().app, http=BoundedProtocol, ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


def said(address: tuple[str, int], sent: bytes, *, hang_up: bool = False) -> bytes:
    """What is answered to these bytes until the server closes."""
    received = b""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(sent)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionResetError:
            pass
    return received


REFUSED: list[Sent] = [
    ("no HTTP at all", b"hello\r\n\r\n", 400, "bad-http"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad-http"),
    ("another version", b"GET / HTTP/9.9\r\n\r\n", 400, "bad-http"),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad-http"),
    ("a method of rubbish", b"G\x00T / HTTP/1.1\r\n\r\n", 400, "bad-http"),
    ("a header without a name", b"GET / HTTP/1.1\r\n: x\r\n\r\n", 400, "bad-http"),
    ("a blank in the name of a header", b"GET / HTTP/1.1\r\nX Y: z\r\n\r\n", 400, "bad-http"),
    ("a NUL in a header", b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n", 400, "bad-http"),
    ("a length that is no number", EVENTS + b"Content-Length: ten\r\n\r\n{}", 400, "bad-http"),
    ("a length below nothing", EVENTS + b"Content-Length: -1\r\n\r\n", 400, "bad-http"),
    ("a length of 30 digits", EVENTS + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", 400, "bad-http"),
    ("two lengths", EVENTS + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400, "bad-http"),
    ("a length and chunks", EVENTS + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400, "bad-http"),
    ("a chunk of no size", EVENTS + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad-http"),
    ("a chunk that is too long", EVENTS + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400, "bad-http"),
    ("a head of 70 KiB", b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 400, "bad-http"),
    ("a path of 70 KiB", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 400, "bad-http"),
    ("10,000 headers", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 12_000 + b"\r\n", 400, "bad-http"),
    ("dots in the path", GOOD.replace(b"/api/v1/nothing", b"/api/v1/../../etc/passwd"), 404, "not-there"),
    ("packed dots", GOOD.replace(b"/api/v1/nothing", b"/api/v1/formats/..%2f..%2fetc%2fpasswd"), 404, "not-there"),
    ("bytes that are no UTF-8", GOOD.replace(b"/api/v1/nothing", b"/api/v1/events/%ff%fe"), 400, "bad-input"),
    ("UTF-8 as it is", GOOD.replace(b"/api/v1/nothing", "/api/v1/events?query=ü".encode()), 400, "bad-http"),
    ("a length of 10 GB", EVENTS + b"Content-Length: 10000000000\r\n\r\n", 413, "too-large"),
    ("nobody's body", EVENTS + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", 401, "not-signed-in"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "status", "kind"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_breaks_the_rules_of_http(address: tuple[str, int], sent: bytes, status: int, kind: str) -> None:
    head, _, body = said(address, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), head
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(body)["type"] == f"urn:trailbook:problem:{kind}"


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"GET", EVENTS, EVENTS + b"Content-Length: 1000\r\n\r\n" + event(),
        EVENTS + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "a word", "half a head", "half a body", "half a chunk"],
)  # fmt: skip
def test_who_hangs_up_gets_at_most_an_answer_and_harms_nobody(address: tuple[str, int], sent: bytes) -> None:
    said(address, sent, hang_up=True)
    assert said(address, GOOD).startswith(b"HTTP/1.1 404 ")
